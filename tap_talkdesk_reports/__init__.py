"""Loads Talkdesk's reports into any Singer target: completely, incrementally and fast.

A report takes these steps:

1. The plan lists the timespans that are due (sync/plan).
2. The look-ahead prepares their files, several at once (sync/lookahead). It creates or adopts
   a job, polls it, and downloads and checks its file (jobs, api).
3. The stream reads the files in plan order (records), writes the records (singer), moves the
   bookmark, and acks the file (sync/report_stream).

`instead_of` decides what replaces a failed job or file (sync/plan). To see it all, read
sync/run.py and sync/report_stream.py.

The rooms (packages) and modules; each imports only from those below it:

    tap.py      the Singer tap: command line, settings, list of streams, signal handlers
    streams.py  one declaration for each report: name, keys, replication key
    schemas/    one JSON Schema for each report; data only
    sync/       a run: plan, look-ahead, streams read, bookmarks, progress, exit code, `--test`
    jobs/       a timespan becomes a whole report file: create, adopt, poll, download, check
    config/     settings in: schema, validation, `Settings`, custom reports; the catalog
    api/        all HTTP: both APIs, sign-in, retries, downloads, redaction of secrets
    records/    a file's bytes become rows, and rows become records; pure
    singer/     messages out: RECORD lines, BATCH files, state, log fields
    core/       shared by all rooms: timespans, jobs, errors, clock and cancellation, spool

The package `talkdesk_sandbox` is the stand-in for Talkdesk.
"""
