"""Prepares report files of calls, with the rows and bytes of the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from talkdesk_sandbox.centre.centre import Centre
from talkdesk_sandbox.reports.job_request import JobRequest
from talkdesk_sandbox.reports.reporting import REPORTS
from talkdesk_sandbox.store.files import write
from talkdesk_sandbox.store.jobs import Job, Pace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from talkdesk_sandbox.reports.reporting import Row

FORMATS = ("json", "csv")
#: The longest possible timespan. It begins on the tap's timespan grid, so it is a single job.
HOURS = 720
START = datetime(1970, 1, 1, tzinfo=UTC) + 680 * timedelta(hours=HOURS)
END = START + timedelta(hours=HOURS)

_CALLS = REPORTS["calls"]
CALLS_PER_DAY = 50_000
_PIECE = 1 << 20


def prepare(folder: Path, rows: int) -> None:
    """Writes a report of `rows` calls, in each format.

    Raises:
        ValueError: the longest timespan has fewer calls.
    """
    folder.mkdir()
    for file_format in FORMATS:
        request = JobRequest(
            "calls", (START, END), file_format, _CALLS.fields, partial(_rows, rows), partial(_layout, rows)
        )
        copy(request, path(folder, file_format))


def copy(request: JobRequest, to: Path) -> None:
    """Writes the sandbox's report file of a job request."""
    file = write(Job("prepared", request, Pace.now(), lambda: END, END))
    with to.open("wb") as written:
        for offset in range(0, file.length, _PIECE):
            written.write(file.read(offset, _PIECE))


def path(folder: Path, file_format: str) -> Path:
    """Returns the path of the file of a format."""
    return folder / f"calls.{file_format}"


def _rows(count: int) -> Iterator[Row]:
    return islice(_CALLS.between(Centre(1, CALLS_PER_DAY), START, END), count)


def _layout(rows: int, total: int) -> tuple[str, str]:
    if total != rows:
        raise ValueError(f"{rows} rows are needed, but there are {total}")
    return f'{{"total":{total},"entries":[', "]}"
