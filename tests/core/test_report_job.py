"""The timespan in a response, compared with the requested one."""

from __future__ import annotations

import pytest

from tap_talkdesk_reports.core.report_job import Echo
from tap_talkdesk_reports.core.timespans import Timespan
from tests.support import utc

REQUESTED = Timespan(utc("2026-03-02T00:00:00"), utc("2026-03-09T00:00:00"))


@pytest.mark.parametrize(
    ("case", "start", "end", "has_zone", "covers"),
    [
        ("the same", "2026-03-02T00:00:00", "2026-03-09T00:00:00", True, True),
        ("an end that is included", "2026-03-02T00:00:00", "2026-03-08T23:59:59", True, True),
        ("more than was requested", "2026-03-01T00:00:00", "2026-03-10T00:00:00", True, True),
        ("two seconds too early", "2026-03-02T00:00:00", "2026-03-08T23:59:58", True, False),
        ("two seconds too late", "2026-03-02T00:00:02", "2026-03-09T00:00:00", True, False),
        ("a day less", "2026-03-02T00:00:00", "2026-03-08T00:00:00", True, False),
        ("another week", "2026-03-09T00:00:00", "2026-03-16T00:00:00", True, False),
        ("the account's zone", "2026-03-01T19:00:00", "2026-03-08T19:00:00", False, True),
        ("a zone of 45 minutes", "2026-03-02T05:45:00", "2026-03-09T05:45:00", False, True),
        ("a zone, and an included end", "2026-03-01T19:00:00", "2026-03-08T18:59:59", False, True),
        ("a shift with its zone written", "2026-03-02T05:00:00", "2026-03-09T05:00:00", True, False),
        ("a shift by no zone", "2026-03-02T05:07:00", "2026-03-09T05:07:00", False, False),
        ("a shift of one end alone", "2026-03-02T05:00:00", "2026-03-09T00:00:00", False, False),
        ("a shift of a day", "2026-03-03T00:00:00", "2026-03-10T00:00:00", False, False),
    ],
)
def test_a_response_with_less_than_was_requested_does_not_cover_the_request(
    case, start, end, has_zone, covers
):
    echo = Echo(Timespan(utc(start), utc(end)), has_zone=has_zone)

    assert echo.covers(REQUESTED) == covers, case
    assert echo.differs_from(REQUESTED) == (case != "the same")
