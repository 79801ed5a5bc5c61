"""`Exchange`: one request in progress, with its operation, report, job and fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talkdesk_sandbox.faults import kind as stage
from talkdesk_sandbox.faults.kind import Context
from talkdesk_sandbox.store.ledger import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from talkdesk_sandbox.faults.fault_queue import Fault
    from talkdesk_sandbox.reports.job_request import JobRequest
    from talkdesk_sandbox.store.backend import Backend
    from talkdesk_sandbox.store.jobs import Job
    from talkdesk_sandbox.wire.messages import Answer, Request

#: Operations whose successful answers always have content. Other answers have it if they describe a job.
_WITH_CONTENT = stage.TOKENS | {"list"}


@dataclass
class Exchange:
    """One request in progress, with its operation, report, job and fault."""

    backend: Backend
    request: Request
    operation: str
    report: str | None = None
    job_id: str | None = None
    api: str | None = None
    fault: Fault | None = None
    at: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Records the time."""
        self.at = self.backend.clock()

    def meet(self, at_stage: str) -> Fault | None:
        """Takes the fault that is due at this stage, if any, and remembers it for the ledger."""
        if self.fault is None:
            self.fault = self.backend.faults.take(self.operation, self.report, at_stage)
            return self.fault
        return None

    def meet_instead(self) -> Answer | None:
        """Returns the answer of a fault that replaces the operation, if one is due."""
        fault = self.meet(stage.INSTEAD)
        return fault.answer(self._context(fault)) if fault else None

    def changed(self, answer: Answer) -> Answer:
        """Applies the due faults that change the answer, and returns it."""
        for each in self._stages(answer):
            if (fault := self.meet(each)) and fault.kind.change:
                fault.kind.change(answer, self._context(fault))
        return answer

    def _stages(self, answer: Answer) -> Iterator[str]:
        """Yields the stages at which an answer can still be changed."""
        if answer.status is None:
            return
        if "Location" in answer.headers or self.operation == "object":
            yield stage.LOCATION
        body = answer.body if isinstance(answer.body, bytes) else b""
        if answer.status < 400 and (self.operation in _WITH_CONTENT or b'"timespan":' in body):
            yield stage.CONTENT
        yield stage.ANSWER

    def job_body(self) -> object:
        """Returns the body of a request to create a job, changed by a fault if one is due."""
        body = self.request.json()
        if isinstance(body, dict) and (fault := self.meet(stage.BEFORE)) and fault.kind.body:
            return fault.kind.body(body, self._context(fault))
        return body

    def _context(self, fault: Fault) -> Context:
        return Context(
            self.operation, fault.details, self.api, self.request, self.at, self.backend.credentials
        )

    def accept(self, request: JobRequest, job_id: str) -> Job:
        """Creates a job, with a fault if one is due, and starts to write its file.

        Raises:
            TooManyJobsError: the account already has as many unfinished jobs as it may have.
        """
        job = self.backend.jobs.create(request, job_id)
        self.job_id = job.id
        job.fault = self.meet(stage.JOB)
        if job.will_be_done:
            self.backend.files.prepare(job)
        return job

    def entry(self, answer: Answer) -> Entry:
        """Returns the ledger's entry for the exchange."""
        headers = self.request.headers
        return Entry(
            self.operation,
            self.request.method,
            self.request.path,
            answer.status,
            self.report,
            self.job_id,
            self.at,
            self.fault.name if self.fault else None,
            "authorization" in headers,
            headers.get("range"),
            self.api,
        )
