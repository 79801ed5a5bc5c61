"""Reporting API: validates the body of a request to create a job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from talkdesk_sandbox.reports.job_request import JobRequest

if TYPE_CHECKING:
    from talkdesk_sandbox.reports.reporting import Report
    from talkdesk_sandbox.store.backend import Backend

FORMATS = ("json", "csv")
#: Data is available after this delay. A later `to` is refused.
_FRESHNESS = timedelta(hours=1)

#: Names of members, each with its error.
Wrong = list[tuple[str, str]]


def job_request_of(body: object, report: Report, backend: Backend) -> JobRequest | Wrong:
    """Returns the job request in a body, or its errors: names and descriptions."""
    members = body if isinstance(body, dict) else {}
    timespan = members.get("timespan")
    given = timespan if isinstance(timespan, dict) else {}
    start, end = time_of(given.get("from")), time_of(given.get("to"))
    file_format = members.get("format", "json")
    wrong = [
        (f"timespan[{name}]", "is invalid" if given.get(name) else "is missing")
        for name, at in (("from", start), ("to", end))
        if at is None
    ]
    if start and end and start > end:
        wrong.append(("timespan[from]", "is after timespan[to]"))
    if start and end and backend.is_too_long(start, end):
        wrong.append(("timespan", "is longer than this account may request"))
    if end and end > backend.clock() - _FRESHNESS:
        wrong.append(("timespan[to]", "must be at least one hour in the past"))
    if file_format not in FORMATS:
        wrong.append(("format", "does not have a valid value"))
    if wrong or start is None or end is None:
        return wrong
    available = backend.available_until()
    closed = backend.closed_bounds and end < available
    rows = partial(report.between, backend.centre, start, min(end, available), closed=closed)
    return JobRequest(
        report.name, (start, end), str(file_format), report.fields, rows, partial(_layout, report)
    )


def _layout(report: Report, total: int) -> tuple[str, str]:
    """Returns the text before and after the entries of a JSON file."""
    more = "".join(f'"{name}":"{value}",' for name, value in report.envelope.items())
    return f'{{"total":{total},{more}"entries":[', "]}"


def time_of(text: object) -> datetime | None:
    """Parses a time with Z, an offset, or ` UTC`. A time without a zone is UTC."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
