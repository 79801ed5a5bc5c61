"""Reporting API: the operations on report jobs and their files."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from talkdesk_sandbox.faults import kind as stage
from talkdesk_sandbox.hosts.exchange import Exchange
from talkdesk_sandbox.hosts.password_signin import PasswordSignIn
from talkdesk_sandbox.hosts.reporting_job_requests import job_request_of
from talkdesk_sandbox.hosts.routing import routed
from talkdesk_sandbox.store.jobs import FINAL, Job, TooManyJobsError
from talkdesk_sandbox.store.tokens import Standing
from talkdesk_sandbox.wire.messages import Answer, json_answer, late_answer, text_answer

if TYPE_CHECKING:
    from talkdesk_sandbox.hosts.oauth_signin import OAuthSignIn
    from talkdesk_sandbox.store.backend import Backend

_NOT_FOUND = "404 Not Found"
#: 30 bytes, the length in Talkdesk's samples, whose text is unknown.
_FORBIDDEN = {"error": "Forbidden resource"}

Handler = Callable[["ReportingApi", Exchange], Answer]


class ReportingApi:
    """The Reporting API, which Talkdesk ran from 2016 to 2022, as its README describes it."""

    name = "reporting"

    def __init__(self, backend: Backend, oauth: OAuthSignIn) -> None:
        """Serves the reports of a backend to clients that sign in with a password or with OAuth."""
        self.backend = backend
        self._reports = backend.reporting_reports
        self.sign_in = PasswordSignIn(backend)
        self._oauth = oauth

    def route(self, method: str, path: str) -> tuple[str, str | None, str | None, Handler] | None:
        """Returns a request's operation, report, job id and handler; None if it is not for this API."""
        return routed(_ROUTES, method, path)

    def refusal(self, exchange: Exchange) -> Answer | None:
        """Returns the error for a request that is refused before its operation runs, or None."""
        if exchange.operation in stage.TOKENS:
            return None
        standing = self.backend.tokens.bearer(exchange.request.headers.get("authorization", ""))
        if standing is Standing.EXPIRED:
            return json_answer(403, {"error": "access token expired"})
        if standing is Standing.UNKNOWN and (refused := self._oauth.refusal(exchange, "reports")):
            status, why = refused
            return json_answer(status, {"error": why})
        if exchange.report not in self._reports:
            return text_answer(404, _NOT_FOUND)
        return None

    def create(self, exchange: Exchange) -> Answer:
        """Creates a report job."""
        report = self._reports[exchange.report or ""]
        if report.name in self.backend.forbidden_reports:
            return json_answer(403, _FORBIDDEN)
        job_request = job_request_of(exchange.job_body(), report, self.backend)
        if isinstance(job_request, list):
            fields = [{"name": name, "description": f"{name} {what}"} for name, what in job_request]
            message = "input parameters validation failed"
            return json_answer(400, {"code": 1400, "message": message, "fields": fields})
        earlier = self.backend.jobs.of(self.name, report.name)[-1:]
        if earlier and exchange.meet(stage.REPEAT):
            exchange.job_id = earlier[0].id
            return json_answer(202, self._shown(replace(earlier[0], request=job_request), "created"))
        try:
            job = exchange.accept(job_request, secrets.token_hex(12))
        except TooManyJobsError:
            return json_answer(429, {"code": 1429, "message": "too many reports are being executed"})
        if job.fault and job.fault.name in ("accepted_then_reset", "accepted_then_silent"):
            return late_answer(job.fault.details.get("seconds", 0))
        return json_answer(202, self._shown(job, "created"))

    def status(self, exchange: Exchange) -> Answer:
        """Returns a job's status, as a redirect to its file when it is done."""
        job = self._job(exchange)
        if job is None:
            return text_answer(404, _NOT_FOUND)
        if fault := exchange.meet(stage.POLL):
            job.odd_polls = int(fault.details["polls"])
        word = job.poll() if self.backend.is_finished(job) else "uploading"
        if word != "done":
            return json_answer(200, self._shown(job, word))
        answer = json_answer(303, self._shown(job, word))
        if not exchange.meet(stage.DONE):
            answer.headers["Location"] = self._link(job, "files")
        return answer

    def cancel(self, exchange: Exchange) -> Answer:
        """Cancels a job that is still running."""
        job = self._job(exchange)
        if job is None:
            return text_answer(404, _NOT_FOUND)
        if not job.end(lambda status: status not in FINAL, "canceled"):
            return json_answer(403, _FORBIDDEN)
        self.backend.files.remove(job)
        return Answer(204)

    def open_file(self, exchange: Exchange) -> Answer:
        """Redirects to a presigned URL of a done job's file."""
        job = self._job(exchange)
        if job is None or job.poll_file() != "done" or not self.backend.is_finished(job):
            return text_answer(404, _NOT_FOUND)
        url = self.backend.presigned_url(job, expired=exchange.meet(stage.URL) is not None)
        return text_answer(302, f"This resource has been moved temporarily to {url}.", Location=url)

    def delete_file(self, exchange: Exchange) -> Answer:
        """Deletes a done job's file."""
        job = self._job(exchange)
        if job is None or job.status not in ("done", "deleted"):
            return text_answer(404, _NOT_FOUND)
        if not job.end(lambda status: status == "done", "deleted"):
            return json_answer(403, _FORBIDDEN)
        self.backend.files.remove(job)
        return Answer(204)

    def list_jobs(self, exchange: Exchange) -> Answer:
        """Lists the jobs of a report, newest first, in pages."""
        query = dict(parse_qsl(exchange.request.query))
        page, per_page = _number(query, "page", 1), min(_number(query, "per_page", 20), 100)
        jobs = self.backend.jobs.of("reporting", exchange.report)
        if query.get("order_by") in ("id", "status"):
            jobs.sort(key=lambda job: job.id if query["order_by"] == "id" else job.status)
        if query.get("order", "desc") != "asc":
            jobs.reverse()
        first = (page - 1) * per_page
        here = self.backend.url + exchange.request.path
        kept = {name: query[name] for name in ("order_by", "order") if name in query}

        def link(number: int) -> dict[str, str]:
            return {"href": f"{here}?{urlencode({'page': number, 'per_page': per_page} | kept)}"}

        links: dict[str, object] = {
            "self": link(page),
            "page": {"templated": True, "href": here + "{?page,per_page,order_by,order}"},
        }
        if first + per_page < len(jobs):
            links["next"] = link(page + 1)
        shown = [self._shown(job, job.status) for job in jobs[first : first + per_page]]
        pages = {"total": len(jobs), "page": page, "per_page": per_page, "_links": links}
        return json_answer(200, {"_embedded": {"jobs": shown}, **pages})

    def _job(self, exchange: Exchange) -> Job | None:
        return self.backend.jobs.get(exchange.job_id, exchange.report, self.name)

    def _link(self, job: Job, kind: str) -> str:
        return f"{self.backend.url}/reports/{job.report}/{kind}/{job.id}"

    def _shown(self, job: Job, status: str) -> dict[str, object]:
        start, end = (f"{at:%Y-%m-%d %H:%M:%S} UTC" for at in job.timespan)
        links = {"self": {"href": self._link(job, "jobs")}, "files": {"href": self._link(job, "files")}}
        return {"id": job.id, "status": status, "timespan": {"from": start, "to": end}, "_links": links}


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    return max(1, int(text)) if text.isdecimal() else default


_JOBS, _FILES = r"/reports/(?P<report>[^/]+)/jobs", r"/reports/(?P<report>[^/]+)/files/(?P<job>[^/]+)"
_ROUTES: tuple[tuple[str, str, re.Pattern[str], Handler], ...] = (
    ("token", "POST", re.compile(r"/(?:auth/)?token"), lambda api, exchange: api.sign_in.token(exchange)),
    ("renew", "POST", re.compile("/auth/access"), lambda api, exchange: api.sign_in.renew(exchange)),
    ("create", "POST", re.compile(_JOBS), ReportingApi.create),
    ("list", "GET", re.compile(_JOBS), ReportingApi.list_jobs),
    ("status", "GET", re.compile(_JOBS + r"/(?P<job>[^/]+)"), ReportingApi.status),
    ("cancel", "DELETE", re.compile(_JOBS + r"/(?P<job>[^/]+)"), ReportingApi.cancel),
    ("files", "GET", re.compile(_FILES), ReportingApi.open_file),
    ("delete_file", "DELETE", re.compile(_FILES), ReportingApi.delete_file),
)
