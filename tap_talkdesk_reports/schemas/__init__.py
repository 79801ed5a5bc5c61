"""One JSON Schema per report."""
