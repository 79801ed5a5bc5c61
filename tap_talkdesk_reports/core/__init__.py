"""Defines the terms that all rooms share; imports no other room.

- `timespans`: reads and writes times, cuts a period into timespans
- `report_job`: the job, its status words, the name by which a later run recognises it
- `errors`: every error, sorted by who can fix it
- `limits`: describes errors that a limit of this machine causes
- `clock`: time, sleep, cancellation, pauses between attempts
- `words`: numbers and durations in words, for messages
- `spool`: temporary files for reports
- `signals`: signal handlers that are set before any slow import
"""
