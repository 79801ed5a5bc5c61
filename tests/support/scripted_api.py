"""An API that answers what a test has written down, job by job."""

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
    """Says of each job, word after word, what was written down for it, and the last word for ever.

    The first word is the answer to the order. A word that is an error is raised.
    """

    def __init__(self, *scripts, listed=()):
        self._scripts = iter(scripts)
        self._words = {}
        self.listed = list(listed)
        self.orders = []
        self.polls = []
        self.cancelled = []

    def now(self):
        return NOW

    def create(self, report, timespan, file_format):
        self.orders.append((report, timespan, file_format))
        job = ReportJob(f"j{len(self.orders)}", report, timespan, "")
        self._words[job.id] = list(next(self._scripts))
        return self._said(job)

    def get(self, job):
        self.polls.append(job.id)
        return self._said(job)

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

    def _said(self, job):
        words = self._words[job.id]
        word = words.pop(0) if len(words) > 1 else words[0]
        if isinstance(word, Exception):
            raise word
        return replace(job, status=word)
