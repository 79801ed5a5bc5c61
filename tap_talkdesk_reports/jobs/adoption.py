"""Jobs of this tap that an earlier run left, and which of them may be adopted. Pure.

An Explore job carries a name, by which a job that a crashed or stopped run left is
adopted rather than made twice. A Reporting API job has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_talkdesk_reports.core.report_job import JobName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime, timedelta

    from tap_talkdesk_reports.core.report_job import ReportJob


def adoptable(
    jobs: Iterable[ReportJob], *, report: str, file_format: str, now: Callable[[], datetime], age: timedelta
) -> Iterator[ReportJob]:
    """The jobs of this tap that may be adopted, of a list that is newest first.

    Args:
        jobs: The list; it is not read past the first job of this tap that is too old.
        report: The report that is wanted.
        file_format: The format that is wanted.
        now: The present, by the clock of the names. The list itself may show how far it is from this one.
        age: How old a job may be; so a full refresh never gets last month's file.
    """
    for job in jobs:
        name = JobName.of(job)
        if name is None:
            continue
        if now() - name.created > age:
            return
        is_same = (name.report, name.timespan, name.format) == (report, job.timespan, file_format)
        if is_same and not job.is_dead:
            yield job


def brings_new_rows(job: ReportJob, bookmark: datetime | None, delay: timedelta) -> bool:
    """Whether the file of an adoptable job has all rows of its timespan, and some that were not read yet.

    What ends at or before the bookmark was read by an earlier run; a lookback wants it fresh.
    A job that was created before its rows were available may lack some of them.

    Args:
        job: A job that `adoptable` yields.
        bookmark: Up to where the stream is complete; None: unknown.
        delay: How long after its end a row becomes available.
    """
    name = JobName.of(job)
    assert name is not None
    created = min(name.created, job.created_at or name.created)
    is_new = bookmark is None or job.timespan.end > bookmark
    return is_new and created >= job.timespan.end + delay
