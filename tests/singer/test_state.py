"""The state of an earlier run: bookmarks in any sensible spelling are accepted, others are errors."""

from __future__ import annotations

import pytest
from singer_sdk.exceptions import ConfigValidationError

from tap_talkdesk_reports.core.errors import BookmarkError
from tap_talkdesk_reports.singer.state import bookmarks_of, read_bookmark
from tests.support import utc


def bookmark(value, **more):
    return {"replication_key": "end_at", "replication_key_value": value, **more}


def read(given):
    return read_bookmark(given, "calls", "end_at")


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-01-31", "2026-01-31T00:00:00"),
        ("2026-01-31T12:00:00", "2026-01-31T12:00:00"),
        ("2026-01-31 12:00:00 UTC", "2026-01-31T12:00:00"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00"),
        ("2026-01-31T12:00:00.000000+00:00", "2026-01-31T12:00:00"),
        ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00"),
        ("2026-01-31T12:00:00.250Z", "2026-01-31T12:00:00.250"),
    ],
)
def test_a_bookmark_is_understood_in_any_zone_or_none(value, moment):
    assert read(bookmark(value)) == utc(moment)


def test_a_bookmark_without_its_replication_key_is_understood():
    assert read({"replication_key_value": "2026-01-31"}) == utc("2026-01-31")


def test_other_members_of_the_sdk_beside_a_bookmark_are_ignored():
    """Values of an unfinished run do not show what is complete."""
    given = bookmark(
        "2026-01-31T12:00:00Z",
        progress_markers={"replication_key_value": "2026-02-09T00:00:00Z"},
        starting_replication_value="2026-01-01",
        replication_key_signpost="2026-03-01",
    )

    assert read(given) == utc("2026-01-31T12:00:00")


@pytest.mark.parametrize("empty", [{}, bookmark(None), bookmark(""), {"replication_key_value": None}])
def test_an_empty_bookmark_counts_as_none(empty):
    assert read(empty) is None


@pytest.mark.parametrize(
    "given",
    [
        bookmark("soon"),
        bookmark("20260131"),
        bookmark(1769817600),
        bookmark(1.5),
        bookmark(True),
        bookmark(["2026-01-31"]),
        bookmark({"at": "2026-01-31"}),
        {"end_at": "2026-01-31"},
        {"partitions": [{"context": {"account": "acme"}, **bookmark("2026-01-31")}]},
        {"progress_markers": {"replication_key_value": "2026-02-09"}},
    ],
)
def test_a_bookmark_that_is_not_understood_is_an_error_that_shows_it(given):
    """It must never silently become a full reload."""
    with pytest.raises(
        BookmarkError,
        match=r"^the bookmark of stream 'calls' in the state cannot be used: it is not a time.*\{",
    ) as caught:
        read(given)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+10:00", "2009-12-31T23:59:59Z"]
)
def test_a_bookmark_that_is_older_than_any_data_is_an_error(value):
    with pytest.raises(BookmarkError, match=r"not a time|that old"):
        read(bookmark(value))


def test_a_bookmark_of_another_replication_key_is_an_error():
    with pytest.raises(BookmarkError, match="its replication key is not 'end_at'"):
        read(bookmark("2026-01-31") | {"replication_key": "start_at"})


def test_a_long_bookmark_is_cut_in_its_error():
    with pytest.raises(BookmarkError) as caught:
        read({"partitions": ["x" * 10_000]})

    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("empty", [{}, None, {"bookmarks": {}}, {"type": "STATE", "value": {}}])
def test_an_empty_state_has_no_bookmarks(empty):
    assert bookmarks_of(empty) == {}


def test_bookmarks_of_all_streams_are_kept_as_they_are():
    given = {"calls": bookmark("2026-01-31", note=1), "old": {"replication_key_value": "2026-01-01"}}

    assert bookmarks_of({"bookmarks": given}) == given


@pytest.mark.parametrize("name", ["value", "singer_state"])
def test_a_state_line_and_what_meltano_prints_hold_the_state(name):
    bookmarks = {"calls": bookmark("2026-01-31T00:00:00Z")}
    given = {name: {"bookmarks": bookmarks}} | ({"type": "STATE"} if name == "value" else {})

    assert bookmarks_of(given) == bookmarks


def test_a_bookmark_that_is_only_its_value_is_understood():
    """Old taps write this form."""
    assert read(bookmarks_of({"bookmarks": {"calls": "2026-01-31"}})["calls"]) == utc("2026-01-31")


@pytest.mark.parametrize(
    "shape",
    [
        {"calls": {"replication_key_value": "2026-01-31"}},
        {"bookmarks": None},
        {"bookmarks": []},
        {"bookmarks": "2026-01-31"},
        {"type": "STATE", "value": [{"bookmarks": {}}]},
        [1],
        "x",
        5,
    ],
)
def test_a_state_of_another_shape_is_refused_with_the_right_one(shape):
    with pytest.raises(
        ConfigValidationError, match=r'^state: it has no .*; a state is \{"bookmarks"'
    ) as caught:
        bookmarks_of(shape)

    assert len(caught.value.errors) == 1
