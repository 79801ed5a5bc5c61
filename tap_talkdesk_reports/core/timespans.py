"""Reads and writes timestamps, and cuts periods into timespans. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: Groups: day, hour, minutes with seconds, zone.
_timestamp = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T]([01]?\d|2[0-3])(:\d\d(?::\d\d(?:\.\d+)?)?)(Z| ?UTC|[+-]\d\d:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)

#: The shortest timespan that can be requested: the API's times have whole seconds.
SHORTEST = timedelta(seconds=1)


@dataclass(frozen=True, order=True)
class Timespan:
    """A stretch of time from `start` (included) to `end` (excluded), both in UTC."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        """Formats the timespan for log lines and errors."""
        return f"{rfc3339(self.start)}..{rfc3339(self.end)}"

    @property
    def length(self) -> timedelta:
        """The time from start to end."""
        return self.end - self.start

    def halves(self) -> tuple[Timespan, Timespan] | None:
        """Cuts the timespan in two at a whole second; returns None if it is shorter than 2 seconds."""
        seconds = self.length // SHORTEST
        if seconds < 2:
            return None
        middle = self.start + (seconds // 2) * SHORTEST
        return Timespan(self.start, middle), Timespan(middle, self.end)


def rfc3339(moment: datetime) -> str:
    """Formats a time as RFC 3339 in UTC, with 0, 3 or 6 decimals as needed.

    A time without a zone is read as UTC.
    """
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if not moment.microsecond:
        grain = "seconds"
    elif moment.microsecond % 1000:
        grain = "microseconds"
    else:
        grain = "milliseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=grain) + "Z"


def read_timestamp(text: str) -> datetime:
    """Reads a time in any format that the APIs or settings use; a time without a zone is UTC.

    The APIs write `2016-01-29 10:22:02`, `2016-07-29 00:00:00 UTC`, `2026-04-23T10:22:26Z`
    and `2021-09-13 9:32:31`, also with milliseconds and with an offset (talkdesk-api, A3 and
    D3). Settings may also have a date alone, or a time without seconds. No other format is
    read: digits alone may be an id.

    Raises:
        ValueError: the text has another format, or the time is out of range.
    """
    match = _timestamp.fullmatch(text.strip())
    if match is None:
        raise ValueError
    day, hour, rest, zone = (part or "" for part in match.groups())
    zone = "+00:00" if zone.strip().upper() in {"", "Z", "UTC"} else zone
    try:
        return datetime.fromisoformat(f"{day}T{hour.zfill(2)}{rest or ':00'}{zone}").astimezone(UTC)
    except OverflowError:
        raise ValueError from None


def timestamp_or_none(value: object) -> datetime | None:
    """Reads a value with `read_timestamp`; returns None if it is not a text or not a time."""
    try:
        return read_timestamp(value) if isinstance(value, str) else None
    except ValueError:
        return None


def horizon(now: datetime, delay: timedelta) -> datetime:
    """Returns the time up to which Talkdesk's data is settled: now minus the delay, floored to the minute."""
    return (now - delay).replace(second=0, microsecond=0)


def last_hour(horizon: datetime) -> Timespan:
    """Returns the last whole hour before the horizon: the timespan of the connection test's job."""
    end = horizon.replace(minute=0)
    return Timespan(end - timedelta(hours=1), end)


def timespans(start: datetime, end: datetime, length: timedelta) -> Iterator[Timespan]:
    """Cuts a period into timespans, oldest first.

    Timespans end on multiples of `length` since the Unix epoch, rounded up to whole seconds.
    So their boundaries are the same in every run; the first and the last may be shorter.
    If `start` is not before `end`, nothing is yielded, so a sync that is up to date creates no job.

    Raises:
        ValueError: `length` is not positive.
    """
    if length <= timedelta(0):
        msg = f"the length of a timespan must be positive, not {length}"
        raise ValueError(msg)
    start, end = start.replace(microsecond=0), end.replace(microsecond=0)  # the API has whole seconds
    while end - start >= SHORTEST:
        boundary = start + length - (start - EPOCH) % length
        if boundary.microsecond:
            boundary = boundary.replace(microsecond=0) + SHORTEST
        yield Timespan(start, min(boundary, end))
        start = boundary


def count(start: datetime, end: datetime, length: timedelta) -> int:
    """Counts the timespans that `timespans` yields, without cutting them."""
    start, end = start.replace(microsecond=0), end.replace(microsecond=0)
    return -((EPOCH - end) // length) - (start - EPOCH) // length if end > start else 0
