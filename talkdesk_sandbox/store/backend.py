"""What all hosts of the sandbox share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from talkdesk_sandbox.store.ledger import Entry, Ledger

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping

    from talkdesk_sandbox.centre.centre import Centre
    from talkdesk_sandbox.faults.fault_queue import Fault, FaultBook
    from talkdesk_sandbox.reports.explore.options import Explore
    from talkdesk_sandbox.reports.job_request import JobRequest
    from talkdesk_sandbox.store.assertions import SigningKey
    from talkdesk_sandbox.store.files import Bucket, FileStore
    from talkdesk_sandbox.store.jobs import Clock, Job, JobBook
    from talkdesk_sandbox.store.tokens import TokenBook
    from talkdesk_sandbox.wire.messages import Answer, Request
    from talkdesk_sandbox.wire.presign import Signer

H = TypeVar("H")

#: How long an answer waits for a file that should be there by the pace of the job.
_PATIENCE = 5.0


@dataclass
class Backend:
    """One sandbox without its sockets; `url` and `signer` hold the addresses it listens on."""

    url: str
    signer: Signer
    clock: Clock
    #: Whatever was given out that must not be shown: tokens, and signatures of URLs.
    secrets: set[str]
    centre: Centre
    credentials: Mapping[str, str]
    forbidden_reports: frozenset[str]
    closed_bounds: bool
    token_lifetime: timedelta
    url_lifetime: timedelta
    jobs: JobBook
    files: FileStore
    tokens: TokenBook
    faults: FaultBook
    ledger: Ledger
    explore: Explore
    explore_key: SigningKey
    bucket: Bucket | None = None

    def accept(self, exchange: Exchange, request: JobRequest, job_id: str) -> Job:
        """Make a job, with the fault that is due, and begin its file.

        Raises:
            TooManyJobsError: the account has no room for one more.
        """
        job = self.jobs.create(request, job_id)
        exchange.job_id = job.id
        job.fault = exchange.meet("job")
        if job.will_be_done:
            self.files.prepare(job)
        return job

    def is_finished(self, job: Job) -> bool:
        """Whether a job that should be done by now has its file, too.

        A large file takes real time to write, whatever the pace says; till then the
        job goes on uploading.
        """
        return job.status != "done" or self.files.is_ready(job, _PATIENCE)

    def signed_url(self, job: Job, *, expired: bool = False) -> str:
        """A fresh signed URL of a job's file, or one whose time is over."""
        now = self.clock()
        if expired:
            now -= self.url_lifetime + timedelta(seconds=2)
        url = (self.bucket or self.signer).url(object_path(job), self.url_lifetime, now)
        self.secrets.add(url.rpartition("=")[2])
        return url


def object_path(job: Job) -> str:
    """The path of a job's file on the file host."""
    start, end = (f"{at:%Y%m%dT%H%M%SZ}" for at in job.timespan)
    return f"/public_api_{job.report}_report_{start}-{end}_{job.id}_0.{job.format}"


@dataclass
class Exchange:
    """One request while it is answered: what it is about, and the fault it meets."""

    backend: Backend
    request: Request
    operation: str
    report: str | None = None
    job_id: str | None = None
    api: str | None = None
    fault: Fault | None = None
    at: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Look at the clock."""
        self.at = self.backend.clock()

    def meet(self, stage: str) -> Fault | None:
        """The fault that is due at this stage, if any; the ledger will name it."""
        if self.fault is None:
            self.fault = self.backend.faults.take(self.operation, self.report, stage)
            return self.fault
        return None

    def meet_instead(self) -> Answer | None:
        """The answer of the fault that takes the operation's place, if one is due."""
        fault = self.meet("instead")
        return fault.answer(self.api) if fault else None

    def entry(self, answer: Answer) -> Entry:
        """The exchange, for the ledger."""
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


def routed(
    routes: Iterable[tuple[str, str, re.Pattern[str], H]], method: str, path: str
) -> tuple[str, str | None, str | None, H] | None:
    """Operation, report, job id and handler of a request; None where no route fits.

    A route is operation, method (`""`: any), pattern of the path, and handler.
    """
    for operation, verb, pattern, handler in routes:
        match = pattern.fullmatch(path)
        if match and verb in (method, ""):
            parts = match.groupdict()
            return operation, parts.get("report"), parts.get("job"), handler
    return None
