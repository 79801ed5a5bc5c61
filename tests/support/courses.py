"""Transient faults, which cost only time, and permanent faults, by name."""

from __future__ import annotations

from talkdesk_sandbox import Fault
from tests.support.invariants import as_list

#: Two timespans for each of two streams.
DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-06", "timespan_hours": 48, "max_concurrent_jobs": 2}

#: Transient faults of either API.
SURVIVED: dict[str, Fault | list[Fault]] = {
    "429 with Retry-After in seconds": Fault("create", "rate_limited", retry_after=1),
    "429 without Retry-After": Fault("create", "rate_limited", times=2),
    "429 while polling": Fault("status", "rate_limited", retry_after=0),
    "500 to a create request": Fault("create", "server_error"),
    "503 while polling": Fault("status", "unavailable", times=2),
    "500 at the sign-in": Fault("token", "server_error"),
    "reset before the response to a create request": Fault("create", "reset"),
    "job created and response lost": Fault("create", "accepted_then_reset"),
    "HTML page instead of the created job": Fault("create", "not_json"),
    "created job without an id": Fault("create", "no_id", times=2),
    "HTML page instead of the status": Fault("status", "not_json", times=2),
    "half a body instead of the status": Fault("status", "cut_json", times=2),
    "token refused with 403": Fault("create", "forbidden"),
    "token refused with 401": Fault("status", "unauthorized"),
    "redirect of the poll without Location": Fault("status", "no_location"),
    "unknown status": Fault("status", "unknown_status", polls=2),
    "job unknown right after its creation": Fault("status", "not_found"),
    "job failed": Fault("create", "job_failed"),
    "job failed twice": Fault("create", "job_failed", times=2, report="calls"),
    "job canceled by another user": Fault("create", "job_canceled"),
    "job deleted by another user": Fault("create", "job_deleted"),
    "presigned URL expired": Fault("files", "expired_url"),
    "file not known right after its job": Fault("files", "not_found"),
    "body cut": Fault("object", "cut", after=2000),
    "body cut twice": Fault("object", "cut", after=2000, times=2),
    "body cut by a reset": Fault("object", "cut", after=2000, reset=True),
    "rest requested, whole file sent": [Fault("object", "cut", after=2000), Fault("object", "ignore_range")],
    "short body without a length": Fault("object", "short_without_length", after=2000),
    "page instead of the file": Fault("object", "html_page"),
    "S3 responds SlowDown": Fault("object", "slow_down", times=2),
    "no such key at first": Fault("object", "no_such_key"),
    "total differs from the rows": Fault("create", "wrong_total"),
}

#: Transient faults of a file, which are the same for both APIs.
FILES: dict[str, Fault | list[Fault]] = {
    "access to the file denied once": Fault("object", "access_denied"),
    "presigned URL of an expired session": Fault("object", "expired_token"),
    "S3 is down for a moment": [Fault("object", "server_error"), Fault("object", "unavailable")],
    "error with status 200": Fault("object", "error_with_200"),
    "body without a length": Fault("object", "no_length"),
    "reset after the last byte": Fault("object", "reset_at_end"),
    "wrong range of the file": [Fault("object", "cut", after=2000), Fault("object", "wrong_range")],
    "rest refused": [Fault("object", "cut", after=2000), Fault("object", "range_refused")],
    "file changed in between": [Fault("object", "cut", after=2000), Fault("object", "changed_etag")],
    "rest of another file": [
        Fault("object", "cut", after=2000),
        Fault("object", "changed_etag", partial=True),
    ],
    "file compressed": Fault("create", "packed", times=2),
    "file compressed with Content-Encoding": Fault("create", "packed", header=True),
    "file compressed in several members": Fault("create", "packed", members=3),
    "compressed file cut": Fault("create", "packed", cut=9, header=True),
    "compressed file cut and body cut": [
        Fault("create", "packed", cut=1),
        Fault("object", "cut", after=200),
        Fault("object", "ignore_range"),
    ],
}

#: Number of jobs that a timespan may need in addition to the planned one; 0 by default.
NEW_JOBS = {
    "job failed": 1,
    "job failed twice": 2,
    "job canceled by another user": 1,
    "job deleted by another user": 1,
    "total differs from the rows": 1,
    "compressed file cut": 1,
    "compressed file cut and body cut": 1,
}

COURSES = SURVIVED | FILES

#: Each fault with JSON, and faults of the file with CSV, too.
COURSES_BY_FORMAT = [(name, "json") for name in COURSES] + [
    (name, "csv")
    for name, faults in COURSES.items()
    if any(fault.operation == "object" or fault.name == "packed" for fault in as_list(faults))
]

#: Permanent faults: the fault, the number of additional jobs, and a part of the error.
LASTING = {
    "creation refused": (Fault("create", "invalid", message="no such timespan"), 0, "no such timespan"),
    "created job without an id": (Fault("create", "no_id"), 0, "expected a job with id and status"),
    "not permitted": (Fault("create", "forbidden"), 0, "may not use the report"),
    "job canceled again": (Fault("create", "job_canceled"), 1, "ended as 'canceled'"),
    "job deleted again": (Fault("create", "job_deleted"), 1, "ended as 'deleted'"),
    "page instead of each file": (Fault("object", "html_page"), 1, "an HTML or XML page"),
    "error instead of each file": (Fault("object", "error_with_200"), 1, "an HTML or XML page"),
    "file without its end": (
        Fault("object", "short_without_length", after=2000),
        1,
        "without its closing bracket",
    ),
    "packed file without its end": (Fault("create", "packed", cut=9), 1, "the gzip file is incomplete"),
    "total always wrong": (Fault("create", "wrong_total"), 1, "row count mismatch"),
    "file without a byte": (Fault("create", "no_bytes"), 1, "the file is empty"),
    "presigned URL always expired": (Fault("object", "expired_token"), 1, "ExpiredToken"),
}
