"""Timestamps in the spellings of APIs, settings and states: which texts are valid, and which only look so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_talkdesk_reports.core.timespans import read_timestamp


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2016-01-29 10:22:02", datetime(2016, 1, 29, 10, 22, 2, tzinfo=UTC)),
        ("2016-07-29 00:00:00 UTC", datetime(2016, 7, 29, tzinfo=UTC)),
        ("2026-04-23T10:22:26Z", datetime(2026, 4, 23, 10, 22, 26, tzinfo=UTC)),
        ("2026-04-23T10:22:26.000Z", datetime(2026, 4, 23, 10, 22, 26, tzinfo=UTC)),
        ("2026-04-23T10:22:26.123Z", datetime(2026, 4, 23, 10, 22, 26, 123_000, tzinfo=UTC)),
        ("2026-04-23 10:22:26.5 UTC", datetime(2026, 4, 23, 10, 22, 26, 500_000, tzinfo=UTC)),
        ("2026-04-23T10:22:26+00:00", datetime(2026, 4, 23, 10, 22, 26, tzinfo=UTC)),
        ("2026-04-23T10:22:26+0200", datetime(2026, 4, 23, 8, 22, 26, tzinfo=UTC)),
        ("2026-04-23T10:22:26-03:30", datetime(2026, 4, 23, 13, 52, 26, tzinfo=UTC)),
        ("2026-04-23T10:22:26", datetime(2026, 4, 23, 10, 22, 26, tzinfo=UTC)),
        ("  2026-04-23 10:22:26  ", datetime(2026, 4, 23, 10, 22, 26, tzinfo=UTC)),
        ("2026-04-23", datetime(2026, 4, 23, tzinfo=UTC)),
        ("2026-04-23T10:22", datetime(2026, 4, 23, 10, 22, tzinfo=UTC)),
        ("2021-09-13 9:32:31", datetime(2021, 9, 13, 9, 32, 31, tzinfo=UTC)),
        ("2021-09-13 9:32:31.250 UTC", datetime(2021, 9, 13, 9, 32, 31, 250_000, tzinfo=UTC)),
        ("2021-09-13T9:32:31+02:00", datetime(2021, 9, 13, 7, 32, 31, tzinfo=UTC)),
        ("2026-04-23T10:22:26.1234567Z", datetime(2026, 4, 23, 10, 22, 26, 123_456, tzinfo=UTC)),
        ("2026-04-23t10:22:26z", datetime(2026, 4, 23, 10, 22, 26, tzinfo=UTC)),
    ],
)
def test_a_timestamp_is_read_in_every_spelling_of_the_apis(text, moment):
    assert read_timestamp(text) == moment
    assert read_timestamp(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "UTC",
        "yesterday",
        "0d 0h 0m 42s",
        "2026-13-01",
        "29/01/2016 10:22",
        "20260101",
        "202601",
        "1767225600",
        "1767225600000",
        "20260101T101010Z",
        "2026-W01-4",
        "2026W014",
        "2026-001",
        "2026-1-1",
        "2026-01-01T10",
        "2026-01-01T102233Z",
        "2026-01-01 10:22:33,5",
        "2026-01-01_10:22:33",
        "2026-01-01 24:00:00",
        "2026-01-01 23:59:60",
        "2026-01-01 UTC",
        "2026-01-01T10:22:33Z UTC",
        "2026-01-01T10:22:33+24:00",
        "2026-01-01\n10:22:33",
        "\u0662\u0660\u0662\u0666-01-01 10:22:33",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_a_text_in_any_other_spelling_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        read_timestamp(text)


@given(text=st.text() | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[-+Z]\d\d:\d\d", fullmatch=True))
@example("0001-01-01T00:00:00+23:59")
@example("9999-12-31T23:59:59-23:59")
def test_any_text_is_a_time_in_utc_or_a_value_error(text):
    try:
        moment = read_timestamp(text)
    except ValueError:
        return

    assert moment.tzinfo is UTC
