"""The state of the sandbox: jobs, report files, tokens, the client's key, the ledger.

`backend.Backend` holds all of it and is passed to the hosts. Tests use `jobs.Pace`,
`jobs.Job` and `ledger.Ledger`. Imports `faults`, `reports`, `centre` and `wire`.
"""
