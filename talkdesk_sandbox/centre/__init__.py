"""The made-up contact centre: agents, shifts, calls and statuses, computed from a seed, never stored.

Other rooms use `centre.Centre` (calls and sessions between two times), and the constants
of `staff` and `words`. Imports no other room.
"""
