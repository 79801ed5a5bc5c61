"""One JSON Schema per report of the Reporting API."""
