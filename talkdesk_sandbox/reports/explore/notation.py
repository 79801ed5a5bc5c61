"""The formats of Explore for times, durations and booleans."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

from talkdesk_sandbox.centre.staff import DAY


def with_zone(at: int) -> str:
    """Formats a time as `2026-04-23T10:22:26Z`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def with_milliseconds(at: float) -> str:
    """Formats a time as `2026-04-23 10:22:26.015`."""
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat(" ", "milliseconds")


def with_short_hour(text: str) -> str:
    """Returns `2021-09-13 9:32:31` for `2021-09-13 09:32:31`."""
    return text.replace(" 0", " ")


def day_fraction(seconds: float) -> float:
    """Returns seconds as a fraction of a day, with 32-bit precision.

    In Talkdesk's files, 6 seconds are 0.000069444446.
    """
    (single,) = struct.unpack("f", struct.pack("f", seconds / DAY))
    return float(f"{single:.8g}")


def in_words(seconds: int) -> str:
    """Formats a duration as `0d 0h 0m 42s`."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{days}d {hour}h {minute}m {second}s"


def yes_no(value: object) -> str:
    """Returns `Yes` or `No`."""
    return "Yes" if value else "No"


def true_false(value: object) -> str:
    """Returns `TRUE` or `FALSE`."""
    return "TRUE" if value else "FALSE"
