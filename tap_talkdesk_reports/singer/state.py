"""Reads the state of an earlier run: checks its bookmarks and writes them in the shape of this tap. Pure."""

from __future__ import annotations

from singer_sdk.exceptions import ConfigValidationError

from tap_talkdesk_reports.core.timespans import read_timestamp, rfc3339

SHAPE = (
    '{"bookmarks": {"calls": {"replication_key": "end_at", "replication_key_value": "2026-01-31T00:00:00Z"}}}'
)


def plain_bookmarks(state: object) -> dict[str, dict[str, str]]:
    """The bookmarks of a given state, in the shape that this tap writes.

    A value may be a date, or a time with or without a zone; without one it is UTC. Other
    parts of a bookmark, such as the SDK's progress markers, do not say what is complete
    and are left out. A stream without a value has no bookmark.

    Raises:
        ConfigValidationError: the state has another shape, or a value is not a time.
    """
    if not state:
        return {}
    if not isinstance(state, dict):
        raise _refused(f"is {type(state).__name__}")
    if state.get("type") == "STATE":  # a STATE line of a tap's output, unchanged
        state = state.get("value") or {}
    bookmarks = state.get("bookmarks") if isinstance(state, dict) else None
    if not isinstance(bookmarks, dict):
        raise _refused("has no `bookmarks`")
    plain = {}
    for stream, bookmark in bookmarks.items():
        if not isinstance(bookmark, dict):
            raise _refused(f"holds {bookmark!r} as the bookmark of {stream}")
        value = bookmark.get("replication_key_value")
        if value is None:
            continue
        try:
            value = rfc3339(read_timestamp(value))
        except (AttributeError, ValueError):
            raise _refused(f"holds {value!r} as the bookmark of {stream}, which is no time") from None
        plain[stream] = {"replication_key_value": value}
        if key := bookmark.get("replication_key"):
            plain[stream]["replication_key"] = str(key)
    return plain


def _refused(what: str) -> ConfigValidationError:
    msg = f"state: it {what}; a state is {SHAPE}"
    return ConfigValidationError(msg, errors=[msg])
