"""Explore API: the operations on report jobs and their files.

https://docs.talkdesk.com/reference/execute-a-report and its sibling pages.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from talkdesk_sandbox.faults import kind as stage
from talkdesk_sandbox.hosts.exchange import Exchange
from talkdesk_sandbox.hosts.explore_job_requests import job_request_of
from talkdesk_sandbox.hosts.file_host import whole_file
from talkdesk_sandbox.hosts.routing import routed
from talkdesk_sandbox.reports.explore.catalogue import reports_of
from talkdesk_sandbox.store.jobs import FINAL, Job, TooManyJobsError
from talkdesk_sandbox.wire.messages import Answer, error_answer, json_answer, late_answer

if TYPE_CHECKING:
    from talkdesk_sandbox.hosts.oauth_signin import OAuthSignIn
    from talkdesk_sandbox.store.backend import Backend

_LONGEST_PAGE = 200

Handler = Callable[["ExploreApi", Exchange], Answer]


class ExploreApi:
    """The Explore API, which Talkdesk has run since 2021."""

    name = "explore"

    def __init__(self, backend: Backend, oauth: OAuthSignIn) -> None:
        """Serves the reports of a backend to clients that sign in with OAuth."""
        self.backend = backend
        self.sign_in = oauth
        self._reports = reports_of(backend.explore)

    def route(self, method: str, path: str) -> tuple[str, str | None, str | None, Handler] | None:
        """Returns a request's operation, report, job id and handler; None if it is not for this API."""
        return routed(_ROUTES, method, path)

    def refusal(self, exchange: Exchange) -> Answer | None:
        """Returns the error for a request that is refused before its operation runs, or None."""
        if exchange.operation in stage.TOKENS:
            return None
        if refused := self.sign_in.refusal(exchange, "data-reports"):
            return error_answer(*refused)
        if exchange.report is not None and exchange.report not in self._reports:
            return error_answer(404, "report not found", f"there is no report {exchange.report}")
        return None

    def create(self, exchange: Exchange) -> Answer:
        """Creates a report job."""
        report = self._reports[exchange.report or ""]
        if report.name in self.backend.forbidden_reports:
            return error_answer(403, "inputs misconfiguration", f"{report.name} is not available")
        job_request = job_request_of(exchange.job_body(), report, self.backend)
        if isinstance(job_request, list):
            return error_answer(400, "input parameters validation failed", fields=job_request)
        earlier = self.backend.jobs.of(self.name, report.name)[-1:]
        if earlier and exchange.meet(stage.REPEAT):
            exchange.job_id = earlier[0].id
            return json_answer(202, self._shown(replace(earlier[0], request=job_request), "created"))
        try:
            job = exchange.accept(job_request, str(uuid.uuid4()))
        except TooManyJobsError:
            return error_answer(429, "too many reports are being executed")
        if job.fault and job.fault.name in ("accepted_then_reset", "accepted_then_silent"):
            return late_answer(job.fault.details.get("seconds", 0))
        return json_answer(202, self._shown(job, "created"))

    def status(self, exchange: Exchange) -> Answer:
        """Returns a job's status, and the location of its file when it is done."""
        job, options = self._job(exchange), self.backend.explore
        if job is None:
            return _no_job()
        if fault := exchange.meet(stage.POLL):
            job.odd_polls = int(fault.details["polls"])
        word = job.poll() if self.backend.is_finished(job) else "uploading"
        if word != "done":
            waiting = options.waiting_204 and word not in FINAL
            return Answer(204) if waiting else json_answer(200, self._shown(job, word))
        if options.done == "file":
            return whole_file(job, self.backend.files.get(job))
        answer = json_answer(int(options.done), self._shown(job, word))
        if options.done != "200" and not exchange.meet(stage.DONE):
            answer.headers["Location"] = _path(job, "files")
        return answer

    def open_file(self, exchange: Exchange) -> Answer:
        """Redirects to a presigned URL of a done job's file, or returns the file."""
        job, backend = self._job(exchange), self.backend
        status = job.poll_file() if job else "deleted"
        if job is None or status != "done" or not backend.is_finished(job):
            return self._no_file(job, "uploading" if status == "done" else status)
        if backend.explore.files_200:
            return whole_file(job, backend.files.get(job))
        url = backend.presigned_url(job, expired=exchange.meet(stage.URL) is not None)
        return json_answer(303, self._shown(job, "done"), Location=url)

    def _no_file(self, job: Job | None, status: str) -> Answer:
        """Answers a request for a file that does not exist, or not yet."""
        waiting = self.backend.explore.files_waiting
        if job is None or status in FINAL or waiting == "404":
            return error_answer(404, "file not found")
        return Answer(204) if waiting == "204" else json_answer(int(waiting), self._shown(job, status))

    def delete_file(self, exchange: Exchange) -> Answer:
        """Deletes a done job's file."""
        job = self._job(exchange)
        if job is None or not job.end(lambda status: status == "done", "deleted"):
            return error_answer(404, "file not found")
        self.backend.files.remove(job)
        return Answer(204)

    def list_jobs(self, exchange: Exchange) -> Answer:
        """Lists the jobs of a report, newest first, in pages."""
        query = dict(parse_qsl(exchange.request.query))
        page, per_page = _number(query.get("page", "1")), _number(query.get("per_page", "20"))
        if not page or not 1 <= per_page <= _LONGEST_PAGE:
            wrong = ("page", "must be at least 1"), ("per_page", f"must be from 1 to {_LONGEST_PAGE}")
            return error_answer(400, "input parameters validation failed", fields=wrong)
        jobs = self.backend.jobs.of(self.name, exchange.report)[::-1]
        first = (page - 1) * per_page
        here = self.backend.url + exchange.request.path

        def link(number: int) -> dict[str, str]:
            return {"href": f"{here}?{urlencode({'page': number, 'per_page': per_page})}"}

        links = {"self": link(page)}
        if first + per_page < len(jobs):
            links["next"] = link(page + 1)
        if page > 1:
            links["prev"] = link(page - 1)
        shown = [
            self._members(job, job.status) | {"_links": self._links(job)}
            for job in jobs[first : first + per_page]
        ]
        embedded = {self.backend.explore.embedded_name: {"jobs": shown}}
        return json_answer(200, {"total": len(jobs), "count": len(shown), **embedded, "_links": links})

    def other(self, exchange: Exchange) -> Answer:
        """Answers a request for an operation that does not exist, such as to cancel a job."""
        known = any(pattern.fullmatch(exchange.request.path) for _, verb, pattern, _ in _ROUTES if verb)
        return error_answer(405, "method not allowed") if known else error_answer(404, "not found")

    def _job(self, exchange: Exchange) -> Job | None:
        return self.backend.jobs.get(exchange.job_id, exchange.report, self.name)

    def _shown(self, job: Job, status: str) -> dict[str, object]:
        """Returns a job as the answer of one of its operations."""
        members = self._members(job, status)
        return (members if self.backend.explore.flat_jobs else {"job": members}) | {
            "_links": self._links(job)
        }

    def _members(self, job: Job, status: str) -> dict[str, object]:
        start, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in job.timespan)
        return {
            "id": job.id,
            "name": job.request.name,
            "timezone": job.request.timezone,
            "status": getattr(status, self.backend.explore.status_case)(),
            "format": job.format,
            "timespan": {"from": start, "to": end},
            "created_at": job.created_at.astimezone(UTC)
            .replace(tzinfo=None)
            .isoformat(timespec="milliseconds"),
            "type": job.report,
        }

    def _links(self, job: Job) -> dict[str, dict[str, str]]:
        url = self.backend.url
        return {"self": {"href": url + _path(job, "jobs")}, "files": {"href": url + _path(job, "files")}}


def _path(job: Job, kind: str) -> str:
    return f"/data/reports/{job.report}/{kind}/{job.id}"


def _no_job() -> Answer:
    return error_answer(404, "job not found")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


_JOBS = r"/data/reports/(?P<report>[^/]+)/jobs"
_FILES = r"/data/reports/(?P<report>[^/]+)/files/(?P<job>[^/]+)"
_ROUTES: tuple[tuple[str, str, re.Pattern[str], Handler], ...] = (
    ("token", "POST", re.compile("/oauth/token"), lambda api, exchange: api.sign_in.token(exchange)),
    ("create", "POST", re.compile(_JOBS), ExploreApi.create),
    ("list", "GET", re.compile(_JOBS), ExploreApi.list_jobs),
    ("status", "GET", re.compile(_JOBS + r"/(?P<job>[^/]+)"), ExploreApi.status),
    ("files", "GET", re.compile(_FILES), ExploreApi.open_file),
    ("delete_file", "DELETE", re.compile(_FILES), ExploreApi.delete_file),
    ("other", "", re.compile("/data/.*"), ExploreApi.other),
)
