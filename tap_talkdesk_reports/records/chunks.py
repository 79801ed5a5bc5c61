"""Builds the records of a whole chunk at once, several times as fast as `RecordBuilder`. Pure.

The records are the same. If a value of a chunk does not fit, `RecordBuilder` builds the
records of that chunk.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw, Struct

from tap_talkdesk_reports.records.columns import CsvColumns, JsonColumns, list_of, type_of
from tap_talkdesk_reports.records.lenient_json import decode_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_talkdesk_reports.records.columns import Record
    from tap_talkdesk_reports.records.record import RecordBuilder

#: Most fields that are learned. A report with more fields has generated names, which do not repeat.
MOST_FIELDS = 1000


class ChunkBuilder:
    """Builds the records of one stream chunk by chunk, and learns the report's fields from the chunks."""

    def __init__(self, builder: RecordBuilder) -> None:
        """Starts with no known field; `builder` builds the records of chunks that do not fit."""
        self._builder = builder
        self._names: dict[str, None] = {}
        #: Fields with another JSON type than the declared one, such as ids without quotation marks.
        self._lenient: set[str] = set()
        self._json: JsonColumns | None = None
        self._header: Sequence[str] | None = None
        self._csv: CsvColumns | None = None

    def from_json(self, data: bytes) -> list[Record]:
        """Builds the records of a JSON list of rows.

        Raises:
            msgspec.DecodeError: the data is not a JSON list of objects.
            UnfitRowError: as `RecordBuilder.from_json`.
        """
        if self._json is not None:
            with suppress(ValueError):
                return self._json.records_of(data)
        rows = decode_rows(data)
        self._learn(rows)
        if self._json is not None:
            with suppress(ValueError):
                return self._json.records_of(data)
        return [self._builder.from_json(row) for row in rows]

    def from_csv(self, header: Sequence[str], lines: Sequence[Sequence[str]]) -> list[Record]:
        """Builds the records of CSV lines that are all as wide as the header.

        Raises:
            UnfitRowError: as `RecordBuilder.from_csv`.
        """
        if self._header != header:
            self._header = header
            self._csv = None if _clash(self._builder, header) else CsvColumns(self._builder, header)
        if self._csv is not None:
            with suppress(ValueError):
                return self._csv.records_of(lines)
        return [self._builder.from_csv(dict(zip(header, cells, strict=True))) for cells in lines]

    @staticmethod
    def column(name: str, records: Sequence[Record]) -> list[Any]:
        """Returns the values of a column, with None for each record without it."""
        first = next(iter(records), None)
        if isinstance(first, Struct):
            attributes = dict(zip(first.__struct_encode_fields__, first.__struct_fields__, strict=True))
            if name not in attributes:
                return [None] * len(records)
            return list(map(attrgetter(attributes[name]), records))
        return [record.get(name) for record in records]

    def _learn(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Learns which fields exist, and which of them have another JSON type than the declared one."""
        found = dict.fromkeys(chain.from_iterable(rows))
        names = self._names | found
        # Start again if the payload now uses other names for the same columns, or names are generated.
        if len(names) > MOST_FIELDS or _clash(self._builder, names):
            names = found
        self._names = names
        self._json = None
        if not names or len(names) > MOST_FIELDS or _clash(self._builder, names):
            return
        for name in names.keys() - self._lenient:
            kind = type_of(self._builder, name)
            if kind is Raw:  # not needed
                continue
            values = [row[name] for row in rows if row.get(name) is not None]
            try:
                msgspec.convert(values, list_of(kind))
            except msgspec.ValidationError:
                self._lenient.add(name)
        with suppress(ValueError):  # a decoder cannot have a field name with a quotation mark
            self._json = JsonColumns(self._builder, names, self._lenient)


def _clash(builder: RecordBuilder, names: Iterable[str]) -> bool:
    """Whether two fields have the same column."""
    columns = [column for name in names if (column := builder.column(name)) is not None]
    return len(columns) > len(set(columns))
