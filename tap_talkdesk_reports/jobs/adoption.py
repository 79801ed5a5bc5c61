"""Decides which jobs of an earlier run of this tap may be adopted. Pure.

A crashed or stopped run leaves jobs behind. An Explore job has a name by which this run
recognises it, and adopts it instead of creating it again. A Reporting API job has no name.
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
    """Yields the jobs of this tap that are not dead and not too old, from a list that is newest first.

    Args:
        jobs: The list; reading stops at the first job of this tap that is too old.
        report: The wanted report.
        file_format: The wanted format.
        now: Returns the time by Talkdesk's clock, which the names use. It is called for each job,
            because the response with the list may correct the clock skew.
        age: Largest age of a job. So a full refresh never adopts last month's job.
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
    """Whether the file of an adoptable job has all rows of its timespan, and some that are new.

    An earlier run has read all timespans up to the bookmark, and a lookback needs a fresh job.
    A job that was created before its rows were available may lack some of them.

    Args:
        job: A job that `adoptable` yields.
        bookmark: The time up to which the stream is complete; None if unknown.
        delay: How long after the end of a timespan its rows are available.
    """
    name = JobName.of(job)
    assert name is not None
    created = min(name.created, job.created_at or name.created)
    is_new = bookmark is None or job.timespan.end > bookmark
    return is_new and created >= job.timespan.end + delay
