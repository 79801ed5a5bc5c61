"""Times and timespans: reads and writes timestamps, cuts a period into timespans, halves them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: Day, hour, minutes and seconds, zone.
_timestamp = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T]([01]?\d|2[0-3])(:\d\d(?::\d\d(?:\.\d+)?)?)(Z| ?UTC|[+-]\d\d:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)

#: The API's grain is one second; nothing shorter can be requested.
SHORTEST = timedelta(seconds=1)


@dataclass(frozen=True, order=True)
class Timespan:
    """From `start` (counts in) to `end` (does not), both in UTC."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        """For log lines and errors."""
        return f"{rfc3339(self.start)}..{rfc3339(self.end)}"

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start

    def halves(self) -> tuple[Timespan, Timespan] | None:
        """The two halves, cut at a whole second; None when it is too short to be cut."""
        seconds = self.length // SHORTEST
        if seconds < 2:
            return None
        middle = self.start + (seconds // 2) * SHORTEST
        return Timespan(self.start, middle), Timespan(middle, self.end)


def rfc3339(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC, with as many decimals as it needs.

    A moment without a zone is UTC.
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
    """A point in time in any of the spellings that the APIs use; without a zone it is UTC.

    Seen: `2016-01-29 10:22:02`, `2016-07-29 00:00:00 UTC`, `2026-04-23T10:22:26Z`,
    `2021-09-13 9:32:31`, the same with milliseconds and with an offset (talkdesk-api, A3
    and D3). Settings also have a date alone, and times without seconds. No other spelling
    is a time: a run of digits may be an id.

    Raises:
        ValueError: the text is none of them, or the time is out of range.
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
    """A value read as by `read_timestamp`; None if it is no text, or no time."""
    try:
        return read_timestamp(value) if isinstance(value, str) else None
    except ValueError:
        return None


def horizon(now: datetime, delay: timedelta) -> datetime:
    """The latest moment up to which data is settled, floored to the minute."""
    return (now - delay).replace(second=0, microsecond=0)


def last_hour(horizon: datetime) -> Timespan:
    """The last whole hour that is settled: one small job, for a test of the connection."""
    end = horizon.replace(minute=0)
    return Timespan(end - timedelta(hours=1), end)


def timespans(start: datetime, end: datetime, length: timedelta) -> Iterator[Timespan]:
    """Cut a sync into timespans, oldest first.

    They end on multiples of `length` since the Unix epoch, rounded up to whole seconds, so
    that their boundaries are the same in every run; the first and the last may be shorter. Nothing is
    yielded when `start` is not before `end`, so a sync that is already up to date
    creates no job.

    Raises:
        ValueError: `length` is not positive; the cutting would never end.
    """
    if length <= timedelta(0):
        msg = f"a timespan must be longer than nothing, not {length}"
        raise ValueError(msg)
    start, end = start.replace(microsecond=0), end.replace(microsecond=0)  # the API's grain
    while end - start >= SHORTEST:
        boundary = start + length - (start - EPOCH) % length
        if boundary.microsecond:
            boundary = boundary.replace(microsecond=0) + SHORTEST
        yield Timespan(start, min(boundary, end))
        start = boundary


def count(start: datetime, end: datetime, length: timedelta) -> int:
    """How many timespans `timespans` yields."""
    start, end = start.replace(microsecond=0), end.replace(microsecond=0)
    return -((EPOCH - end) // length) - (start - EPOCH) // length if end > start else 0
