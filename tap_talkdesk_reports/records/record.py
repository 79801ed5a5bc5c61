"""A row as it stands in a report file becomes a record as it stands in the schema. Pure.

Nothing is lost without a word: what the schema has no place for goes where the setting
`unknown_fields` says.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from tap_talkdesk_reports.core.errors import UnfitRowError
from tap_talkdesk_reports.records.values import converter, to_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    Row = Mapping[str, Any]
    Record = dict[str, Any]

UNKNOWN_FIELDS = "_unknown_fields"
ROW_ID = "_row_id"

MAX_SHOWN_ROW = 200
#: What CSV cannot tell from null.
NONE = (None, "")


class RecordBuilder:
    """Makes the records of one stream, and counts what had no place."""

    def __init__(
        self,
        stream: str,
        schema: Mapping[str, Any],
        *,
        keys: Sequence[str],
        replication_key: str,
        unknown_fields: str,
        never_null: Collection[str] = (),
        aliases: Mapping[str, str] | None = None,
        row_id_fields: Sequence[str] = (),
        selected: Collection[str] | None = None,
    ) -> None:
        """Prepare one converter for each field.

        Args:
            stream: Its name, for errors.
            schema: Its JSON Schema.
            keys: Its key columns, of which none is ever null.
            replication_key: Its replication key; a value there that is no timestamp fails the stream.
            unknown_fields: `keep`, `warn` or `fail`.
            never_null: Text fields that the API fills with `""` instead of null. CSV
                writes both as an empty cell, so that only this tells which it was.
            aliases: Columns by the plain names that their fields had in payloads of another time.
            row_id_fields: Columns that `_row_id` is made of, where that is the key; none: the whole row.
            selected: The columns that are wanted; left out: all.
        """
        self._stream = stream
        self.keys = tuple(keys)
        self.replication_key = replication_key
        self._strict = {*keys, replication_key}
        self.unknown_fields = unknown_fields
        self._aliases = aliases or {}
        #: What `_row_id` is made of; none: the whole row.
        self.row_id_fields = tuple(row_id_fields)
        #: The columns of a record, in the order of the schema.
        self.columns = [name for name in schema["properties"] if selected is None or name in selected]
        own = {UNKNOWN_FIELDS, ROW_ID}
        fields = {name: field for name, field in schema["properties"].items() if name not in own}
        self.converters = {name: converter(field) for name, field in fields.items()}
        #: Columns of text in which CSV writes null as an empty cell.
        texts = {name for name, convert in self.converters.items() if convert is to_text}
        self.nullable_texts = texts - set(never_null)
        #: Columns that must be read, be it for `_row_id` alone.
        self.needed = set(self.columns)
        if ROW_ID in keys:
            self.needed |= set(row_id_fields or fields)
        #: The columns of the source names met so far.
        self._columns: dict[str, str] = {}
        #: How often each field had no place: unknown to the schema, or of a type that does not fit.
        self.unknown: Counter[str] = Counter()

    def from_csv(self, row: Mapping[str, str]) -> Record:
        """The record of a CSV row, in which an empty cell of a nullable field means null."""
        nullable = self.nullable_texts
        return self.from_json(
            {name: cell if cell or self.column(name) not in nullable else None for name, cell in row.items()}
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
            column = self._columns.get(name) or self.column(name)
            if column is None or column in record:
                unknown[name] = value
                continue
            if column not in self.needed:
                continue
            try:
                record[column] = None if value is None else self.converters[column](value)
            except (ValueError, OverflowError):
                if column in self._strict:
                    what = f"{name} is {_shown(value)}, which does not fit"
                    raise self._unfit(record, what) from None
                record[column] = None
                unknown[name] = value
        if ROW_ID in self.keys:
            fields = record if self.row_id_fields else {**record, **unknown}
            record[ROW_ID] = row_id((name, fields.get(name)) for name in self.row_id_fields or sorted(fields))
        if unknown:
            self._place(unknown, record)
        for key in self.keys:
            if record.get(key) in NONE:
                raise self._unfit(record, f"{key} is missing, which is part of the key")
        return {name: record[name] for name in self.columns if name in record}

    def column(self, name: str) -> str | None:
        """The column of a source name, however that is spelled; None if there is none."""
        plain = plain_name(name)
        column = self._aliases.get(plain, plain)
        if column not in self.converters:
            return None
        self._columns[name] = column
        return column

    def _unfit(self, record: Record, what: str) -> UnfitRowError:
        """Names the row by its keys only: the rest may be personal, and errors end in logs."""
        keys = {name: record[name] for name in (*self.keys, self.replication_key) if name in record}
        return UnfitRowError(f"Stream {self._stream!r}: {what}; in the row with {_shown(keys)}")

    def _place(self, unknown: Record, record: Record) -> None:
        if self.unknown_fields == "fail":
            msg = (
                f"Stream {self._stream!r}: no place for the value of {next(iter(unknown))!r}, "
                "and unknown_fields is 'fail'. Set it to 'keep' or 'warn' to go on"
            )
            raise UnfitRowError(msg)
        self.unknown.update(unknown.keys())
        if self.unknown_fields == "keep":
            record[UNKNOWN_FIELDS] = dict(sorted(unknown.items()))


def row_id(fields: Iterable[tuple[str, object]]) -> str:
    """A digest that tells rows apart: the same in every run, and the same for JSON and for CSV.

    Empty text counts as null, which CSV cannot tell from it; and nulls count as nothing,
    so that a field that is new to a report gives old rows no new id.
    """
    content = [field for field in fields if field[1] not in NONE]
    return blake2b(msgspec.json.encode(content), digest_size=16).hexdigest()


def _shown(value: object) -> str:
    """A value or row, cut, for an error that helps to find it in the report."""
    shown = json.dumps(value, default=str, ensure_ascii=False)
    return shown if len(shown) <= MAX_SHOWN_ROW else shown[:MAX_SHOWN_ROW] + "..."


def plain_name(name: str) -> str:
    """A field's name in snake case: `in_business_hours?`, `wrap-up_duration` and `Interaction ID` made plain.

    CSV headers differ from JSON keys in blanks and case, and one dotted key was seen
    with an underscore as well (talkdesk-api, B6 and C7): all spellings of a name have
    the same plain one.
    """
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")


def completed(schema: Mapping[str, Any], keys: Sequence[str], *, keep_unknown: bool) -> dict[str, Any]:
    """The schema with the columns of our own.

    Keys are never null. All else may be, whatever the documents say: a value that does
    not fit becomes null.
    """
    properties = dict(schema["properties"])
    if ROW_ID in keys:
        digest = {
            "type": ["string", "null"],
            "description": "Digest of what tells this row apart; the report has no key of its own.",
        }
        properties = {ROW_ID: digest, **properties}
    if keep_unknown:
        properties[UNKNOWN_FIELDS] = {
            "type": ["object", "null"],
            "description": "Fields unknown to this schema, and values that do not fit their type.",
        }
    for key in keys:
        types = [kind for kind in properties[key]["type"] if kind != "null"]
        properties[key] = {**properties[key], "type": types}
    return {**schema, "properties": properties, "required": list(keys)}
