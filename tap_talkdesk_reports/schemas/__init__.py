"""One JSON Schema for each report, in a folder for each API. Data only."""
