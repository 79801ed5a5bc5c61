"""What a kind of fault is: operations, the stage at which it is met, details, and its effect."""

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

#: The points of an operation at which a fault can be met.
INSTEAD = "instead"  # the operation is not carried out
BEFORE = "before"  # a request to create a job is about to be read
REPEAT = "repeat"  # a job is about to be created, and there is an earlier one of the report
JOB = "job"  # a job has just been accepted
POLL = "poll"  # a job's status is about to be answered
DONE = "done"  # a done job's status is about to be answered
URL = "url"  # a presigned URL is about to be made
RANGE = "range"  # a part of a file is about to be sent
BODY = "body"  # a file, or part of one, is about to be sent
LOCATION = "location"  # a redirect, or a file in its place, is about to be sent
CONTENT = "content"  # an answer with a job, jobs or a token is about to be sent
ANSWER = "answer"  # any other answer of the operation is about to be sent


@dataclass(frozen=True)
class Context:
    """The request that meets a fault."""

    operation: str
    details: Mapping[str, Any]
    #: `reporting`, `explore` or `files`.
    api: str | None
    request: Request
    #: When the request came in, by the sandbox's clock.
    at: datetime
    credentials: Mapping[str, str]

    @property
    def success(self) -> int:
        """The status of the operation when it succeeds."""
        return 202 if self.operation == "create" else 200


#: Makes the answer that is sent in place of the operation's own.
MakeAnswer = Callable[[Context], "Answer"]
#: Changes the operation's own answer.
ChangeAnswer = Callable[["Answer", Context], None]
#: Changes the body of a request, which is an object of JSON.
ChangeBody = Callable[[dict[str, Any], Context], dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """What is known about all faults of one name."""

    #: What it imitates, in a few words.
    imitates: str
    operations: frozenset[str]
    stage: str = INSTEAD
    #: Names of the details and their defaults.
    details: Mapping[str, Any] = field(default_factory=dict)
    answer: MakeAnswer | None = None
    change: ChangeAnswer | None = None
    body: ChangeBody | None = None
