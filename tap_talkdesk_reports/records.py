"""A row as it stands in a report file becomes a record as it stands in the schema. Pure.

Types are read with tolerance, since a CSV file holds nothing but text and the APIs
print one kind of value in several ways (talkdesk-api, D3). Nothing is lost without
a word: what the schema has no place for goes where the setting `unknown_fields` says.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap_talkdesk_reports.errors import UnfitRowError
from tap_talkdesk_reports.timespans import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    Row = Mapping[str, Any]
    Record = dict[str, Any]
    #: Gives the value in the declared type; raises ValueError where it does not fit.
    Reader = Callable[[Any], Any]

UNKNOWN_FIELDS = "_unknown_fields"

TRUE = frozenset({"true", "yes", "1"})
FALSE = frozenset({"false", "no", "0"})


class RecordMaker:
    """Makes the records of one stream, and counts what had no place."""

    def __init__(
        self,
        stream: str,
        schema: Mapping[str, Any],
        *,
        keys: Sequence[str],
        replication_key: str,
        never_null: Collection[str],
        unknown_fields: str,
    ) -> None:
        """Prepare one reader for each field.

        Args:
            stream: Its name, for errors.
            schema: Its JSON Schema.
            keys: Its key columns, of which none is ever null.
            replication_key: Its replication key; a value there that is no timestamp fails the stream.
            never_null: Text fields that the API fills with `""` instead of null. CSV
                writes both as an empty cell, so that only this tells which it was.
            unknown_fields: `keep`, `warn` or `fail`.
        """
        self._stream = stream
        self._keys = tuple(keys)
        self._replication_key = replication_key
        self._strict = {*keys, replication_key}
        self._unknown_fields = unknown_fields
        fields = {name: field for name, field in schema["properties"].items() if name != UNKNOWN_FIELDS}
        self._readers = {name: reader(field) for name, field in fields.items()}
        self._nullable_texts = {
            name for name, field in fields.items() if self._readers[name] is _text and name not in never_null
        }
        #: How often each field had no place: unknown to the schema, or of a type that does not fit.
        self.unknown: Counter[str] = Counter()

    def from_csv(self, row: Mapping[str, str]) -> Record:
        """The record of a CSV row, in which an empty cell of a nullable field means null."""
        return self.from_json(
            {name: None if not cell and name in self._nullable_texts else cell for name, cell in row.items()}
        )

    def from_json(self, row: Row) -> Record:
        """The record of a JSON row.

        Fields that the row does not have, the record does not have either.

        Raises:
            UnfitRowError: a key is missing or null, a key or replication key has no
                fitting value, or a field is unknown and the settings say `fail`.
        """
        record: Record = {}
        unknown: Record = {}
        for name, value in row.items():
            read = self._readers.get(name)
            if read is None:
                unknown[name] = value
                continue
            try:
                record[name] = None if value is None else read(value)
            except (ValueError, OverflowError):
                if name in self._strict:
                    raise self._unfit(row, f"{name} is {_shown(value)}, which does not fit") from None
                record[name] = None
                unknown[name] = value
        if unknown:
            self._place(unknown, record)
        for key in self._keys:
            if record.get(key) is None:
                raise self._unfit(row, f"{key} is missing, which is part of the key")
        return record

    def _unfit(self, row: Row, what: str) -> UnfitRowError:
        """Names the row by its keys only: the rest may be personal, and errors end in logs."""
        keys = {name: row.get(name) for name in (*self._keys, self._replication_key) if name in row}
        return UnfitRowError(f"Stream {self._stream!r}: {what}; in the row with {_shown(keys)}")

    def _place(self, unknown: Record, record: Record) -> None:
        if self._unknown_fields == "fail":
            name, value = next(iter(unknown.items()))
            msg = (
                f"Stream {self._stream!r}: no place for {name!r} with value {_shown(value)}, "
                "and unknown_fields is 'fail'. Set it to 'keep' or 'warn' to go on"
            )
            raise UnfitRowError(msg)
        self.unknown.update(unknown.keys())
        if self._unknown_fields == "keep":
            record[UNKNOWN_FIELDS] = unknown


def reader(field: Mapping[str, Any]) -> Reader:
    """What reads the values of a field, by its JSON Schema."""
    types = field["type"] if isinstance(field["type"], list) else [field["type"]]
    if field.get("format") == "date-time":
        return _timestamp
    readers: dict[str, Reader] = {
        "string": _text,
        "integer": _integer,
        "number": _number,
        "boolean": _boolean,
    }
    return next((readers[name] for name in types if name in readers), _anything)


def read_timestamp(text: str) -> datetime:
    """A point in time in any of the spellings that the APIs use; without a zone it is UTC.

    Seen: `2016-01-29 10:22:02`, `2016-07-29 00:00:00 UTC`, `2026-04-23T10:22:26Z`,
    the same with milliseconds and with an offset (talkdesk-api, A3 and D3).

    Raises:
        ValueError: the text is none of them.
    """
    read = datetime.fromisoformat(text.strip().removesuffix("UTC").rstrip())
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # an id of digits, printed without quotation marks
    raise ValueError


def _integer(value: object) -> int | None:
    if isinstance(value, str):
        return int(_digits(value)) if value else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError
    return int(value)


def _number(value: object) -> float | None:
    if isinstance(value, str):
        if not value:
            return None
        value = float(_digits(value))
    if (
        isinstance(value, bool) or not isinstance(value, int | float) or value - value != 0
    ):  # infinite, or no number
        raise ValueError
    return value


def _digits(text: str) -> str:
    """The text, unless it is a number to Python alone, like 1_000."""
    if "_" in text:
        raise ValueError
    return text


def _boolean(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        if word in TRUE or word in FALSE:
            return word in TRUE
        if not word:
            return None
    raise ValueError


def _timestamp(value: object) -> str | None:
    if not isinstance(value, str):
        raise ValueError
    return rfc3339(read_timestamp(value)) if value else None


def _anything(value: object) -> object:
    return None if value == "" else value


def _shown(value: object) -> str:
    """A value or row, cut, for an error that helps to find it in the report."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 200 else text[:200] + "..."
