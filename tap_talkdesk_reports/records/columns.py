"""Converts the fields of a JSON or CSV chunk column by column, and builds the records from them. Pure."""

from __future__ import annotations

from collections import deque
from itertools import chain, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from tap_talkdesk_reports.records.record import row_id, unknown_text
from tap_talkdesk_reports.records.schema import ROW_ID, UNKNOWN_FIELDS
from tap_talkdesk_reports.records.values import (
    LARGEST,
    convert_all,
    to_boolean,
    to_integer,
    to_json_text,
    to_list,
    to_number,
    to_seconds,
    to_seconds_of_day,
    to_text,
    to_timestamp,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tap_talkdesk_reports.records.record import RecordBuilder

    #: A struct whose fields are the columns, or a dict.
    Record = Any

#: Most cells of a column whose converted values are cached, and the longest such cell in characters.
MOST_REMEMBERED = 10_000
LONGEST_REMEMBERED = 100

_INTEGER = Annotated[int, Meta(ge=1 - LARGEST, le=LARGEST - 1)]
#: Types with which the JSON decoder converts like the functions of values.py. It decodes timestamps as text.
_TYPES: Mapping[Callable[[Any], Any], Any] = {
    to_text: str,
    to_timestamp: str,
    to_integer: _INTEGER,
    to_seconds: _INTEGER,
    to_seconds_of_day: _INTEGER,
    to_number: _INTEGER | float,
    to_boolean: bool,
    to_list: list[Any],
}


def type_of(builder: RecordBuilder, name: str) -> Any:
    """Returns the type with which the JSON decoder decodes a field."""
    field = builder.field(name)
    if field is None:
        return Any
    column, convert = field
    return _TYPES.get(convert, Any) if column in builder.needed else Raw


def list_of(kind: Any) -> Any:
    """Returns the type of a list whose element type is known only at run time."""
    return list[kind]


class Columns:
    """Builds the records of a chunk from the converted values of its fields."""

    def __init__(self, builder: RecordBuilder, names: Iterable[str]) -> None:
        self.builder = builder
        #: The field name of each column.
        self.source = {c: name for name in names if (c := builder.column(name)) and c in builder.needed}
        self.unknown = sorted(n for n in names if builder.column(n) is None)
        attributes = [(f"c{i}", Any) for i in range(len(builder.columns))]
        rename = {f"c{i}": column for i, column in enumerate(builder.columns)}
        self._record = msgspec.defstruct("Record", attributes, rename=rename, gc=False)
        #: The fields that `_row_id` is a digest of, by the names that the digest contains.
        named = builder.row_id_fields or sorted([*self.source, *self.unknown])
        self._row_id_sources = {name: self.source.get(name, name) for name in named if self._is_there(name)}

    def _is_there(self, name: str) -> bool:
        return name in self.source or (name in self.unknown and not self.builder.row_id_fields)

    def records(self, values: Mapping[str, Sequence[Any]], count: int) -> list[Record]:
        """Builds the records of a chunk.

        Args:
            values: By field name, the values of each field in the order of the rows.
            count: The number of rows.

        Raises:
            ValueError: the `RecordBuilder` must build the records of this chunk.
        """
        self.check_keys(lambda key: values[self.source[key]])
        columns: dict[str, Iterable[Any]] = {column: values[name] for column, name in self.source.items()}
        if ROW_ID in self.builder.columns:
            names, sources = list(self._row_id_sources), self._row_id_sources.values()
            rows = zip(*(values[source] for source in sources), strict=True)
            columns[ROW_ID] = [
                row_id(field for field in zip(names, row, strict=True) if field[1] is not UNSET)
                for row in rows
            ]
        unknown = self._unknown_of([values[name] for name in self.unknown])
        columns[UNKNOWN_FIELDS] = map(unknown_text, unknown) if unknown else repeat(None, count)
        wanted = [columns.get(column, repeat(None, count)) for column in self.builder.columns]
        records = list(map(self._record, *wanted)) if wanted else []
        if len(records) != count:  # no column is selected, or nothing identifies the rows
            raise ValueError
        self.builder.unknown.update(chain.from_iterable(unknown))
        return records

    def check_keys(self, values_of: Callable[[str], Iterable[Any]]) -> None:
        """Raises ValueError if a key is missing in a row; the `RecordBuilder` then finds the row."""
        for key in self.builder.keys:
            # null and "" are false, and so is 0, which the `RecordBuilder` accepts.
            if key != ROW_ID and not (key in self.source and all(values_of(key))):
                raise ValueError

    def _unknown_of(self, values: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
        """Returns the unknown fields of each row; an empty list if no field is unknown."""
        rows = [
            {name: value for name, value in zip(self.unknown, row, strict=True) if value is not UNSET}
            for row in zip(*values, strict=True)
        ]
        if self.builder.unknown_fields == "fail" and any(rows):
            raise ValueError
        return rows


class JsonColumns(Columns):
    """Builds the records of JSON chunks whose fields are known; any other field is an error."""

    def __init__(self, builder: RecordBuilder, names: Iterable[str], lenient: Iterable[str]) -> None:
        super().__init__(builder, names)
        #: Whether the decoded rows can be used as the records.
        self._is_direct = ROW_ID not in builder.columns and all(
            builder.column(name) == name and name in builder.columns for name in names
        )
        ordered = builder.columns if self._is_direct else list(names)
        self._attributes = {name: f"f{i}" for i, name in enumerate(ordered)}
        self._conversions = []
        declared: list[Any] = []
        for name, attribute in self._attributes.items():
            if name not in names:  # a column without a field: null in each record
                declared.append((attribute, UnsetType, None))
                continue
            kind = Any if name in lenient else type_of(builder, name)
            if kind is Raw:
                declared.append((attribute, Raw, Raw()))
                continue
            if (field := builder.field(name)) is None:
                declared.append((attribute, Any, UNSET))
                continue
            declared.append((attribute, kind | None, None))
            if kind is Any or field[1] is to_timestamp:
                self._conversions.append((attribute, field[1]))
        row = msgspec.defstruct(
            "Row",
            declared,
            rename={attribute: name for name, attribute in self._attributes.items()},
            forbid_unknown_fields=True,
            gc=False,
        )
        self._decode = msgspec.json.Decoder(list_of(row)).decode

    def records_of(self, data: bytes) -> list[Record]:
        """Builds the records of a JSON list of rows.

        Raises:
            msgspec.DecodeError: the data is not a JSON list, or a row does not fit.
            ValueError: a value does not fit, or a key is missing.
        """
        rows: list[Record] = self._decode(data)
        for attribute, convert in self._conversions:
            column = list(map(attrgetter(attribute), rows))
            converted = convert_all(convert, column)
            if converted is not column:
                deque(map(setattr, rows, repeat(attribute), converted), maxlen=0)
        if self._is_direct:
            self.check_keys(lambda key: map(attrgetter(self._attributes[key]), rows))
            return rows
        names = (*self.source.values(), *self.unknown)
        values = {name: list(map(attrgetter(self._attributes[name]), rows)) for name in names}
        return self.records(values, len(rows))


class CsvColumns(Columns):
    """Builds the records of CSV chunks."""

    def __init__(self, builder: RecordBuilder, header: Sequence[str]) -> None:
        super().__init__(builder, header)
        self._header = header
        self._converters = [self._converter(name) for name in header]

    def _converter(self, name: str) -> Callable[[Sequence[str]], Sequence[Any]]:
        column, convert = self.builder.field(name) or (None, to_text)
        if column is not None and column not in self.builder.needed:
            return tuple
        if column in self.builder.nullable_texts:
            return lambda cells: [cell or None for cell in cells]
        if convert in {to_text, to_json_text}:
            return tuple
        if convert is to_timestamp:
            return lambda cells: convert_all(to_timestamp, cells)
        remembered = _Remembered(convert)
        return remembered.convert_all

    def records_of(self, lines: Sequence[Sequence[str]]) -> list[Record]:
        """Builds the records of CSV lines that are all as wide as the header.

        Raises:
            ValueError: a value does not fit, or a key is missing.
        """
        columns = zip(self._header, self._converters, zip(*lines, strict=True), strict=True)
        return self.records({name: convert(cells) for name, convert, cells in columns}, len(lines))


class _Remembered(dict[str, Any]):
    """Caches the converted values of cells, because most columns repeat a few values."""

    def __init__(self, convert: Callable[[str], Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, cell: str) -> Any:
        value = self._convert(cell)
        if len(cell) <= LONGEST_REMEMBERED:
            self[cell] = value
        return value

    def convert_all(self, cells: Sequence[str]) -> list[Any]:
        """Converts the cells of a column.

        Raises:
            ValueError: a value does not fit.
        """
        if len(self) > MOST_REMEMBERED:
            self.clear()
        return list(map(self.__getitem__, cells))
