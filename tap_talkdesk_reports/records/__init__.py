"""Turns the bytes of a report file into rows, and rows into records that fit the stream's schema. Pure.

A report file comes in and chunks of records come out. No module here knows a network, a
clock, a setting or a stream.

Shown to others:

- `json_file.json_rows` and `csv_file.csv_rows` read a report file chunk by chunk.
- `chunks.ChunkBuilder` makes records of whole chunks. `record.RecordBuilder` makes one at a
  time, and judges what does not fit.
- `boundary.Boundary` leaves out rows that two adjoining timespans both have.
- `schema.completed` adds the tap's own columns to a schema. `names.plain_name` makes column names.
- `values` converts single values; settings written as text use its converters, too.
"""
