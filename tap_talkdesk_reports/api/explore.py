"""The Explore API's operations: paths, job names and responses to polls that the Reporting API does not have.

Source: talkdesk-api, part B; https://docs.talkdesk.com/reference/execute-a-report and
its neighbours. What is documented in one way and was seen in another is accepted in
both: a job nested below `job` or flat, and a job that is done shown by a redirect, by a
status or by the file itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_talkdesk_reports.api.reporting import REDIRECTS, ReportingApi
from tap_talkdesk_reports.api.responses import location, read_object, same_job
from tap_talkdesk_reports.core.errors import UnexpectedResponseError
from tap_talkdesk_reports.core.report_job import DONE, JobName, ReportJob

if TYPE_CHECKING:
    import requests

    from tap_talkdesk_reports.core.timespans import Timespan

NO_CONTENT = 204
#: A job is some hundred bytes; a longer response to a poll is the report file.
LONGEST_JOB = 1 << 16


class ExploreApi(ReportingApi):
    """The Explore API, which Talkdesk runs today."""

    root = "/data/reports"
    names_jobs = True
    can_cancel = False

    def _job_request(self, report: str, timespan: Timespan, file_format: str) -> dict[str, Any]:
        # Always with the zone: what its absence means is unknown.
        name = JobName(report, timespan, self._clock.now().replace(microsecond=0), file_format)
        return {"name": str(name), "timezone": "UTC", **super()._job_request(report, timespan, file_format)}

    def get(self, job: ReportJob) -> ReportJob:
        """Poll a job: get it as it is now; 204 means that it is still running.

        Raises:
            RequestRefusedError: with status 404, the API does not know the job.
        """

        def read(response: requests.Response) -> ReportJob:
            if response.status_code == NO_CONTENT:
                return job
            if response.status_code in REDIRECTS:
                return replace(job, status=DONE)
            body = _job_body(response)
            return same_job(job, body) if body else replace(job, status=DONE)

        expect = REDIRECTS | {200, NO_CONTENT}
        return self._client.send("GET", self._path(job, "jobs"), read, expect=expect, stream=True)

    def open(self, job: ReportJob) -> str | requests.Response:
        """A new presigned URL of a done job's file, or the file itself, not yet read.

        Raises:
            RequestRefusedError: with status 404, there is no such file (yet, or any more).
        """

        def read(response: requests.Response) -> str | requests.Response:
            if response.status_code == 200:
                return response
            with response:
                if target := location(response):
                    return target
            msg = f"{job}: the files operation redirects without a Location header"
            raise UnexpectedResponseError(msg)

        return self._client.send("GET", self._path(job, "files"), read, expect=REDIRECTS | {200}, stream=True)


def _job_body(response: requests.Response) -> dict[str, Any] | None:
    """The body of the response to a poll; None if it is no job but the report file.

    A file is recognised by its length, its type or its entries, and not read to its end.
    """
    head = b""
    with response:
        for piece in response.iter_content(LONGEST_JOB):
            head += piece
            if len(head) > LONGEST_JOB:
                return None
    kind = response.headers.get("Content-Type", "")
    if "csv" in kind:
        return None
    body = read_object(head, kind)
    return None if "entries" in body and "job" not in body else body
