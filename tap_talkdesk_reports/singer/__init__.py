"""Writes Singer messages (RECORD, BATCH, STATE), reads the state, and adds fields to log records.

No module here depends on the source of the records.

Used by other rooms:

- `writer.MessageWriter` writes messages to standard output, whole chunks of records at once.
- `batches.Batches` gathers the records of one report file, and publishes them as BATCH files.
- `state.bookmarks_of` and `state.read_bookmark` read the state of an earlier run.
- `logs.add_fields` adds stream, report, job and timespan to log records; `logs.JobMeter` logs metrics.
"""
