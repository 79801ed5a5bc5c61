"""Own jobs of an earlier run: how they are recognised, and the plan that takes them over. Pure.

An Explore job carries a name, by which a job that a crashed or stopped run left is
adopted rather than made twice. A Reporting API job has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_talkdesk_reports.core.timespans import Timespan, rfc3339, timespans
from tap_talkdesk_reports.records.values import read_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

    from tap_talkdesk_reports.core.report_job import ReportJob

OURS = "tap-talkdesk-reports"
#: Of what an order means; to be raised when an older order of the same name would give other rows.
VERSION = 1


@dataclass(frozen=True)
class JobName:
    """What the name of an own job says."""

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
        """Read the name of a job; None where it is not one of ours, or of another version."""
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


def adoptable(
    jobs: Iterable[ReportJob], *, report: str, file_format: str, now: datetime, age: timedelta
) -> Iterator[ReportJob]:
    """The own jobs that may be taken over, of a list that is newest first.

    Args:
        jobs: The list; it is not read past the first own job that is too old.
        report: The report that is wanted.
        file_format: The format that is wanted.
        now: The present.
        age: How old a job may be; so a full refresh never gets last month's file.
    """
    for job in jobs:
        name = JobName.of(job)
        if name is None:
            continue
        if now - name.created > age:
            return
        if (name.report, name.format) == (report, file_format) and not job.is_dead:
            yield job


def plan(
    due: Timespan, length: timedelta, jobs: Iterable[ReportJob]
) -> list[tuple[Timespan, ReportJob | None]]:
    """Cut what is due into timespans, each with the job to adopt for it, if there is one.

    A job is adopted that begins where a timespan begins and ends no later than the
    plan; the plan goes on from the job's own end.
    """
    by_start: dict[datetime, ReportJob] = {}
    for job in jobs:  # newest first, and the newest is taken
        by_start.setdefault(job.timespan.start, job)
    planned: list[tuple[Timespan, ReportJob | None]] = []
    start = due.start
    while cut := next(timespans(start, due.end, length), None):
        adopted = by_start.get(cut.start)
        if adopted and cut.start < adopted.timespan.end <= due.end:
            planned.append((adopted.timespan, adopted))
        else:
            planned.append((cut, None))
        start = planned[-1][0].end
    return planned
