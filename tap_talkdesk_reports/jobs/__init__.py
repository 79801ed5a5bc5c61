"""A timespan becomes a whole report file: the job's life, polling, adoption, the file. Knows no HTTP."""
