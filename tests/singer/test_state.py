"""The state that somebody brings: any sensible bookmark is taken over, anything else is refused in a line."""

from __future__ import annotations

import pytest
from singer_sdk.exceptions import ConfigValidationError

from tap_talkdesk_reports.singer.state import plain_bookmarks


def state(value, **more):
    return {"bookmarks": {"calls": {"replication_key": "end_at", "replication_key_value": value, **more}}}


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("2026-01-31", "2026-01-31T00:00:00Z"),
        ("2026-01-31T12:00:00", "2026-01-31T12:00:00Z"),
        ("2026-01-31 12:00:00 UTC", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00.000000+00:00", "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z"),
        ("2026-01-31T12:00:00.250Z", "2026-01-31T12:00:00.250Z"),
    ],
)
def test_a_bookmark_is_taken_over_in_any_zone_or_none(value, plain):
    assert plain_bookmarks(state(value)) == {
        "calls": {"replication_key": "end_at", "replication_key_value": plain}
    }


def test_a_bookmark_that_this_tap_wrote_stays_as_it_is():
    bookmarks = state("2026-01-31T12:00:00Z")["bookmarks"]

    assert plain_bookmarks({"bookmarks": bookmarks}) == bookmarks


def test_what_the_sdk_keeps_beside_a_bookmark_is_left_out():
    """What was seen in an unfinished run says nothing about what is complete."""
    brought = state(
        "2026-01-31T12:00:00Z",
        progress_markers={"replication_key_value": "2026-02-09T00:00:00Z"},
        starting_replication_value="2026-01-01",
        replication_key_signpost="2026-03-01",
    )

    assert plain_bookmarks(brought) == plain_bookmarks(state("2026-01-31T12:00:00Z"))


@pytest.mark.parametrize(
    "bookmark",
    [{}, {"replication_key_value": None}, {"progress_markers": {"replication_key_value": "2026-02-09"}}],
)
def test_a_stream_starts_anew_when_nothing_is_known_to_be_complete(bookmark):
    assert plain_bookmarks({"bookmarks": {"calls": bookmark}}) == {}


@pytest.mark.parametrize("empty", [{}, None, {"bookmarks": {}}])
def test_an_empty_state_has_no_bookmarks(empty):
    assert plain_bookmarks(empty) == {}


def test_bookmarks_of_several_streams_and_of_unknown_ones_are_taken_over():
    brought = {
        "bookmarks": state("2026-01-31")["bookmarks"] | {"old": {"replication_key_value": "2026-01-01"}}
    }

    assert plain_bookmarks(brought).keys() == {"calls", "old"}


@pytest.mark.parametrize(
    "value",
    ["soon", "", "0001-01-01T00:00:00+10:00", 1769817600, 1.5, True, ["2026-01-31"], {"at": "2026-01-31"}],
)
def test_a_bookmark_that_is_no_time_is_refused_and_named(value):
    with pytest.raises(
        ConfigValidationError, match=r"^state: .* bookmark of calls, which is no time"
    ) as caught:
        plain_bookmarks(state(value))

    assert len(caught.value.errors) == 1
    assert "\n" not in caught.value.errors[0]


@pytest.mark.parametrize(
    "shape",
    [
        {"calls": {"replication_key_value": "2026-01-31"}},
        {"bookmarks": None},
        {"bookmarks": []},
        {"bookmarks": "2026-01-31"},
        {"bookmarks": {"calls": "2026-01-31"}},
        {"bookmarks": {"calls": ["2026-01-31"]}},
        {"type": "STATE", "value": [{"bookmarks": {}}]},
    ],
)
def test_a_state_of_another_shape_is_refused_with_the_right_one(shape):
    with pytest.raises(ConfigValidationError, match=r'^state: it .*; a state is \{"bookmarks"') as caught:
        plain_bookmarks(shape)

    assert len(caught.value.errors) == 1


@pytest.mark.parametrize("state", [[1], "x", 5])
def test_a_state_that_is_no_object_is_refused(state):
    with pytest.raises(ConfigValidationError):
        plain_bookmarks(state)


def test_a_line_of_a_taps_output_is_taken_for_the_state_that_it_holds():
    bookmarks = {"calls": {"replication_key": "end_at", "replication_key_value": "2026-01-31T00:00:00Z"}}

    assert plain_bookmarks({"type": "STATE", "value": {"bookmarks": bookmarks}}) == bookmarks
