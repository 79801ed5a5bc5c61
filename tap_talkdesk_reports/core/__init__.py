"""What every room speaks of: timespans, report jobs, errors, the clock, the spool. Knows no other room."""
