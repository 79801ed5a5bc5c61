"""A Singer tap for Talkdesk's reports: complete, incremental, fast.

The way of a report: the plan says which timespans are due (sync/plan); the look-ahead makes
their files ahead, several at once (sync/lookahead): it creates or adopts a job, polls it, and
downloads and checks its file (jobs, api); the stream reads each file in plan order (records),
writes its records (singer), moves the bookmark, and acks the file. A file or job that fails is
replaced in place by what `instead_of` says (sync/plan). Read sync/run.py and
sync/report_stream.py to see the whole of it.

The rooms; each imports only from those below it:

    tap.py      the Singer tap: command line, settings, list of streams, signal handlers
    streams.py  one declaration for each report: name, keys, replication key
    schemas/    one JSON Schema for each report; data only
    sync/       a run: plan, look-ahead, streams read, bookmarks, progress, exit code, `--test`
    jobs/       a timespan becomes a whole report file: create, adopt, poll, download, check
    config/     settings in: schema, validation, typed settings, custom reports; the catalog
    api/        all HTTP: both APIs, sign-in, retries, downloads, redaction of secrets
    records/    a file's bytes become rows, and rows become records; pure
    singer/     messages out: RECORD lines, BATCH files, state, log fields
    core/       what every room speaks of: timespans, jobs, errors, clock and cancellation, spool

The stand-in for Talkdesk is a package of its own, `talkdesk_sandbox`.
"""
