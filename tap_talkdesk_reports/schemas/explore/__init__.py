"""Data only: the JSON Schemas of the Explore API's reports, one file for each stream."""
