"""The fields and rows of each report, computed from the contact centre.

Other packages use `reporting.REPORTS` and `explore.catalogue.reports_of` (reports by
name), `explore.Explore` (options), and `job_request.JobRequest`. Imports `centre`.
"""
