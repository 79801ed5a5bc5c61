"""Timespans for plans."""

from __future__ import annotations

from datetime import timedelta

from tap_talkdesk_reports.core.timespans import Timespan
from tests.support import utc

DAY = timedelta(days=1)


def days(first: str, last: str) -> Timespan:
    """Returns the timespan from the start of one day to the start of another."""
    return Timespan(utc(first), utc(last))
