"""What the tap costs in time and memory, side by side with other ways to do the same.

`python -m bench`, or `make bench`. The tap is run as people run it: the installed command,
as a process of its own. Of its package, only the sandbox is imported, which makes up the rows.
"""
