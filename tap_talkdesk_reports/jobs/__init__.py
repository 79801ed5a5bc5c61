"""Turns a timespan into a whole report file on this disk, without HTTP details.

- `report_files`: creates or adopts a job, waits, downloads, checks; `sync` calls it
- `lifecycle`: waits for jobs, checks their timespan, cancels them, tracks the open ones
- `creation`: creates jobs; finds a job whose response was lost
- `verbs`: the operations that an API must provide
- `polling`: polls a job until its status is final or its deadline is reached
- `adoption`: decides which jobs of an earlier run may be adopted
"""
