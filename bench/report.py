"""Report files of calls, prepared: the rows, and the bytes, of the sandbox."""

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
#: The longest timespan there is; it begins where timespans are cut, so that it is a single job.
HOURS = 720
START = datetime(1970, 1, 1, tzinfo=UTC) + 680 * timedelta(hours=HOURS)
END = START + timedelta(hours=HOURS)

_CALLS = REPORTS["calls"]
CALLS_PER_DAY = 50_000
_PIECE = 1 << 20


def prepare(folder: Path, rows: int) -> None:
    """Write the report of so many calls, in each format.

    Raises:
        ValueError: there are not so many in the longest timespan.
    """
    folder.mkdir()
    for file_format in FORMATS:
        request = JobRequest(
            "calls", (START, END), file_format, _CALLS.fields, partial(_rows, rows), partial(_layout, rows)
        )
        copy(request, path(folder, file_format))


def copy(request: JobRequest, to: Path) -> None:
    """Write the report file of a job request, as the sandbox has it."""
    file = write(Job("prepared", request, Pace.now(), lambda: END, END))
    with to.open("wb") as written:
        for offset in range(0, file.length, _PIECE):
            written.write(file.read(offset, _PIECE))


def path(folder: Path, file_format: str) -> Path:
    """Where the file of a format lies."""
    return folder / f"calls.{file_format}"


def _rows(count: int) -> Iterator[Row]:
    return islice(_CALLS.between(Centre(1, CALLS_PER_DAY), START, END), count)


def _layout(rows: int, total: int) -> tuple[str, str]:
    if total != rows:
        raise ValueError(f"{rows} rows were wanted, and there are {total}")
    return f'{{"total":{total},"entries":[', "]}"
