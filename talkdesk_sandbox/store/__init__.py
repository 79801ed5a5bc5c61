"""What the sandbox remembers: jobs, files, tokens, keys, and the ledger of requests and faults."""
