"""Troubles by name, to be met in order.

A fault waits in the queue of its operation until a request meets it. Each kind is one
entry of `KINDS`: where it may happen, at which point of the operation, and which details
it takes. A kind with an `answer` is told in place of the operation's own answer; every
other kind changes the operation itself, at the place named by its stage.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_talkdesk_reports.sandbox.messages import (
    Answer,
    error_answer,
    html_answer,
    json_answer,
    no_answer,
    oauth_error,
    s3_error,
    text_answer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOKENS = frozenset({"token", "renew"})
REPORTS = frozenset({"create", "status", "list", "cancel", "files", "delete_file"})
API = TOKENS | REPORTS
OBJECT = frozenset({"object"})
OPERATIONS = API | OBJECT

#: The points of an operation at which a fault can be met.
INSTEAD = "instead"  # the operation is not carried out
JOB = "job"  # a job has just been accepted
ASK = "ask"  # a job's status is about to be told
DONE = "done"  # a done job's status is about to be told
URL = "url"  # a signed URL is about to be made
RANGE = "range"  # a part of a file is about to be sent
BODY = "body"  # a file, or part of one, is about to be sent


class Fault:
    """One trouble for one operation, `times` times, for one report or for any.

    Details of its kind are keyword arguments, kept in `details`.

    Raises:
        ValueError: no such operation, fault or detail, or the fault does not belong to
            the operation.
    """

    def __init__(
        self,
        operation: str,
        name: str,
        times: int = 1,
        report: str | None = None,
        **details: Any,
    ) -> None:
        """Order a fault."""
        if operation not in OPERATIONS:
            raise ValueError(f"no operation {operation!r}; there are {', '.join(sorted(OPERATIONS))}")
        if name not in KINDS:
            raise ValueError(f"no fault {name!r}; there are {', '.join(sorted(KINDS))}")
        kind = KINDS[name]
        if operation not in kind.operations:
            raise ValueError(
                f"{name} can only happen at {', '.join(sorted(kind.operations))}, not at {operation}"
            )
        if unknown := details.keys() - kind.details.keys():
            raise ValueError(f"{name} has no detail {', '.join(sorted(unknown))}")
        if times < 1:
            raise ValueError(f"{name} must be met at least once, not {times} times")
        self.operation, self.name, self.times, self.report = operation, name, times, report
        self.kind = kind
        self.details: dict[str, Any] = {**kind.details, **details}

    def as_json(self) -> dict[str, object]:
        """The fault as the control interface takes and shows it."""
        named = {"operation": self.operation, "name": self.name, "times": self.times, "report": self.report}
        return named | self.details

    def __repr__(self) -> str:
        """The fault as it was ordered."""
        details = "".join(f", {name}={value!r}" for name, value in self.details.items())
        return (
            f"Fault({self.operation!r}, {self.name!r}, times={self.times}, report={self.report!r}{details})"
        )


@dataclass(frozen=True)
class Kind:
    """What is known about all faults of one name."""

    operations: frozenset[str]
    stage: str = INSTEAD
    #: Names of the details and their defaults.
    details: Mapping[str, object] = field(default_factory=dict)
    #: The answer, by the fault and the name of the API it is met at.
    answer: Callable[[Fault, str | None], Answer] | None = None


def _refused(status: int, content: object, words: str) -> Callable[[Fault, str | None], Answer]:
    """A refusal as the Reporting API tells it, and as Explore does."""

    def answer(fault: Fault, api: str | None) -> Answer:
        if api != "explore":
            return json_answer(status, content)
        return oauth_error(status, words) if fault.operation == "token" else error_answer(status, words)

    return answer


_UNAVAILABLE = _refused(503, None, "unable to audit operation")
_LIMITED = _refused(429, {"code": 1429, "message": "too many requests"}, "too many requests")


def _rate_limited(fault: Fault, api: str | None) -> Answer:
    answer = _LIMITED(fault, api)
    if fault.details["retry_after"] is not None:
        answer.headers["Retry-After"] = str(fault.details["retry_after"])
    return answer


def _server_error(fault: Fault, _: str | None) -> Answer:
    if fault.operation == "object":
        return s3_error(500, "InternalError", "We encountered an internal error. Please try again.")
    return html_answer(500, "We're sorry, but something went wrong")


def _unavailable(fault: Fault, api: str | None) -> Answer:
    if fault.operation == "object":
        return s3_error(503, "ServiceUnavailable", "Please reduce your request rate.")
    return _UNAVAILABLE(fault, api) if api == "explore" else text_answer(503, "Service Unavailable")


_LENGTH = {"after": 0}

KINDS: Mapping[str, Kind] = {
    # In place of the operation.
    "rate_limited": Kind(API, details={"retry_after": None}, answer=_rate_limited),
    "server_error": Kind(OPERATIONS, answer=_server_error),
    "unavailable": Kind(OPERATIONS, answer=_unavailable),
    "reset": Kind(OPERATIONS, answer=lambda *_: no_answer()),
    "not_json": Kind(
        API, answer=lambda fault, _: html_answer(202 if fault.operation == "create" else 200, "Welcome")
    ),
    "forbidden": Kind(API, answer=_refused(403, {"error": "Forbidden resource"}, "forbidden resource")),
    "unauthorized": Kind(API, answer=_refused(401, {"error": "Unauthorized"}, "invalid access token")),
    "renewal_refused": Kind(
        frozenset({"renew"}), answer=lambda *_: json_answer(401, {"error": "invalid id_token"})
    ),
    "html_page": Kind(OBJECT, answer=lambda *_: html_answer(200, "Sign in to the guest network")),
    "slow_down": Kind(
        OBJECT, answer=lambda *_: s3_error(503, "SlowDown", "Please reduce your request rate.")
    ),
    "no_such_key": Kind(
        OBJECT, answer=lambda *_: s3_error(404, "NoSuchKey", "The specified key does not exist.")
    ),
    # Properties of the job that the request makes.
    "accepted_then_reset": Kind(frozenset({"create"}), JOB),
    "job_failed": Kind(frozenset({"create"}), JOB),
    "job_canceled": Kind(frozenset({"create"}), JOB),
    "stuck": Kind(frozenset({"create"}), JOB),
    "wrong_total": Kind(frozenset({"create"}), JOB),
    # On the way to the file.
    "unknown_status": Kind(frozenset({"status"}), ASK, {"asks": 1}),
    "no_location": Kind(frozenset({"status"}), DONE),
    "expired_url": Kind(frozenset({"files"}), URL),
    # While the file is sent.
    "ignore_range": Kind(OBJECT, RANGE),
    "cut": Kind(OBJECT, BODY, _LENGTH | {"reset": False}),
    "stall": Kind(OBJECT, BODY, _LENGTH | {"seconds": 1.0}),
    "short_without_length": Kind(OBJECT, BODY, _LENGTH),
}


class FaultBook:
    """The faults that are still to be met, in order; safe to use from many threads."""

    def __init__(self, faults: list[Fault]) -> None:
        """Begin with some faults."""
        self._lock = threading.Lock()
        self._waiting = [(fault, fault.times) for fault in faults]

    def add(self, fault: Fault) -> None:
        """Put a fault behind those already waiting."""
        with self._lock:
            self._waiting.append((fault, fault.times))

    def take(self, operation: str, report: str | None, stage: str) -> Fault | None:
        """The fault that a request meets at a stage; it counts as met from now on.

        Only the first one that waits for this operation and report is looked at: one
        whose stage does not come up in this request goes on waiting, and so do all
        behind it.
        """
        with self._lock:
            for place, (fault, times) in enumerate(self._waiting):
                if fault.operation == operation and fault.report in (None, report):
                    if fault.kind.stage != stage:
                        return None
                    self._waiting[place : place + 1] = [(fault, times - 1)] if times > 1 else []
                    return fault
        return None

    def unmet(self) -> list[Fault]:
        """Faults that were ordered and not met as often as ordered."""
        with self._lock:
            return [fault for fault, _ in self._waiting]
