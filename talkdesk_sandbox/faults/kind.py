"""`Kind`: a kind of fault, with its operations, stage, details and effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from talkdesk_sandbox.wire.messages import Answer, Request

TOKENS = frozenset({"token", "renew"})
REPORTS = frozenset({"create", "status", "list", "cancel", "files", "delete_file"})
API = TOKENS | REPORTS
OBJECT = frozenset({"object"})
OPERATIONS = API | OBJECT

#: The stages of an operation at which a fault can happen.
INSTEAD = "instead"  # instead of the operation
BEFORE = "before"  # before a request to create a job is read
REPEAT = "repeat"  # before a job is created, if the report has an earlier one
JOB = "job"  # after a job was created
POLL = "poll"  # before a job's status is returned
DONE = "done"  # before a done job's status is returned
URL = "url"  # before a presigned URL is created
RANGE = "range"  # before a range of a file is sent
BODY = "body"  # before a file, or a range of it, is sent
LOCATION = "location"  # before a redirect, or a file instead of it, is sent
CONTENT = "content"  # before an answer with a job, jobs or a token is sent
ANSWER = "answer"  # before any answer of the operation is sent


@dataclass(frozen=True)
class Context:
    """The request at which a fault happens."""

    operation: str
    details: Mapping[str, Any]
    #: `reporting`, `explore` or `files`.
    api: str | None
    request: Request
    #: When the request arrived, by the sandbox's clock.
    at: datetime
    credentials: Mapping[str, str]

    @property
    def success(self) -> int:
        """The status of the operation if it succeeds."""
        return 202 if self.operation == "create" else 200


#: Creates the answer that replaces the operation's own.
MakeAnswer = Callable[[Context], "Answer"]
#: Changes the operation's own answer.
ChangeAnswer = Callable[["Answer", Context], None]
#: Changes the body of a request, which is a JSON object.
ChangeBody = Callable[[dict[str, Any], Context], dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """A kind of fault: everything that faults of one name share."""

    #: A short description of what it imitates.
    imitates: str
    operations: frozenset[str]
    stage: str = INSTEAD
    #: Names of the details and their defaults.
    details: Mapping[str, Any] = field(default_factory=dict)
    answer: MakeAnswer | None = None
    change: ChangeAnswer | None = None
    body: ChangeBody | None = None
