"""Implements the Reporting API's operations: create, poll, cancel and list jobs, open and delete files.

Each operation is one request; only listing makes more, page by page. This module decides
which statuses mean "done" and "gone", and never when to send a request. Source: the seed document,
`Reporting API Documentation`; each operation names its section.
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

#: The seed document has "303 See Other"; other pages of Talkdesk show 300 and 302 for the same.
REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})
#: The file is not ready. A published client waits while the files operation returns 204.
NOT_YET = frozenset({202, 204})
#: The API returns 403 when the file is gone or the job is over. A later page calls the
#: operation deprecated. All these statuses count as success.
GONE = frozenset({200, 202, 204, 403, 404, 405, 410})


class ReportingApi:
    """Calls the Reporting API of 2016 to 2022."""

    root = "/reports"
    #: Whether a job has a name by which a later run recognises it.
    names_jobs = False
    #: Whether a running job can be cancelled.
    can_cancel = True
    #: The statuses of the files operation whose body is the file itself.
    file_statuses: frozenset[int] = frozenset()

    def __init__(self, base_url: str, policy: RequestPolicy, tokens: Tokens) -> None:
        """Sends requests below `base_url` only, even if responses have other links."""
        self._client = Client(base_url, policy, tokens)
        self._policy = policy

    def connect(self) -> None:
        """Opens this thread's connection to the API, without a request."""
        self._client.connect()

    def now(self) -> datetime:
        """Returns the current time by Talkdesk's clock."""
        return self._policy.now()

    def create(self, report: str, timespan: Timespan, file_format: str) -> ReportJob:
        """Creates a report job ("Creating a report job").

        Raises:
            ResponseLostError: the job may or may not have been created.
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
        """Polls a job once, and returns it with its current status ("Checking a report job status").

        Raises:
            RequestRefusedError: with status 404, the API does not know the job.
        """

        def read(response: Response) -> ReportJob:
            if response.status in REDIRECTS:
                return done_job(job, response)
            return same_job(job, as_object(response))

        return self._client.send("GET", self._path(job, "jobs"), read, expect=REDIRECTS | {200})

    def cancel(self, job: ReportJob) -> None:
        """Cancels a running job ("Canceling a report job"); a job that is over stays as it is."""
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
        """Yields the recent jobs, newest first by default, page by page ("Inspecting previous jobs")."""
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
        """Returns a new presigned URL of a done job's file ("Downloading a report file").

        If the API sends the file itself, it returns that response, with its body still unread.

        Raises:
            DownloadInterrupted: the file is not ready.
            RequestRefusedError: with status 404, the file does not exist, yet or any more.
        """

        def read(response: Response) -> str | Response:
            if response.file is not None:
                return response
            if response.status in NOT_YET:
                msg = f"the job is done, but its file is not ready: {response}"
                raise DownloadInterrupted(msg)
            if target := location(response):
                return target
            msg = f"{response.request} redirects without a Location header; run again, then report it"
            raise UnexpectedResponseError(msg)

        expect = REDIRECTS | NOT_YET | self.file_statuses
        return self._client.send(
            "GET", self._path(job, "files"), read, expect=expect, files=self.file_statuses
        )

    def delete_file(self, job: ReportJob) -> None:
        """Deletes a done job's file ("Delete a report file"); succeeds also if the file is gone."""
        self._client.send("DELETE", self._path(job, "files"), _nothing, expect=GONE)

    def _job_request(self, report: str, timespan: Timespan, file_format: str) -> dict[str, Any]:  # noqa: ARG002
        """Returns the JSON body of the request that creates a job."""
        bounds = {"from": rfc3339(timespan.start), "to": rfc3339(timespan.end)}
        return {"format": file_format, "timespan": bounds}

    def _path(self, job: ReportJob, what: str) -> str:
        return f"{self.root}/{job.report}/{what}/{quote(job.id, safe='')}"


def _nothing(_response: Response) -> None:
    """Returns nothing, because the operation needs only the status."""
