"""A simple hand-written loop with msgspec: `python -m bench.msgspec_loop FILE`.

Typed decode of 1 MiB at a time, timestamps row by row, one RECORD message for each row. No HTTP, no
checks, no state, no SDK. It is not a lower bound: the tap may be faster. Reads JSON and CSV.
"""

from __future__ import annotations

import csv
import os
import sys
from itertools import islice
from pathlib import Path
from types import GenericAlias
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from bench.calls import KINDS, NEVER_NULL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Rows = list[Any]

_PIECE = 1 << 20
_PIECE_ROWS = 2000
_BOUNDARY = b"},{"

_TYPES = {"date-time": str | None, "integer": int | None, "boolean": bool | None, "string": str | None}
_BOOLEANS = {"true": True, "false": False, "": None}


class RecordMessage(msgspec.Struct, tag_field="type", tag="RECORD", gc=False):
    """A RECORD message, with its members in this order."""

    stream: str
    record: Any
    time_extracted: str


def json_rows(file: BinaryIO) -> Iterator[Rows]:
    """Yields the rows of a JSON report, in chunks that end at the end of an entry."""
    buffer = file.read(_PIECE)
    buffer = buffer[buffer.index(b"[") + 1 :]
    if (first := buffer.find(_BOUNDARY)) < 0:
        return
    row = _row(msgspec.json.decode(buffer[: first + 1]))
    decode = msgspec.json.Decoder(GenericAlias(list, (row,))).decode
    while piece := file.read(_PIECE):
        buffer += piece
        boundary = buffer.rindex(_BOUNDARY) + 1
        rows = decode(b"[" + buffer[:boundary] + b"]")
        buffer = buffer[boundary + 1 :]
        yield _normalised(rows)
    yield _normalised(decode(b"[" + buffer.removesuffix(b"}")))


def _row(fields: Iterable[str]) -> type[Any]:
    return msgspec.defstruct("Row", [(name, _TYPES[KINDS[name]]) for name in fields], gc=False)


def _normalised(rows: Rows) -> Rows:
    for row in rows:
        row.start_at = _rfc3339(row.start_at)
        row.end_at = _rfc3339(row.end_at)
    return rows


def _rfc3339(stamp: str) -> str:
    return f"{stamp[:10]}T{stamp[11:]}Z"


def csv_rows(file: BinaryIO) -> Iterator[Rows]:
    """Yields the rows of a CSV report, in chunks whose types are converted column by column."""
    reader = csv.reader(map(bytes.decode, file))
    header = next(reader)
    row = _row(header)
    while cells := list(islice(reader, _PIECE_ROWS)):
        columns = (
            _typed(name, column) for name, column in zip(header, zip(*cells, strict=True), strict=True)
        )
        yield [row(*values) for values in zip(*columns, strict=True)]


def _typed(name: str, cells: Sequence[str]) -> Sequence[Any]:
    match KINDS[name]:
        case "date-time":
            return [_rfc3339(cell) if cell else None for cell in cells]
        case "integer":
            return [int(cell) if cell else None for cell in cells]
        case "boolean":
            return [_BOOLEANS[cell] for cell in cells]
    return cells if name in NEVER_NULL else [cell or None for cell in cells]


def main(path: Path) -> None:
    """Writes the RECORD lines of a report file."""
    encode = msgspec.json.Encoder().encode_lines
    with path.open("rb") as file:
        for rows in json_rows(file) if path.suffix == ".json" else csv_rows(file):
            lines = memoryview(encode([RecordMessage("calls", row, "2026-01-01T00:00:00Z") for row in rows]))
            while lines:
                lines = lines[os.write(1, lines) :]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
