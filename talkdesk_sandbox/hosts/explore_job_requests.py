"""Explore API: validates the body of a request to create a job."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from talkdesk_sandbox.reports.job_request import JobRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talkdesk_sandbox.reports.explore.options import Explore
    from talkdesk_sandbox.reports.explore.report import Report
    from talkdesk_sandbox.store.backend import Backend

#: `json_bulk` is documented, too, but its format is unknown.
FORMATS = ("json", "csv")

#: Names of members, each with its error.
Wrong = list[tuple[str, str]]


def job_request_of(body: object, report: Report, backend: Backend) -> JobRequest | Wrong:
    """Returns the job request in a body, or its errors."""
    members = body if isinstance(body, dict) else {}
    timespan = members.get("timespan")
    given = timespan if isinstance(timespan, dict) else {}
    zone = _zone(members.get("timezone", "UTC"))
    start, end = (_time(given.get(name), zone or UTC) for name in ("from", "to"))
    wrong = _wrong_times(given, start, end, backend)
    if zone is None:
        wrong.append(("timezone", "is not a known time zone"))
    file_format = members.get("format", "json")
    if file_format not in FORMATS:
        wrong.append(("format", "does not have a valid value"))
    if wrong or start is None or end is None:
        return wrong
    rows = report.csv_rows if file_format == "csv" else report.between
    return JobRequest(
        report.name,
        (start, end),
        str(file_format),
        report.headings,
        partial(rows, backend.centre, start, min(end, backend.available_until())),
        partial(_layout, report, empty_without_entries=backend.explore.empty_without_entries),
        api="explore",
        name=str(members.get("name") or report.name),
        timezone=str(members.get("timezone", "UTC")),
    )


def _wrong_times(
    given: Mapping[str, object], start: datetime | None, end: datetime | None, backend: Backend
) -> Wrong:
    wrong = [
        (f"timespan.{name}", "is invalid" if given.get(name) else "is missing")
        for name, at in (("from", start), ("to", end))
        if at is None
    ]
    if start and end and start > end:
        wrong.append(("timespan.from", "is after timespan.to"))
    if start and end and end > _latest_end(start, backend.explore):
        wrong.append(("timespan", "is longer than one month"))
    elif start and end and backend.is_too_long(start, end):
        wrong.append(("timespan", "is longer than this account may request"))
    return wrong


def _latest_end(at: datetime, options: Explore) -> datetime:
    """Returns the latest end of a timespan that begins at a given time."""
    if options.longest_timespan == "31 days":
        return at + timedelta(days=31)
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    return at.replace(year=year, month=month, day=min(at.day, calendar.monthrange(year, month)[1]))


def _zone(name: object) -> tzinfo | None:
    """Returns a time zone by its name. UTC needs no time zone database."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _time(text: object, zone: tzinfo) -> datetime | None:
    """Parses a time. One without an offset is in the time zone of the request."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text.strip())
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _layout(report: Report, total: int, *, empty_without_entries: bool) -> tuple[str, str]:
    """Returns the text before and after the entries of a JSON file. `total` comes last."""
    tail = "".join(f',"{name}":"{value}"' for name, value in report.envelope.items()) + f',"total":{total}}}'
    return ("{", tail[1:]) if empty_without_entries and not total else ('{"entries":[', "]" + tail)
