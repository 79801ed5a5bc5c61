"""What can go wrong, by name: the kinds of faults, and the queue of those still to be met.

`kinds.KINDS` are those that a client is expected to get over, `hostile.HOSTILE` the others.
Other rooms use `fault_queue.Fault` and `FaultQueue`, the stages in `kind`, and
`content.Content` (the rows and bytes of a file, faults included). Imports `reports` and `wire`.
"""
