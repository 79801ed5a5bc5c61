"""A timespan becomes a whole report file on this disk. Knows no HTTP.

- `report_files`: create or adopt a job, wait, download, check: what `sync` calls
- `lifecycle`: creates, waits for, cancels jobs; finds one whose response was lost
- `polling`: asks for a job's status until it is final or its deadline is reached
- `adoption`: which jobs of an earlier run may be adopted
"""
