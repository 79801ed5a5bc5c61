"""Turns the bytes of a report file into rows, and rows into records that fit the stream's schema. Pure.

The input is a report file, the output chunks of records. No module here depends on the
network, a clock, the settings or a stream.

Used by other rooms:

- `json_file.json_rows` and `csv_file.csv_rows` read a report file chunk by chunk.
- `chunks.ChunkBuilder` makes the records of whole chunks. `record.RecordBuilder` makes one at a
  time, and handles values that do not fit.
- `boundary.Boundary` leaves out rows that two adjoining timespans both have.
- `schema.completed` adds the tap's own columns to a schema. `names.plain_name` makes column names.
- `values` converts single values; settings written as text use its converters, too.
"""
