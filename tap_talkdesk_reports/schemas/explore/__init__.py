"""One JSON Schema per report of the Explore API."""
