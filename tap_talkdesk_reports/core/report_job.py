"""Defines the report job, its status words, and the name by which a later run recognises it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_talkdesk_reports.core.timespans import Timespan, read_timestamp, rfc3339

if TYPE_CHECKING:
    from datetime import datetime

#: The status of a job whose file is ready.
DONE = "done"
#: Statuses of a job that has ended without a file.
DEAD = frozenset({"failed", "canceled", "deleted"})
#: Known statuses of a job that is still running. An unknown status counts as running and is logged once.
RUNNING = frozenset({"created", "processing", "uploading", "sending"})


SECOND, QUARTER = timedelta(seconds=1), timedelta(minutes=15)
#: The largest offset from UTC of any time zone.
LARGEST_OFFSET = timedelta(hours=14)


@dataclass(frozen=True)
class Echo:
    """The timespan that a response returns for a job; it may differ from the requested one."""

    timespan: Timespan
    #: Whether the response's times have a zone; times without one are read as UTC.
    has_zone: bool

    def covers(self, requested: Timespan) -> bool:
        """Whether the job covers the requested timespan.

        Two differences are tolerated. The end may be up to a second earlier: the API may write
        an excluded end so. If the times have no zone, both ends may be shifted by the same
        multiple of 15 minutes: the API may write them in the account's zone.
        """
        shift = self._shift(requested)
        start, end = self.timespan.start - shift, self.timespan.end - shift
        return start - requested.start <= SECOND and requested.end - end <= SECOND

    def differs_from(self, requested: Timespan) -> bool:
        """Whether the timespan differs at all from the requested one, also if `covers` tolerates it."""
        return self.timespan != requested

    def _shift(self, requested: Timespan) -> timedelta:
        """Returns the shift of both ends if a missing zone explains it; otherwise zero."""
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
    #: The API's status word, in lower case.
    status: str
    #: The name that the job was created with, if the API has names.
    name: str = ""
    #: When the job was created, if the API returns that.
    created_at: datetime | None = None
    #: The timespan that the latest response returned, if any.
    echo: Echo | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """Formats the job for log lines and errors."""
        return f"report {self.report!r}, job {self.id}, timespan {self.timespan}"

    @property
    def is_dead(self) -> bool:
        """Whether the job has ended without a file."""
        return self.status in DEAD

    @property
    def is_over(self) -> bool:
        """Whether the status is final."""
        return self.status == DONE or self.status in DEAD


OURS = "tap-talkdesk-reports"
#: Increase this if a job of an older version of the tap would give other rows.
VERSION = 1


@dataclass(frozen=True)
class JobName:
    """The name of a job of this tap: report, timespan, creation time and format."""

    report: str
    timespan: Timespan
    created: datetime
    format: str

    def __str__(self) -> str:
        """Formats the name as Talkdesk shows it to the account's users."""
        return f"{OURS} {self.report} {self.timespan} created {rfc3339(self.created)} {self._fingerprint}"

    @property
    def _fingerprint(self) -> str:
        return f"{self.format}/{VERSION}"

    @classmethod
    def of(cls, job: ReportJob) -> JobName | None:
        """Reads the name of a job; returns None if another program or another version created it."""
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
