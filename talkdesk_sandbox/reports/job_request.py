"""`JobRequest`: report, timespan and format of a job, with the rows of its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from talkdesk_sandbox.reports.reporting import Row


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One accepted request to create a job.

    `rows` returns the rows of the file, the same in each call. `headings` is the first
    line of a CSV file. `layout` returns the text before and after the rows of a JSON file
    with a given total.
    """

    report: str
    timespan: tuple[datetime, datetime]
    format: str
    headings: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]
    layout: Callable[[int], tuple[str, str]]
    api: str = "reporting"
    #: Explore only: the job's name, and the time zone of the request.
    name: str = ""
    timezone: str = "UTC"
