"""All kinds of faults as data: name, operations, stage, details, and what each imitates.

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
    """A refusal in the form of each API."""

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
    # In place of the operation.
    "rate_limited": Kind(
        "more requests or jobs than the account may have",
        API,
        details={"retry_after": None},
        answer=_rate_limited,
    ),
    "server_error": Kind("a crash behind the load balancer", OPERATIONS, answer=_server_error),
    "outage": Kind(
        "a service that is down for a while, by the sandbox's clock",
        OPERATIONS,
        details={"seconds": 600.0},
        answer=_server_error,
    ),
    "unavailable": Kind("a service that is busy", OPERATIONS, answer=_unavailable),
    "reset": Kind("a connection that breaks before the answer", OPERATIONS, answer=_always(no_answer)),
    "silent": Kind(
        "a server that takes the request and says nothing",
        OPERATIONS,
        details={"seconds": 1.0},
        answer=lambda context: late_answer(context.details["seconds"]),
    ),
    "not_json": Kind("the page of a proxy", API, answer=_not_json),
    "cut_json": Kind("a body that a proxy has cut", API, answer=_cut_json),
    "no_id": Kind(
        "a job that is created, and an answer without its id",
        CREATE,
        answer=_always(lambda: json_answer(202, {"status": "created"})),
    ),
    "invalid": Kind(
        "a job request that is refused, such as one for too long a timespan",
        CREATE,
        details={"message": "the timespan may not be longer than one month"},
        answer=_invalid,
    ),
    "forbidden": Kind(
        "a token that has expired, in the Reporting API, or what is not allowed",
        API,
        answer=_refused(403, {"error": "Forbidden resource"}, "forbidden resource"),
    ),
    "unauthorized": Kind(
        "a token that has expired, in Explore, or is unknown",
        API,
        answer=_refused(401, {"error": "Unauthorized"}, "invalid access token"),
    ),
    "not_found": Kind(
        "a job or file that is not known yet, or not any more",
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
        "an error of S3 that comes with status 200",
        OBJECT,
        answer=_always(lambda: s3_error(200, "InternalError", "We encountered an internal error.")),
    ),
    "slow_down": Kind(
        "S3 under load",
        OBJECT,
        answer=_always(lambda: s3_error(503, "SlowDown", "Please reduce your request rate.")),
    ),
    "no_such_key": Kind(
        "a file that is not there, although its job is done",
        OBJECT,
        answer=_always(lambda: s3_error(404, "NoSuchKey", "The specified key does not exist.")),
    ),
    "access_denied": Kind(
        "a presigned URL that has expired before the first byte",
        OBJECT,
        answer=_always(lambda: s3_error(403, "AccessDenied", "Request has expired")),
    ),
    "expired_token": Kind(
        "a presigned URL that was made with an expired session",
        OBJECT,
        answer=_always(lambda: s3_error(400, "ExpiredToken", "The provided token has expired.")),
    ),
    # Properties of the job that the request makes.
    "accepted_then_reset": Kind("a job that is created, and its answer lost", CREATE, JOB),
    "accepted_then_silent": Kind(
        "a job that is created, and an answer after the client's timeout",
        CREATE,
        JOB,
        {"seconds": 1.0},
    ),
    "job_failed": Kind("a report that Talkdesk cannot make", CREATE, JOB),
    "job_canceled": Kind("another user cancels the job", CREATE, JOB),
    "job_deleted": Kind("another user deletes the file", CREATE, JOB),
    "stuck": Kind("a job that never ends", CREATE, JOB),
    "slow_job": Kind("a job that takes this long, whatever its pace", CREATE, JOB, {"seconds": 600.0}),
    **{name: Kind(change.imitates, CREATE, JOB, change.details) for name, change in KINDS_OF_CONTENT.items()},
    # On the way to the file.
    "unknown_status": Kind("a status that is not documented", STATUS, POLL, {"polls": 1}),
    "no_location": Kind("a redirect that does not say where to", STATUS, DONE),
    "expired_url": Kind("a presigned URL that was used too late", frozenset({"files"}), URL),
    # While the file is sent.
    "ignore_range": Kind("a host, or proxy, that knows no ranges", OBJECT, RANGE, {"after": None}),
    "wrong_range": Kind("a proxy that has another part of the file at hand", OBJECT, RANGE, {"shift": -100}),
    "range_refused": Kind("a file host that finds the range impossible", OBJECT, RANGE),
    "changed_etag": Kind(
        "a file that was written anew in between; with `partial` a host that knows no If-Range",
        OBJECT,
        RANGE,
        {"partial": False},
    ),
    "cut": Kind("a connection that breaks within the file", OBJECT, BODY, _AFTER | {"reset": False}),
    "stall": Kind("a connection that pauses within the file", OBJECT, BODY, _AFTER | {"seconds": 1.0}),
    "drip": Kind(
        "a connection that is all but dead: some bytes each time, and pauses between them",
        OBJECT,
        BODY,
        _AFTER | {"size": 256, "seconds": 10.0},
    ),
    "short_without_length": Kind("a file that ends early, and nothing that says so", OBJECT, BODY, _AFTER),
    "no_length": Kind("a proxy that takes the length away", OBJECT, BODY),
    "reset_at_end": Kind("a whole file without a length, and a reset behind it", OBJECT, BODY),
}
