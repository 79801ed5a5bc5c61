"""Data only: the JSON Schemas of the Reporting API's reports, one file for each stream."""
