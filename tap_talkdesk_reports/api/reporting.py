"""The Reporting API's operations: create, poll, cancel and list jobs (page by page), open and delete files.

Each is one HTTP exchange and never decides when; only listing makes more than one. What
counts as done, and as gone, stands here. Source: the seed document, `Reporting API
Documentation`; section names stand at each operation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from tap_talkdesk_reports.api.client import Client
from tap_talkdesk_reports.api.part import DownloadInterrupted
from tap_talkdesk_reports.api.responses import (
    as_object,
    done_job,
    listed_jobs,
    location,
    next_page,
    read_job,
    same_job,
)
from tap_talkdesk_reports.core.errors import UnexpectedResponseError
from tap_talkdesk_reports.core.timespans import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_talkdesk_reports.api.client import RequestPolicy, Tokens
    from tap_talkdesk_reports.api.exchange import Response
    from tap_talkdesk_reports.core.report_job import ReportJob
    from tap_talkdesk_reports.core.timespans import Timespan

#: "303 See Other" by the seed document; other pages of Talkdesk print 300 and 302 for the same.
REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})
#: A client was seen to wait while the files operation returns 204.
NOT_YET = frozenset({202, 204})
#: Deleting what is gone, or cancelling what is over, is refused with 403; a later page calls the
#: operation deprecated. For the tap all of that is success.
GONE = frozenset({200, 202, 204, 403, 404, 405, 410})


class ReportingApi:
    """The Reporting API of 2016 to 2022."""

    root = "/reports"
    #: Whether a job carries a name by which a later run knows it again.
    names_jobs = False
    #: Whether a running job can be cancelled.
    can_cancel = True
    #: The statuses of the files operation whose body is the file itself.
    file_statuses: frozenset[int] = frozenset()

    def __init__(self, base_url: str, policy: RequestPolicy, tokens: Tokens) -> None:
        """Requests are made below `base_url` only, whatever links the responses hold."""
        self._client = Client(base_url, policy, tokens)
        self._policy = policy

    def connect(self) -> None:
        """Open this thread's connection to the API, without a request."""
        self._client.connect()

    def now(self) -> datetime:
        """The present, by Talkdesk's clock."""
        return self._policy.now()

    def create(self, report: str, timespan: Timespan, file_format: str) -> ReportJob:
        """Create a report job ("Creating a report job").

        Raises:
            ResponseLostError: it may or may not have been created.
            RequestRefusedError: the API does not accept the request.
        """
        return self._client.send(
            "POST",
            f"{self.root}/{report}/jobs",
            lambda response: read_job(as_object(response), report, timespan),
            expect=frozenset({200, 201, 202}),
            repeatable=False,
            json=self._job_request(report, timespan, file_format),
        )

    def get(self, job: ReportJob) -> ReportJob:
        """Poll a job: get it as it is now ("Checking a report job status").

        Raises:
            RequestRefusedError: with status 404, the API does not know the job.
        """

        def read(response: Response) -> ReportJob:
            if response.status in REDIRECTS:
                return done_job(job, response)
            return same_job(job, as_object(response))

        return self._client.send("GET", self._path(job, "jobs"), read, expect=REDIRECTS | {200})

    def cancel(self, job: ReportJob) -> None:
        """Stop a job that is still running ("Canceling a report job"); one that is over stays as it is."""
        self._client.send("DELETE", self._path(job, "jobs"), _nothing, expect=GONE)

    def list(
        self,
        report: str,
        *,
        page: int = 1,
        per_page: int = 50,
        order: str | None = None,
        order_by: str | None = None,
    ) -> Iterator[ReportJob]:
        """The recent jobs, newest first by default, page after page ("Inspecting previous jobs")."""
        path = f"{self.root}/{report}/jobs"
        parameters: dict[str, Any] = {
            "page": page,
            "per_page": per_page,
            "order": order,
            "order_by": order_by,
        }
        query: str | None = urlencode(
            {name: value for name, value in parameters.items() if value is not None}
        )
        seen = set()
        while query and query not in seen:
            seen.add(query)
            body = self._client.send("GET", f"{path}?{query}", as_object, expect=frozenset({200}))
            jobs = listed_jobs(body, report)
            yield from jobs
            query = next_page(body) if jobs else None

    def open(self, job: ReportJob) -> str | Response:
        """A new presigned URL of a done job's file ("Downloading a report file"), or the file, not read.

        Raises:
            DownloadInterrupted: there is no file yet.
            RequestRefusedError: with status 404, there is no such file (yet, or any more).
        """

        def read(response: Response) -> str | Response:
            if response.file is not None:
                return response
            if response.status in NOT_YET:
                msg = f"the job is done, but its file is not ready: {response}"
                raise DownloadInterrupted(msg)
            if target := location(response):
                return target
            msg = f"{job}: the files operation redirects without a Location header"
            raise UnexpectedResponseError(msg)

        expect = REDIRECTS | NOT_YET | self.file_statuses
        return self._client.send(
            "GET", self._path(job, "files"), read, expect=expect, files=self.file_statuses
        )

    def delete_file(self, job: ReportJob) -> None:
        """Delete a done job's file ("Delete a report file"); one that is gone already is fine."""
        self._client.send("DELETE", self._path(job, "files"), _nothing, expect=GONE)

    def _job_request(self, report: str, timespan: Timespan, file_format: str) -> dict[str, Any]:  # noqa: ARG002
        """The body of a request for a job."""
        bounds = {"from": rfc3339(timespan.start), "to": rfc3339(timespan.end)}
        return {"format": file_format, "timespan": bounds}

    def _path(self, job: ReportJob, what: str) -> str:
        return f"{self.root}/{job.report}/{what}/{quote(job.id, safe='')}"


def _nothing(_response: Response) -> None:
    """Nothing: the status is all there is to know."""
