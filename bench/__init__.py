"""Benchmarks: the tap's time and memory, compared with other ways to do the same.

Run `python -m bench` or `make bench`. The tap runs as the installed command, in a separate
process. Only `rules` and `chunks_read` import its functions, to measure them. The sandbox
generates the rows and imitates Talkdesk.
"""
