"""The state: Singer's plain bookmarks and nothing else. Pure."""

from __future__ import annotations

from singer_sdk.exceptions import ConfigValidationError

from tap_talkdesk_reports.core.timespans import read_timestamp, rfc3339

SHAPE = (
    '{"bookmarks": {"calls": {"replication_key": "end_at", "replication_key_value": "2026-01-31T00:00:00Z"}}}'
)


def plain_bookmarks(state: object) -> dict[str, dict[str, str]]:
    """The bookmarks of a state that somebody brings, in the shape that this tap writes.

    A value may be a date, or a time with or without a zone (then it is UTC). What
    else a bookmark holds, such as the SDK's progress markers, says nothing about what
    is complete and is left out; a stream of which nothing remains starts anew.

    Raises:
        ConfigValidationError: it has another shape, or a value is no time.
    """
    if not state:
        return {}
    if not isinstance(state, dict):
        raise _refused(f"is {type(state).__name__}")
    if state.get("type") == "STATE":  # a line of a tap's output, as it is
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
        except (AttributeError, ValueError, OverflowError):
            raise _refused(f"holds {value!r} as the bookmark of {stream}, which is no time") from None
        plain[stream] = {"replication_key_value": value}
        if key := bookmark.get("replication_key"):
            plain[stream]["replication_key"] = str(key)
    return plain


def _refused(what: str) -> ConfigValidationError:
    msg = f"state: it {what}; a state is {SHAPE}"
    return ConfigValidationError(msg, errors=[msg])
