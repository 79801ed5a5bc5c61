"""What the tap costs in time and memory, side by side with other ways to do the same.

`python -m bench`, or `make bench`. The tap is run as people run it: the installed command,
as a process of its own. Its functions are imported only where one of them is measured, in
`rules` and `chunks_read`; the sandbox makes up the rows, and stands in for Talkdesk.
"""
