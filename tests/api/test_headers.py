"""Header values: invalid values and values out of bounds count as missing, and raise nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_talkdesk_reports.api.headers import read_content_range, read_date, read_length, read_retry_after
from tests.support import utc

NOW = utc("2026-03-02")
MANY = "9" * 5000


@pytest.mark.parametrize(("text", "length"), [("0", 0), (" 12 ", 12), ("1" * 18, int("1" * 18))])
def test_a_length_is_read(text, length):
    assert read_length(text) == length


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "²", "1 2", "0x1", MANY, "1" * 19])
def test_an_invalid_length_is_none(text):
    assert read_length(text) is None


@pytest.mark.parametrize(
    ("text", "begin_and_total"),
    [
        ("bytes 5-9/10", (5, 10)),
        ("bytes 5-9/*", (5, None)),
        ("bytes */10", (None, 10)),
        ("bytes 0-1/" + MANY, (None, None)),
        (f"bytes {MANY}-1/2", (None, None)),
        ("items 0-1/2", (None, None)),
        ("", (None, None)),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_content_range_is_read_as_far_as_it_is_one(text, begin_and_total):
    assert read_content_range(text) == begin_and_total


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3),
        (" 0 ", 0),
        ("Mon, 02 Mar 2026 00:01:00 GMT", 60),
        ("Mon, 02 Mar 2026 01:01:00 +0100", 60),
        ("Sun, 01 Mar 2026 00:00:00 GMT", 0),
    ],
)
def test_retry_after_is_a_number_or_a_date(text, seconds):
    assert read_retry_after(text, NOW) == seconds


FAR = [
    "Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
    "Fri, 31 Dec 9999 23:59:59 -0800",
    "Mon, 01 Jan 99999 00:00:00 GMT",
]


@pytest.mark.parametrize("text", [*FAR, "", "soon", "²", "-5", MANY, "1e3"])
def test_an_invalid_retry_after_is_none(text):
    assert read_retry_after(text, NOW) is None


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{1,5} \d\d:\d\d:\d\d [+-]?\w{1,6}"))
def test_any_text_is_a_date_or_none(text):
    date = read_date(text)

    assert date is None or abs((date - NOW).total_seconds()) < 1e12
