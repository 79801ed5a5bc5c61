"""What the sandbox remembers: jobs, report files, tokens, the client's key, the ledger.

`backend.Backend` holds all of it and is what the hosts get; `jobs.Pace`, `jobs.Job` and
`ledger.Ledger` are shown to tests. Imports `faults`, `reports`, `centre` and `wire`.
"""
