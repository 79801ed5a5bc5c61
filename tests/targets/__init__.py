"""Runs the tap into targets from PyPI and compares every row: `make targets ARGS="jsonl csv"`.

table.py     the targets: packages, settings, what is expected of each
source.py    what the tap writes for each API, compared with the sandbox's rows
install.py   a virtual environment for each target
readers.py   the rows and column types that a target has left
compare.py   the rows that arrived against those that were sent
page.py      the table of docs/targets.md
"""
