"""A simulated contact centre: agents, shifts, calls and statuses, computed from a seed.

Other packages use `centre.Centre` (calls and sessions between two times), and the constants
of `staff` and `words`. Imports no other package.
"""
