"""What a report file contains: fields and rows of each report, made from the contact centre.

Other rooms use `reporting.REPORTS` and `explore.catalogue.reports_of` (reports by name),
`explore.Explore` (options), and `job_request.JobRequest`. Imports `centre`.
"""
