"""What every room speaks of; imports no other room.

- `timespans`: reads and writes times, cuts a period into timespans
- `report_job`: the job, its status words, the name by which a later run recognises it
- `errors`: every error, sorted by who can do something about it
- `clock`: now, sleep, cancellation, pauses between attempts
- `spool`: temporary files for reports
- `signals`: the handlers that are set before anything heavy is imported
"""
