"""The report job: what its status words mean, and the name by which a later run recognises it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_talkdesk_reports.core.timespans import Timespan, read_timestamp, rfc3339

if TYPE_CHECKING:
    from datetime import datetime

#: The file is there.
DONE = "done"
#: Final, and there is no file.
DEAD = frozenset({"failed", "canceled", "deleted"})
#: Words seen for a job that is still running. Any other word counts as running, too, but is logged once.
RUNNING = frozenset({"created", "processing", "uploading", "sending"})


SECOND, QUARTER = timedelta(seconds=1), timedelta(minutes=15)
#: No zone of the world is further from UTC.
LARGEST_OFFSET = timedelta(hours=14)


@dataclass(frozen=True)
class Echo:
    """The timespan that a response gives for a job, which may not be the requested one."""

    timespan: Timespan
    #: Whether its times came with a zone; if not, they were read as UTC.
    has_zone: bool

    def covers(self, requested: Timespan) -> bool:
        """Whether it covers a requested timespan.

        An end up to a second earlier may be how the API writes an excluded end, and a shift of
        both ends by the same multiple of 15 minutes the account's zone, if no zone is written.
        """
        shift = self._shift(requested)
        start, end = self.timespan.start - shift, self.timespan.end - shift
        return start - requested.start <= SECOND and requested.end - end <= SECOND

    def differs_from(self, requested: Timespan) -> bool:
        """Whether it is another timespan than the requested one, if only in its spelling."""
        return self.timespan != requested

    def _shift(self, requested: Timespan) -> timedelta:
        """By how much both ends are shifted, if only a zone that is not written can be the reason."""
        shift = self.timespan.start - requested.start
        is_zone = not self.has_zone and not shift % QUARTER and abs(shift) <= LARGEST_OFFSET
        is_same = abs(self.timespan.end - requested.end - shift) <= SECOND
        return shift if is_zone and is_same else timedelta(0)


@dataclass(frozen=True)
class ReportJob:
    """One request for one report and one timespan, as the API last described it."""

    id: str
    report: str
    timespan: Timespan
    #: The API's own word, in lower case.
    status: str
    #: The name that it was created with, if the API has names.
    name: str = ""
    #: When it was created, if the API says so.
    created_at: datetime | None = None
    #: The timespan of the job by the latest response, if that has one.
    echo: Echo | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """For log lines and errors."""
        return f"report {self.report!r}, job {self.id}, timespan {self.timespan}"

    @property
    def is_dead(self) -> bool:
        """Whether it has ended without a file."""
        return self.status in DEAD

    @property
    def is_over(self) -> bool:
        """Whether the status is final."""
        return self.status == DONE or self.status in DEAD


OURS = "tap-talkdesk-reports"
#: Version of what a job means; to be raised if an older job of the same name would give other rows.
VERSION = 1


@dataclass(frozen=True)
class JobName:
    """The name of a job of this tap: report, timespan, creation and format."""

    report: str
    timespan: Timespan
    created: datetime
    format: str

    def __str__(self) -> str:
        """The name, as Talkdesk shows it to the account's users."""
        return f"{OURS} {self.report} {self.timespan} created {rfc3339(self.created)} {self._fingerprint}"

    @property
    def _fingerprint(self) -> str:
        return f"{self.format}/{VERSION}"

    @classmethod
    def of(cls, job: ReportJob) -> JobName | None:
        """Read the name of a job; None if the job is not of this tap, or of another version."""
        try:
            ours, report, timespan, _, created, fingerprint = job.name.split(" ")
            start, end = timespan.split("..")
            file_format, _, _ = fingerprint.partition("/")
            name = cls(
                report,
                Timespan(read_timestamp(start), read_timestamp(end)),
                read_timestamp(created),
                file_format,
            )
        except ValueError:
            return None
        return name if ours == OURS and str(name) == job.name else None
