"""A timespan becomes a whole report file on this disk. Knows no HTTP.

- `report_files`: create or adopt a job, wait, download, check: what `sync` calls
- `lifecycle`: waits for jobs, checks their timespan, cancels them, knows which are open
- `creation`: creates jobs; finds one whose response was lost
- `verbs`: what an API must provide
- `polling`: asks for a job's status until it is final or its deadline is reached
- `adoption`: which jobs of an earlier run may be adopted
"""
