"""Data only: the JSON Schema of each report, in a folder for each API, and other names of its fields.

Shown to others: `explore/*.json` and `reporting/*.json`, each named like its stream, and
`aliases`, which gives the columns of fields that another payload names differently.
"""
