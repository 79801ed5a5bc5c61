"""Reads the bookmarks in the state of an earlier run, and rejects those that are not valid. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import ConfigValidationError

from tap_talkdesk_reports.core.errors import BookmarkError
from tap_talkdesk_reports.core.timespans import timestamp_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping

SHAPE = (
    '{"bookmarks": {"calls": {"replication_key": "end_at", "replication_key_value": "2026-01-31T00:00:00Z"}}}'
)
#: The earliest valid bookmark; Talkdesk has no older data.
OLDEST = datetime(2010, 1, 1, tzinfo=UTC)
#: Most characters of a bookmark that an error shows.
SHOWN_BOOKMARK = 120


def bookmarks_of(state: object) -> dict[str, dict[str, Any]]:
    """Returns the bookmarks of a state by stream, as they are; `read_bookmark` reads each.

    The state may also be a STATE line of a tap's output, or the output of `meltano state get`.

    Raises:
        ConfigValidationError: the state has no bookmarks by stream.
    """
    if not state:
        return {}
    if isinstance(state, dict):
        state = state.get("value" if state.get("type") == "STATE" else "singer_state", state) or {}
    bookmarks = state.get("bookmarks", None if state else {}) if isinstance(state, dict) else None
    if not isinstance(bookmarks, dict):
        msg = f"state: it has no `bookmarks` by stream; a state is {SHAPE}"
        raise ConfigValidationError(msg, errors=[msg])
    # Old taps write the value alone as a bookmark.
    return {
        str(stream): dict(each) if isinstance(each, dict) else {"replication_key_value": each}
        for stream, each in bookmarks.items()
    }


def read_bookmark(bookmark: Mapping[str, Any], stream: str, replication_key: str) -> datetime | None:
    """Reads the time up to which a stream is complete; returns None for an empty bookmark.

    The SDK creates empty bookmarks. A value may be a date, or a time with or without a zone;
    a time without a zone is UTC.

    Raises:
        BookmarkError: the value is not a time, is older than any data, or belongs to another
            replication key.
    """
    if not any(value for name, value in bookmark.items() if name != "replication_key"):
        return None
    value = bookmark.get("replication_key_value")
    moment = timestamp_or_none(value)
    if moment is None:
        reason = "it is not a time"
    elif bookmark.get("replication_key", replication_key) != replication_key:
        reason = f"its replication key is not {replication_key!r}"
    elif moment < OLDEST:
        reason = "Talkdesk has no data that old"
    else:
        return moment
    shown = json.dumps(bookmark, default=str)[:SHOWN_BOOKMARK]
    msg = (
        f"the bookmark of stream {stream!r} in the state cannot be used: {reason}; correct it, "
        f"or remove it to read the stream from start_date. The bookmark is {shown}"
    )
    raise BookmarkError(msg)
