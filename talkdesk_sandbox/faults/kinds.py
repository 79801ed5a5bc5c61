"""The kinds of faults as data: name, operations, stage, details, and what each imitates.

A kind with an `answer` replaces the operation's own answer. Every other kind changes the
operation at its stage. Faults in the content of files are in `content.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talkdesk_sandbox.faults.content import KINDS_OF_CONTENT
from talkdesk_sandbox.faults.kind import (
    API,
    BODY,
    DONE,
    JOB,
    OBJECT,
    OPERATIONS,
    POLL,
    RANGE,
    REPORTS,
    URL,
    Context,
    Kind,
    MakeAnswer,
)
from talkdesk_sandbox.wire.messages import (
    Answer,
    error_answer,
    html_answer,
    json_answer,
    late_answer,
    no_answer,
    oauth_error,
    s3_error,
    text_answer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CREATE = frozenset({"create"})
STATUS = frozenset({"status"})


def _refused(status: int, content: object, words: str) -> MakeAnswer:
    """Returns a function that refuses a request in the form of its API."""

    def answer(context: Context) -> Answer:
        if context.api != "explore":
            return json_answer(status, content)
        return oauth_error(status, words) if context.operation == "token" else error_answer(status, words)

    return answer


def _always(answer: Callable[[], Answer]) -> MakeAnswer:
    return lambda _: answer()


_UNAVAILABLE = _refused(503, None, "unable to audit operation")
_LIMITED = _refused(429, {"code": 1429, "message": "too many requests"}, "too many requests")


def _rate_limited(context: Context) -> Answer:
    answer = _LIMITED(context)
    if context.details["retry_after"] is not None:
        answer.headers["Retry-After"] = str(context.details["retry_after"])
    return answer


def _server_error(context: Context) -> Answer:
    if context.operation == "object":
        return s3_error(500, "InternalError", "We encountered an internal error. Please try again.")
    return html_answer(500, "We're sorry, but something went wrong")


def _unavailable(context: Context) -> Answer:
    if context.operation == "object":
        return s3_error(503, "ServiceUnavailable", "Please reduce your request rate.")
    return _UNAVAILABLE(context) if context.api == "explore" else text_answer(503, "Service Unavailable")


def _not_json(context: Context) -> Answer:
    return html_answer(context.success, "Welcome")


def _cut_json(context: Context) -> Answer:
    return text_answer(context.success, '{"id":"53c9', "application/json")


def _invalid(context: Context) -> Answer:
    message = str(context.details["message"])
    if context.api == "explore":
        return error_answer(400, message)
    return json_answer(400, {"code": 1400, "message": message})


_AFTER = {"after": 0}

KINDS: Mapping[str, Kind] = {
    # Instead of the operation.
    "rate_limited": Kind(
        "more requests or jobs than the account may have",
        API,
        details={"retry_after": None},
        answer=_rate_limited,
    ),
    "server_error": Kind("a crash behind the load balancer", OPERATIONS, answer=_server_error),
    "outage": Kind(
        "a service that is down for a time, by the sandbox's clock",
        OPERATIONS,
        details={"seconds": 600.0},
        answer=_server_error,
    ),
    "unavailable": Kind("a service that is busy", OPERATIONS, answer=_unavailable),
    "reset": Kind("a connection that is reset before the answer", OPERATIONS, answer=_always(no_answer)),
    "silent": Kind(
        "a server that accepts the request and sends nothing",
        OPERATIONS,
        details={"seconds": 1.0},
        answer=lambda context: late_answer(context.details["seconds"]),
    ),
    "not_json": Kind("an HTML page of a proxy", API, answer=_not_json),
    "cut_json": Kind("a body that a proxy cuts off", API, answer=_cut_json),
    "no_id": Kind(
        "a created job, with an answer that lacks its id",
        CREATE,
        answer=_always(lambda: json_answer(202, {"status": "created"})),
    ),
    "invalid": Kind(
        "a refused job request, such as for a timespan that is too long",
        CREATE,
        details={"message": "the timespan may not be longer than one month"},
        answer=_invalid,
    ),
    "forbidden": Kind(
        "an expired token (Reporting API), or a missing permission",
        API,
        answer=_refused(403, {"error": "Forbidden resource"}, "forbidden resource"),
    ),
    "unauthorized": Kind(
        "an expired token (Explore), or an unknown one",
        API,
        answer=_refused(401, {"error": "Unauthorized"}, "invalid access token"),
    ),
    "not_found": Kind(
        "a job or file that does not exist yet, or no longer",
        REPORTS - CREATE,
        answer=_refused(404, {"error": "Not Found"}, "job not found"),
    ),
    "renewal_refused": Kind(
        "an expired id_token",
        frozenset({"renew"}),
        answer=_always(lambda: json_answer(401, {"error": "invalid id_token"})),
    ),
    "html_page": Kind(
        "the sign-in page of a guest network",
        OBJECT,
        answer=_always(lambda: html_answer(200, "Sign in to the guest network")),
    ),
    "error_with_200": Kind(
        "an S3 error with status 200",
        OBJECT,
        answer=_always(lambda: s3_error(200, "InternalError", "We encountered an internal error.")),
    ),
    "slow_down": Kind(
        "S3 under load",
        OBJECT,
        answer=_always(lambda: s3_error(503, "SlowDown", "Please reduce your request rate.")),
    ),
    "no_such_key": Kind(
        "a missing file of a done job",
        OBJECT,
        answer=_always(lambda: s3_error(404, "NoSuchKey", "The specified key does not exist.")),
    ),
    "access_denied": Kind(
        "a presigned URL that expired before the download began",
        OBJECT,
        answer=_always(lambda: s3_error(403, "AccessDenied", "Request has expired")),
    ),
    "expired_token": Kind(
        "a presigned URL of an expired session",
        OBJECT,
        answer=_always(lambda: s3_error(400, "ExpiredToken", "The provided token has expired.")),
    ),
    # Properties of the created job.
    "accepted_then_reset": Kind("a created job whose answer is lost", CREATE, JOB),
    "accepted_then_silent": Kind(
        "a created job whose answer comes after the client's timeout",
        CREATE,
        JOB,
        {"seconds": 1.0},
    ),
    "job_failed": Kind("a report that Talkdesk cannot create", CREATE, JOB),
    "job_canceled": Kind("a job that another user cancels", CREATE, JOB),
    "job_deleted": Kind("a job whose file another user deletes", CREATE, JOB),
    "stuck": Kind("a job that never ends", CREATE, JOB),
    "slow_job": Kind("a job that takes so many seconds, whatever the pace", CREATE, JOB, {"seconds": 600.0}),
    **{name: Kind(change.imitates, CREATE, JOB, change.details) for name, change in KINDS_OF_CONTENT.items()},
    # Between the job and its file.
    "unknown_status": Kind("an undocumented status", STATUS, POLL, {"polls": 1}),
    "no_location": Kind("a redirect without a Location", STATUS, DONE),
    "expired_url": Kind("a presigned URL that expired before its use", frozenset({"files"}), URL),
    # In the download.
    "ignore_range": Kind("a host or proxy that ignores ranges", OBJECT, RANGE, {"after": None}),
    "wrong_range": Kind("a proxy that returns another part of the file", OBJECT, RANGE, {"shift": -100}),
    "range_refused": Kind("a file host that refuses the range", OBJECT, RANGE),
    "changed_etag": Kind(
        "a file that changed between two requests; `partial`: the host ignores If-Range",
        OBJECT,
        RANGE,
        {"partial": False},
    ),
    "cut": Kind(
        "a connection that breaks in the middle of the file", OBJECT, BODY, _AFTER | {"reset": False}
    ),
    "stall": Kind(
        "a connection that pauses in the middle of the file", OBJECT, BODY, _AFTER | {"seconds": 1.0}
    ),
    "drip": Kind(
        "a connection that is nearly dead: a few bytes at a time, with pauses",
        OBJECT,
        BODY,
        _AFTER | {"size": 256, "seconds": 10.0},
    ),
    "short_without_length": Kind(
        "a file that ends early, without a length that shows it", OBJECT, BODY, _AFTER
    ),
    "no_length": Kind("a proxy that removes Content-Length", OBJECT, BODY),
    "reset_at_end": Kind("a whole file without a length, followed by a reset", OBJECT, BODY),
}
