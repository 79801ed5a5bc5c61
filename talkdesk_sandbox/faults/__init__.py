"""What can go wrong, by name: the kinds of faults, and the queue of those still to be met.

Other rooms use `fault_queue.Fault` and `FaultQueue`, the stages in `kinds`, and
`content.Content` (the rows and bytes of a file, faults included). Imports `reports` and `wire`.
"""
