"""Data only: the JSON Schema of each report, in a folder for each API, and facts on payloads.

Shown to others: `explore/*.json` and `reporting/*.json`, each named like its stream, and
`payloads`, which says of them what no schema can.
"""
