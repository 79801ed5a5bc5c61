"""All HTTP of the tap: sign-in, the operations of both report APIs, downloads, and what may be shown of it.

The room decides how a request is made, retried and described; when one is made is
decided above it. It shows the operations (`reporting.ReportingApi`,
`explore.ExploreApi`), the sign-ins (`auth`), `download.Downloads` and
`client.RequestPolicy`, and for messages `failures.describe_error` and `redaction`.
"""
