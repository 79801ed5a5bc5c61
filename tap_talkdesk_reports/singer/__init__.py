"""Writes Singer messages: RECORD lines, BATCH files, STATE; reads state, and gives log lines their fields.

Records come in and messages go to standard output. No module here knows where records
come from.

Shown to others:

- `writer.MessageWriter` writes messages to standard output, whole chunks of records at once.
- `batches.Batches` gathers the records of one report file, and publishes them as BATCH files.
- `state.plain_bookmarks` reads the state of an earlier run.
- `logs.add_fields` adds stream, report and job to log records; `logs.JobMeter` logs metrics.
"""
