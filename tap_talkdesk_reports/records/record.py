"""Builds the record of a row: selected columns, null for empty values, keys, `_row_id`, unknown fields. Pure.

No value is lost silently. The setting `unknown_fields` decides whether a value without a
column is kept, counted, or an error.
"""

from __future__ import annotations

import json
from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from tap_talkdesk_reports.core.errors import UnfitRowError
from tap_talkdesk_reports.records.names import plain_name
from tap_talkdesk_reports.records.schema import ROW_ID, UNKNOWN_FIELDS
from tap_talkdesk_reports.records.values import InexactError, converter, to_json_text, to_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tap_talkdesk_reports.records.values import Converter

    Row = Mapping[str, Any]
    Record = dict[str, Any]

#: Most characters of a value or row that an error shows.
MAX_SHOWN_ROW = 200
#: The values that count as null: CSV writes null as empty text.
NONE = (None, "")


class RecordBuilder:
    """Builds the records of one stream row by row, and counts the fields that have no column."""

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
        day_fractions: Collection[str] = (),
        row_id_fields: Sequence[str] = (),
        selected: Collection[str] | None = None,
    ) -> None:
        """Prepares one converter for each column.

        Args:
            stream: Name of the stream, for errors.
            schema: JSON Schema of the stream.
            keys: Key columns. A key is never null.
            replication_key: Replication key.
            unknown_fields: `keep`, `warn` or `fail`.
            never_null: Text fields that the API fills with `""` instead of null. CSV writes
                both as an empty cell, so only this list distinguishes them.
            aliases: Columns by the plain names that their fields have in other payloads.
            day_fractions: Plain names of duration fields whose values below 1 are fractions of a day.
            row_id_fields: Columns that `_row_id` is a digest of; empty means the whole row.
            selected: Selected columns; None selects all. Keys and replication key are always selected.
        """
        self._stream = stream
        self.keys = tuple(keys)
        self.replication_key = replication_key
        self.unknown_fields = unknown_fields
        self._aliases = aliases or {}
        self._day_fractions = frozenset(day_fractions)
        #: Columns that `_row_id` is a digest of; empty means the whole row.
        self.row_id_fields = tuple(row_id_fields)
        always = {*keys, replication_key}
        #: The columns of every record, in the order of the schema.
        self.columns = [n for n in schema["properties"] if selected is None or n in selected or n in always]
        self._selected = frozenset(self.columns)
        own = {UNKNOWN_FIELDS, ROW_ID}
        fields = {name: field for name, field in schema["properties"].items() if name not in own}
        self._schemas = fields
        self._converters = {name: converter(field) for name, field in fields.items()}
        texts = {name for name, convert in self._converters.items() if convert in {to_text, to_json_text}}
        #: Text columns in which an empty CSV cell means null.
        self.nullable_texts = texts - set(never_null)
        #: Columns that must be converted: selected ones, and those that `_row_id` needs.
        self.needed = set(self.columns)
        if ROW_ID in self._selected:
            self.needed |= set(row_id_fields or fields)
        #: Column and converter of each field name that was seen so far.
        self._fields: dict[str, tuple[str, Converter]] = {}
        #: How many values of each field had no place: the field is unknown, or the value does not fit.
        self.unknown: Counter[str] = Counter()

    def from_csv(self, row: Mapping[str, str]) -> Record:
        """Builds the record of a CSV row; an empty cell of a nullable field means null.

        Raises:
            UnfitRowError: as `from_json`.
        """
        nullable = self.nullable_texts
        return self.from_json(
            {name: cell if cell or self.column(name) not in nullable else None for name, cell in row.items()}
        )

    def from_json(self, row: Row) -> Record:
        """Builds the record of a JSON row: all selected columns, null if the row lacks the field.

        Raises:
            UnfitRowError: a key is empty or does not fit, or `unknown_fields` is `fail` and a
                field is unknown or a value does not fit.
        """
        record: Record = {}
        unknown: Record = {}
        deselected: Record = {}
        for name, value in row.items():
            if (field := self._fields.get(name) or self.field(name)) is None:
                unknown[name] = value
                continue
            column, convert = field
            if column not in self.needed:
                continue
            # A deselected value may be part of `_row_id`, but must not appear in the unknown fields.
            misfits = unknown if column in self._selected else deselected
            if column in record:
                misfits[name] = value
                continue
            try:
                record[column] = None if value is None else convert(value)
            except InexactError as error:
                record[column], misfits[name] = error.rounded, value
            except ValueError:
                record[column], misfits[name] = None, value
        if ROW_ID in self._selected:
            fields = record | deselected | unknown  # misfits distinguish rows, too
            record[ROW_ID] = row_id((name, fields.get(name)) for name in self.row_id_fields or sorted(fields))
        if unknown:
            self._place(unknown, record)
        for key in self.keys:
            if record.get(key) in NONE:
                raise self._unfit(record, key)
        return {name: record.get(name) for name in self.columns}

    def field(self, name: str) -> tuple[str, Converter] | None:
        """Returns column and converter of a field, in any spelling of its name; None for an unknown field."""
        plain = plain_name(name)
        column = self._aliases.get(plain, plain)
        if column not in self._converters:
            return None
        convert = self._converters[column]
        if plain in self._day_fractions:
            convert = converter(self._schemas[column], day_fractions=True)
        self._fields[name] = column, convert
        return self._fields[name]

    def column(self, name: str) -> str | None:
        """Returns the column of a field, in any spelling of its name; None for an unknown field."""
        field = self._fields.get(name) or self.field(name)
        return field[0] if field else None

    def _unfit(self, record: Record, key: str) -> UnfitRowError:
        """Returns an error that shows only the keys of the row: the rest may be personal data."""
        keys = {name: record[name] for name in (*self.keys, self.replication_key) if name in record}
        return UnfitRowError(
            f"a row of stream {self._stream!r} cannot be loaded: its key {key} is empty or does not fit its "
            f"type; please report it. The row has {_shown(keys)}"
        )

    def _place(self, unknown: Record, record: Record) -> None:
        """Handles unknown fields by the setting `unknown_fields`: keeps them, counts them, or raises."""
        if self.unknown_fields == "fail":
            msg = (
                f"stream {self._stream!r} has no column for the value of {next(iter(unknown))!r}, "
                "and unknown_fields is 'fail'; set it to 'keep' or 'warn'"
            )
            raise UnfitRowError(msg)
        self.unknown.update(unknown.keys())
        record[UNKNOWN_FIELDS] = unknown_text(dict(sorted(unknown.items())))


def unknown_text(unknown: Mapping[str, Any]) -> str | None:
    """Encodes unknown fields as a JSON object in a text, which every target can load."""
    return msgspec.json.encode(unknown).decode() if unknown else None


def row_id(fields: Iterable[tuple[str, object]]) -> str:
    """Computes the digest that identifies a row; it is the same in every run, for JSON and CSV.

    Empty text counts as null, because CSV writes both alike. Nulls are left out. So a new
    field of a report does not change the digests of old rows.
    """
    content = [field for field in fields if field[1] not in NONE]
    return blake2b(msgspec.json.encode(content), digest_size=16).hexdigest()


def _shown(value: object) -> str:
    """Formats a value or row as JSON, cut to 200 characters, for an error."""
    shown = json.dumps(value, default=str, ensure_ascii=False)
    return shown if len(shown) <= MAX_SHOWN_ROW else shown[:MAX_SHOWN_ROW] + "..."
