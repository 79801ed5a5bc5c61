"""Timespans: cutting on a fixed grid, halving, and formatting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_talkdesk_reports.core.timespans import EPOCH, SHORTEST, Timespan, horizon, rfc3339, timespans
from tests.support import utc

SECOND = timedelta(seconds=1)
WEEK = timedelta(hours=168)

moments = st.datetimes(
    min_value=datetime(2000, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)
).map(lambda moment: moment.replace(microsecond=0))
lengths = st.one_of(
    st.integers(1, 720).map(lambda hours: timedelta(hours=hours)),
    st.integers(1, 100_000).map(lambda seconds: timedelta(seconds=seconds)),
)
#: Long enough for several timespans, short enough to be cut quickly.
stretches = st.fractions(min_value=0, max_value=20)


@given(start=moments, length=lengths, stretch=stretches)
def test_timespans_cover_all_from_start_to_end_without_gap_or_overlap(start, length, stretch):
    end = start + int(length / SECOND * stretch) * SECOND

    cut = list(timespans(start, end, length))

    assert [span.start for span in cut] == [start, *(span.end for span in cut)][: len(cut)]
    assert (cut[-1].end if cut else start) == end


@given(start=moments, length=lengths, stretch=stretches)
def test_timespans_end_on_multiples_of_the_length_since_the_epoch(start, length, stretch):
    """The boundaries must be the same in every run, at any start."""
    cut = list(timespans(start, start + length * float(stretch), length))

    assert all((span.end - EPOCH) % length == timedelta(0) for span in cut[:-1])
    assert all(timedelta(0) < span.end - span.start <= length for span in cut)


@given(start=moments, length=lengths, skipped=st.integers(0, 5))
def test_timespans_have_the_same_boundaries_when_a_later_run_continues_at_one(start, length, skipped):
    end = start + 7 * length
    all_of_them = list(timespans(start, end, length))

    rest = list(timespans(all_of_them[skipped].end, end, length))

    assert rest == all_of_them[skipped + 1 :]


def test_timespans_are_nothing_when_start_is_not_before_end():
    start = utc("2026-01-01")

    assert list(timespans(start, start, WEEK)) == []
    assert list(timespans(start, start - WEEK, WEEK)) == []


def test_timespans_are_nothing_when_less_than_a_second_is_due():
    start = utc("2026-01-01")

    assert list(timespans(start, start + SHORTEST - timedelta(microseconds=1), WEEK)) == []


def test_timespans_begin_at_the_whole_second_when_the_start_has_a_fraction():
    """The API's unit is a second. A later start would lose rows of that second."""
    (span,) = timespans(utc("2026-01-01T00:00:00.900"), utc("2026-01-01T00:00:05"), WEEK)

    assert span.start == utc("2026-01-01")


def test_timespans_are_one_second_long_when_that_is_all_that_is_due():
    start = utc("2026-01-01")

    assert list(timespans(start, start + SECOND, WEEK)) == [Timespan(start, start + SECOND)]


@pytest.mark.parametrize("length", [timedelta(0), -SECOND])
def test_timespans_refuse_a_length_that_is_not_positive(length):
    with pytest.raises(ValueError, match="must be positive"):
        next(timespans(utc("2026-01-01"), utc("2026-02-01"), length))


def test_timespans_of_a_week_end_on_thursdays():
    """The epoch was a Thursday. This test uses dates, and not the arithmetic of the code."""
    cut = list(timespans(utc("2026-01-10T12:00"), utc("2026-01-25"), WEEK))

    assert [(str(span.start.date()), str(span.end.date())) for span in cut] == [
        ("2026-01-10", "2026-01-15"),
        ("2026-01-15", "2026-01-22"),
        ("2026-01-22", "2026-01-25"),
    ]


def test_the_horizon_is_floored_to_the_minute():
    now = utc("2026-03-01T12:34:56.789")

    assert horizon(now, timedelta(minutes=60)) == utc("2026-03-01T11:34")
    assert horizon(now, timedelta(0)) == utc("2026-03-01T12:34")


@given(start=moments, seconds=st.integers(2, 10_000_000))
def test_halves_adjoin_at_a_whole_second_and_differ_by_one_at_most(start, seconds):
    span = Timespan(start, start + seconds * SECOND)

    first, second = span.halves()

    assert (first.start, second.end) == (span.start, span.end)
    assert first.end == second.start
    assert first.end.microsecond == 0
    assert timedelta(0) <= (second.end - second.start) - (first.end - first.start) <= SECOND
    assert first.end > first.start


@pytest.mark.parametrize("length", [timedelta(0), SECOND, timedelta(seconds=1.9)])
def test_halves_are_none_when_the_timespan_is_too_short_to_be_cut(length):
    start = utc("2026-01-01")

    assert Timespan(start, start + length).halves() is None


@given(seconds=st.integers(2, 3_000_000))
def test_repeated_halving_ends_at_single_seconds(seconds):
    span = Timespan(utc("2026-01-01"), utc("2026-01-01") + seconds * SECOND)

    cuts = 0
    while halves := span.halves():
        span, cuts = halves[1], cuts + 1

    assert span.end - span.start == SECOND
    assert cuts <= 23


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 120_000, tzinfo=UTC), "2026-01-02T03:04:05.120Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 123_456, tzinfo=UTC), "2026-01-02T03:04:05.123456Z"),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05Z"),
        (
            datetime(2026, 1, 2, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            "2026-01-01T20:00:00Z",
        ),
        (datetime(2026, 1, 2, 22, 0, tzinfo=timezone(timedelta(hours=-3))), "2026-01-03T01:00:00Z"),
        (datetime(987, 6, 5, tzinfo=UTC), "0987-06-05T00:00:00Z"),
    ],
)
def test_rfc3339_is_utc_with_as_many_decimals_as_needed(moment, text):
    assert rfc3339(moment) == text


@given(moment=st.datetimes(timezones=st.just(UTC)))
def test_rfc3339_loses_nothing(moment):
    assert datetime.fromisoformat(rfc3339(moment)) == moment


def test_a_timespan_reads_as_from_and_to_in_a_log_line():
    assert str(Timespan(utc("2026-01-01"), utc("2026-01-08"))) == "2026-01-01T00:00:00Z..2026-01-08T00:00:00Z"
