"""An API without HTTP whose responses a test scripts, job by job."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tap_talkdesk_reports.core.errors import RequestRefusedError, ResponseLostError, UnavailableError
from tap_talkdesk_reports.core.report_job import ReportJob

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
LOST = ResponseLostError("no answer")
UNKNOWN = RequestRefusedError("404 Not Found", status=404)
DOWN = UnavailableError("given up after 8 attempts")


class ScriptedApi:
    """Returns the scripted statuses of each job, one after the other, and repeats the last one.

    The first status is the response to the create request. A status that is an error is raised.
    """

    def __init__(self, *scripts, listed=()):
        self._scripts = iter(scripts)
        self._words = {}
        self.listed = list(listed)
        self.created = []
        self.polls = []
        self.cancelled = []

    def now(self):
        return NOW

    def create(self, report, timespan, file_format):
        self.created.append((report, timespan, file_format))
        job = ReportJob(f"j{len(self.created)}", report, timespan, "")
        self._words[job.id] = list(next(self._scripts))
        return self._next_status(job)

    def get(self, job):
        self.polls.append(job.id)
        return self._next_status(job)

    def cancel(self, job):
        self.cancelled.append(job.id)

    names_jobs = False
    can_cancel = True

    def list(self, report, per_page):
        for job in self.listed:
            if isinstance(job, Exception):
                raise job
            self._words[job.id] = ["processing", "done"]
            yield job

    def _next_status(self, job):
        words = self._words[job.id]
        word = words.pop(0) if len(words) > 1 else words[0]
        if isinstance(word, Exception):
            raise word
        return replace(job, status=word)
