"""Checks a tap's output against the Singer rules, and against stricter rules of this tap."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jsonschema import Draft7Validator, FormatChecker

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _has_a_zone(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


class BrokenRuleError(AssertionError):
    """A line breaks a rule. The message names the line and the rule."""


@dataclass
class Stream:
    """A SCHEMA message, and the keys since the start of the run."""

    validator: Draft7Validator
    properties: frozenset[str]
    keys: list[str]
    seen: set[tuple[Any, ...]] = field(default_factory=set)


@dataclass
class Checked:
    """The valid output of a run."""

    #: Records by stream.
    records: Counter[str]
    #: The last STATE.
    state: dict[str, Any]


def check(lines: Iterable[str]) -> Checked:
    """Checks the output of one run, line by line.

    - Each line is a message: SCHEMA, RECORD or STATE.
    - A stream's SCHEMA comes before its records, and contains its keys and replication key.
    - Each record is valid, has only fields of its schema, and its date-times have a zone.
    - No key is null, and no key comes twice within the run.
    - A state contains only plain bookmarks. No bookmark goes back or disappears.
    - The last message is a STATE.

    Raises:
        BrokenRuleError: a line breaks one of these rules.
    """
    streams: dict[str, Stream] = {}
    records: Counter[str] = Counter()
    bookmarks: dict[str, str] = {}
    state, last = {}, "nothing"
    for number, line in enumerate(lines, 1):
        try:
            message = _message(line)
            last = message["type"]
            if last == "SCHEMA":
                _take_schema(message, streams)
            elif last == "RECORD":
                _check_record(message, streams)
                records[message["stream"]] += 1
            elif last == "STATE":
                state = message["value"]
                bookmarks = _moved(bookmarks, state)
            else:
                raise BrokenRuleError(f"a message of type {last!r}")
        except BrokenRuleError as error:
            raise BrokenRuleError(f"line {number}: {error}") from None
    if last != "STATE":
        raise BrokenRuleError(f"the last message is {last} and no STATE")
    return Checked(records, state)


def _message(line: str) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    if not isinstance(message, dict) or "type" not in message:
        raise BrokenRuleError(f"no Singer message: {line[:80]!r}")
    return message


def _take_schema(message: dict[str, Any], streams: dict[str, Stream]) -> None:
    schema, keys = message["schema"], message["key_properties"]
    Draft7Validator.check_schema(schema)
    for name in [*keys, *(message.get("bookmark_properties") or [])]:
        if name not in schema["properties"]:
            raise BrokenRuleError(f"{name} is a key or the replication key, and the schema does not know it")
    if not keys:
        raise BrokenRuleError(f"{message['stream']} has no key")
    before = streams.get(message["stream"])
    streams[message["stream"]] = Stream(
        Draft7Validator(schema, format_checker=FORMATS),
        frozenset(schema["properties"]),
        keys,
        before.seen if before else set(),
    )


def _check_record(message: dict[str, Any], streams: dict[str, Stream]) -> None:
    name, record = message["stream"], message["record"]
    if name not in streams:
        raise BrokenRuleError(f"a record of {name} before its schema")
    stream = streams[name]
    for error in stream.validator.iter_errors(record):
        raise BrokenRuleError(f"{name}: {error.json_path}: {error.message}")
    if unknown := record.keys() - stream.properties:
        raise BrokenRuleError(f"{name}: not in the schema: {', '.join(sorted(unknown))}")
    key = tuple(record.get(each) for each in stream.keys)
    if None in key:
        raise BrokenRuleError(f"{name}: a key that is null: {key}")
    if key in stream.seen:
        raise BrokenRuleError(f"{name}: the key {key} twice")
    stream.seen.add(key)


def _moved(before: dict[str, str], state: dict[str, Any]) -> dict[str, str]:
    if state.keys() != {"bookmarks"}:
        raise BrokenRuleError(f"a state of {', '.join(sorted(state))} and not of bookmarks alone")
    moved = {}
    for stream, bookmark in state["bookmarks"].items():
        # Before a stream's first timespan is complete, its bookmark may be empty.
        if bookmark and bookmark.keys() != {"replication_key", "replication_key_value"}:
            raise BrokenRuleError(f"no plain bookmark of {stream}: {bookmark}")
        if bookmark:
            moved[stream] = bookmark["replication_key_value"]
    for stream, value in before.items():
        if stream not in moved or datetime.fromisoformat(moved[stream]) < datetime.fromisoformat(value):
            raise BrokenRuleError(f"the bookmark of {stream} goes from {value} to {moved.get(stream)}")
    return moved
