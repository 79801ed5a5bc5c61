"""Reads and range-checks header values: Retry-After, Date, Content-Length, Content-Range."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: A number with more digits is not accepted as a length.
MOST_DIGITS = 18
#: Dates outside these years are not accepted, so that adding a duration cannot overflow.
FIRST_YEAR, LAST_YEAR = 1000, 9000


def read_length(text: str) -> int | None:
    """Reads a Content-Length; returns None if it is not a valid number."""
    return int(text) if re.fullmatch(f"[0-9]{{1,{MOST_DIGITS}}}", text.strip()) else None


def read_content_range(text: str) -> tuple[int | None, int | None]:
    """Reads first byte and total length of a Content-Range; each is None if missing."""
    digits = f"[0-9]{{1,{MOST_DIGITS}}}"
    match = re.fullmatch(rf"bytes (?:({digits})-{digits}|\*)/({digits}|\*)", text.strip())
    begin, total = match.groups() if match else (None, None)
    return None if begin is None else int(begin), None if total in {None, "*"} else int(total)


def read_date(text: str) -> datetime | None:
    """Reads a Date header as a time in UTC; returns None if it is not valid or out of range."""
    try:
        date = parsedate_to_datetime(text)
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    return date if FIRST_YEAR <= date.year <= LAST_YEAR else None


def read_retry_after(text: str, now: datetime) -> float | None:
    """Reads a Retry-After header, a number or a date, as seconds; returns None if it is neither.

    Args:
        text: The header's value.
        now: The current time by the server's clock, from which a date counts.
    """
    if re.fullmatch("[0-9]{1,9}", text.strip()):
        return float(text)
    date = read_date(text)
    return None if date is None else max(0.0, (date - now).total_seconds())
