"""Jobs of this tap that an earlier run left, and which of them may be adopted. Pure.

An Explore job carries a name, by which a job that a crashed or stopped run left is
adopted rather than made twice. A Reporting API job has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_talkdesk_reports.core.report_job import JobName

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

    from tap_talkdesk_reports.core.report_job import ReportJob


def adoptable(
    jobs: Iterable[ReportJob], *, report: str, file_format: str, now: datetime, age: timedelta
) -> Iterator[ReportJob]:
    """The jobs of this tap that may be adopted, of a list that is newest first.

    Args:
        jobs: The list; it is not read past the first job of this tap that is too old.
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
