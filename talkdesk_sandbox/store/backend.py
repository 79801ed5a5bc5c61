"""The state that all hosts share: clock, contact centre, jobs, files, tokens, faults, ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from talkdesk_sandbox.centre.centre import Centre
    from talkdesk_sandbox.faults.fault_queue import FaultQueue
    from talkdesk_sandbox.reports.explore.options import Explore
    from talkdesk_sandbox.reports.reporting import Report
    from talkdesk_sandbox.store.assertions import SigningKey
    from talkdesk_sandbox.store.files import Bucket, FileStore
    from talkdesk_sandbox.store.jobs import Clock, Job, JobStore
    from talkdesk_sandbox.store.ledger import Ledger
    from talkdesk_sandbox.store.tokens import TokenStore
    from talkdesk_sandbox.wire.presign import Signer

#: Seconds that an answer waits for the file of a job that is done by its pace.
_FILE_WAIT = 5.0


@dataclass
class Backend:
    """The state of one sandbox, without its sockets. `url` and `signer` contain its hosts."""

    url: str
    signer: Signer
    clock: Clock
    #: Issued values that a client must not show: tokens, and signatures of URLs.
    secrets: set[str]
    centre: Centre
    credentials: Mapping[str, str]
    forbidden_reports: frozenset[str]
    closed_bounds: bool
    #: Delay from a row's end until it is available.
    settling: timedelta
    #: The account's limit for the timespan of a job, in both APIs; None for no limit.
    longest_timespan: timedelta | None
    token_lifetime: timedelta
    url_lifetime: timedelta
    jobs: JobStore
    files: FileStore
    tokens: TokenStore
    faults: FaultQueue
    ledger: Ledger
    explore: Explore
    reporting_reports: Mapping[str, Report]
    explore_key: SigningKey
    bucket: Bucket | None = None
    #: Whether API responses are chunked, without a Content-Length.
    chunked: bool = False

    def available_until(self) -> datetime:
        """Returns the time from which on rows are not yet available to a job that is created now."""
        return self.clock() - self.settling

    def is_too_long(self, start: datetime, end: datetime) -> bool:
        """Returns whether a timespan is longer than the account may request."""
        return self.longest_timespan is not None and end - start > self.longest_timespan

    def is_finished(self, job: Job) -> bool:
        """Returns whether a job that is done by its pace has its file, too.

        A large file takes real time to write, whatever the pace is. Until it is written,
        the job stays `uploading`.
        """
        return job.status != "done" or self.files.is_ready(job, _FILE_WAIT)

    def presigned_url(self, job: Job, *, expired: bool = False) -> str:
        """Creates a presigned URL of a job's file, or an expired one."""
        now = self.clock()
        if expired:
            now -= self.url_lifetime + timedelta(seconds=2)
        url = (self.bucket or self.signer).url(object_path(job), self.url_lifetime, now)
        self.secrets.add(url.rpartition("=")[2])
        return url


def object_path(job: Job) -> str:
    """Returns the path of a job's file on the file host."""
    start, end = (f"{at:%Y%m%dT%H%M%SZ}" for at in job.timespan)
    return f"/public_api_{job.report}_report_{start}-{end}_{job.id}_0.{job.format}"
