"""Faults by name: the kinds of faults, and the queue of faults that have not happened yet.

`kinds.KINDS` are the faults of a normal server or network, `hostile.HOSTILE` those of a
hostile or broken server. Other packages use `fault_queue.Fault` and `FaultQueue`, the
stages in `kind`, and `content.Content` (the rows and bytes of a file, with faults).
Imports `reports` and `wire`.
"""
