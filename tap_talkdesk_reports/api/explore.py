"""Implements the Explore API where it differs from the Reporting API: paths, job names, poll responses.

Source: talkdesk-api, part B; https://docs.talkdesk.com/reference/execute-a-report and the
pages next to it. If documents and observations differ, both forms are accepted: a job may
be flat or nested in `job`, and a done job may show as a redirect, a status or the file itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_talkdesk_reports.api.reporting import REDIRECTS, ReportingApi
from tap_talkdesk_reports.api.responses import as_object, done_job, same_job
from tap_talkdesk_reports.core.report_job import DONE, JobName, ReportJob

if TYPE_CHECKING:
    from tap_talkdesk_reports.api.exchange import Response
    from tap_talkdesk_reports.core.timespans import Timespan

NO_CONTENT = 204
#: Most bytes that are read of a poll's response. A job has some hundred bytes; a report file has more.
LONGEST_JOB = 1 << 16


class ExploreApi(ReportingApi):
    """Calls the Explore API, which Talkdesk runs today."""

    root = "/data/reports"
    names_jobs = True
    can_cancel = False
    file_statuses = frozenset({200})

    def _job_request(self, report: str, timespan: Timespan, file_format: str) -> dict[str, Any]:
        # The time zone is always sent, because its default is unknown.
        name = JobName(report, timespan, self.now().replace(microsecond=0), file_format)
        return {"name": str(name), "timezone": "UTC", **super()._job_request(report, timespan, file_format)}

    def get(self, job: ReportJob) -> ReportJob:
        """Polls a job once, and returns it with its current status; 204 means that it is still running.

        Raises:
            RequestRefusedError: with status 404, the API does not know the job.
        """

        def read(response: Response) -> ReportJob:
            if response.status == NO_CONTENT:
                return job
            if response.status in REDIRECTS:
                return done_job(job, response)
            if _is_file(response):
                return replace(job, status=DONE)
            body = as_object(response)
            is_report = "entries" in body and "job" not in body
            return replace(job, status=DONE) if is_report else same_job(job, body)

        expect = REDIRECTS | {200, NO_CONTENT}
        return self._client.send("GET", self._path(job, "jobs"), read, expect=expect, limit=LONGEST_JOB)


def _is_file(response: Response) -> bool:
    """Whether the response to a poll is the report file, by its length or its content type."""
    return response.is_cut or "csv" in response.headers.get("Content-Type", "").lower()
