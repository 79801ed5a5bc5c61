"""Report jobs: their status over time, and the store that holds them and limits unfinished ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from talkdesk_sandbox.faults.content import Content

if TYPE_CHECKING:
    from talkdesk_sandbox.faults.fault_queue import Fault
    from talkdesk_sandbox.reports.job_request import JobRequest

#: Statuses of a running job, in the order of its progress.
RUNNING = ("created", "processing", "uploading")
#: Final statuses.
FINAL = frozenset({"done", "failed", "canceled", "deleted"})

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Pace:
    """When a job becomes done: at once, after a number of polls, or after a time."""

    polls: int = 0
    seconds: float = 0

    @classmethod
    def now(cls) -> Pace:
        """Done on creation: the first poll returns `done`."""
        return cls()

    @classmethod
    def after_polls(cls, polls: int) -> Pace:
        """Done after so many polls: they return a running status, and the next one `done`."""
        return cls(polls=polls)

    @classmethod
    def after_seconds(cls, seconds: float) -> Pace:
        """Done so many seconds after its creation, by the sandbox's clock."""
        return cls(seconds=seconds)

    @classmethod
    def parse(cls, text: str) -> Pace:
        """Parses `now`, `polls:3` or `seconds:1.5`.

        Raises:
            ValueError: the text is none of them.
        """
        kind, _, number = text.partition(":")
        if text == "now":
            return cls.now()
        if kind == "polls":
            return cls.after_polls(int(number))
        if kind == "seconds":
            return cls.after_seconds(float(number))
        raise ValueError(f"{text!r} is not a pace: now, polls:3 or seconds:1.5")

    def progress(self, polls: int, age: timedelta) -> float:
        """Returns the progress of a job; 1 or more means finished."""
        by_polls = polls / self.polls if self.polls else 1.0
        by_time = age.total_seconds() / self.seconds if self.seconds else 1.0
        return min(by_polls, by_time)


_FATES = {"job_failed": "failed", "job_canceled": "canceled", "job_deleted": "deleted"}


@dataclass(eq=False)
class Job:
    """One report job."""

    id: str
    request: JobRequest
    pace: Pace
    clock: Clock
    created_at: datetime
    #: The fault that happened at its creation.
    fault: Fault | None = None
    #: Number of polls.
    polls: int = 0
    #: `canceled` or `deleted` after a client did that.
    ended: str | None = None
    #: Number of further polls that return an unknown status.
    odd_polls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def report(self) -> str:
        """Names of the report."""
        return self.request.report

    @property
    def api(self) -> str:
        """`reporting` or `explore`."""
        return self.request.api

    @property
    def timespan(self) -> tuple[datetime, datetime]:
        """The requested `from` and `to`."""
        return self.request.timespan

    @property
    def format(self) -> str:
        """`json` or `csv`."""
        return self.request.format

    @property
    def status(self) -> str:
        """The current status. Reading it does not count as a poll."""
        if self.ended is not None:
            return self.ended
        fate = self.fault.name if self.fault else ""
        pace = Pace(seconds=self.fault.details["seconds"]) if self.fault and fate == "slow_job" else self.pace
        progress = pace.progress(self.polls, self.clock() - self.created_at)
        if fate == "stuck":
            return "processing"
        if progress >= 1:
            return _FATES.get(fate, "done")
        return RUNNING[max(0, int(progress * len(RUNNING)))]

    @property
    def content(self) -> Content:
        """The content of the job's file."""
        return (
            Content(self.request, self.fault.name, self.fault.details)
            if self.fault
            else Content(self.request)
        )

    @property
    def will_be_done(self) -> bool:
        """Whether the job becomes done, unless a client ends it before."""
        return self.fault is None or self.fault.name not in (*_FATES, "stuck")

    def poll(self) -> str:
        """Counts a poll and returns the status."""
        with self.lock:
            if self.odd_polls:
                self.odd_polls -= 1
                return "frobnicating"
            return self._advance()

    def poll_file(self) -> str:
        """Returns the status for a request for the file, which counts as a poll."""
        with self.lock:
            return self._advance()

    def _advance(self) -> str:
        status = self.status
        self.polls += 1
        return status

    def end(self, allowed: Callable[[str], bool], word: str) -> bool:
        """Sets a final status if the current one is `allowed`; returns whether it was."""
        with self.lock:
            if not allowed(self.status):
                return False
            self.ended = word
            return True


class TooManyJobsError(Exception):
    """The account already has as many unfinished jobs as it may have."""


class JobStore:
    """All jobs, oldest first. Thread-safe."""

    def __init__(self, pace: Pace, clock: Clock, max_open: int) -> None:
        """Starts empty."""
        self._pace, self._clock, self._max_open = pace, clock, max_open
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        #: The highest number of jobs that were unfinished at the same time.
        self.most_open = 0

    def create(self, request: JobRequest, job_id: str) -> Job:
        """Creates a job.

        Raises:
            TooManyJobsError: the account already has as many unfinished jobs as it may have.
        """
        with self._lock:
            still_open = sum(job.status not in FINAL for job in self._jobs.values())
            if still_open >= self._max_open:
                raise TooManyJobsError
            self.most_open = max(self.most_open, still_open + 1)
            job = Job(job_id, request, self._pace, self._clock, self._clock())
            self._jobs[job_id] = job
        return job

    def get(self, job_id: str | None, report: str | None = None, api: str | None = None) -> Job | None:
        """Returns the job with an id if it belongs to the report and the API, or None."""
        with self._lock:
            job = self._jobs.get(job_id or "")
        fits = job is not None and report in (None, job.report) and api in (None, job.api)
        return job if fits else None

    def of(self, api: str, report: str | None) -> list[Job]:
        """Returns the jobs of a report, oldest first."""
        return [job for job in self.all() if (job.api, job.report) == (api, report)]

    def all(self) -> list[Job]:
        """Returns all jobs, oldest first."""
        with self._lock:
            return list(self._jobs.values())
