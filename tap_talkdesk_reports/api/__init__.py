"""Makes all HTTP requests: sign-in, the operations of both report APIs, and downloads.

This room decides how a request is made, retried and described. The rooms above decide when.
They use the operations (`reporting.ReportingApi`, `explore.ExploreApi`), the sign-ins
(`auth`), `download.Downloads` and `client.RequestPolicy`, and for messages
`failures.describe_error` and `redaction`.
"""
