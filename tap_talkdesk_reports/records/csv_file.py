"""Reads a CSV report file chunk by chunk; checks its header, the width of each row and its encoding. Pure.

As for JSON, the result is all rows of a report, or an error.
"""

from __future__ import annotations

import csv
import io
import re
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from tap_talkdesk_reports.core.errors import MalformedFileError
from tap_talkdesk_reports.core.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Sequence

#: A chunk ends after this many rows, or this many bytes of the file. The size is that of JSON chunks,
#: for the same reasons, and `python -m bench.chunks` measures it, too.
CHUNK_ROWS = 2000
CHUNK_BYTES = 1 << 17
#: The bytes are counted after each group of this many rows. Other numbers take the same time.
COUNTED_ROWS = 10
#: Most characters of a cell. In a longer one, a quotation mark is probably missing.
LONGEST_CELL = 64 << 20

_line_break = re.compile(r"\r\n|\r|\n")


def rows_of_cells(header: Sequence[str], lines: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Converts CSV lines to rows, each a dictionary by header name."""
    return [dict(zip(header, cells, strict=True)) for cells in lines]


def csv_rows(
    file: BinaryIO,
    columns: Collection[str],
    column_of: Callable[[str], str | None] = str,
    make: Callable[[Sequence[str], Sequence[Sequence[str]]], list[Any]] = rows_of_cells,
) -> Generator[list[Any], None, None]:
    """Yields the rows of a CSV report in chunks; the first line is the header.

    A file of 0 bytes is an empty report.

    Args:
        file: The report file.
        columns: Columns that the header must have, so that an error message in plain
            text is not read as an empty report.
        column_of: Returns the column of a name in the header.
        make: Makes the chunk that is yielded from the header and the cells of some lines.

    Raises:
        MalformedFileError: a row is ragged, a quotation is not closed, the header lacks a
            column or has one twice, or the text is not UTF-8.
    """
    file.seek(0)
    csv.field_size_limit(LONGEST_CELL)
    lines_of_text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(lines_of_text, strict=True)
    try:
        header = next(reader, None)
        if header is not None:
            _check_header(header, columns, {column_of(name) for name in header})
            begin = reader.line_num
            for lines in _line_chunks(file, reader):
                is_even = set(map(len, lines)) == {len(header)}
                if not is_even:
                    _check_lines(len(header), lines, begin)
                begin = reader.line_num
                yield make(header, lines if is_even else [cells for cells in lines if cells])
    except (csv.Error, UnicodeDecodeError) as error:
        msg = f"CSV line {reader.line_num}: {error}"
        raise MalformedFileError(msg, position=reader.line_num) from None
    finally:
        with suppress(ValueError):  # the caller has closed the file
            lines_of_text.detach()  # otherwise the wrapper would close the file


def _line_chunks(file: BinaryIO, lines: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    """Yields the lines in chunks that are limited in rows and in bytes, so that long cells fit in memory."""
    step = min(COUNTED_ROWS, CHUNK_ROWS)
    begin = file.tell()
    while chunk := list(islice(lines, step)):
        while len(chunk) < CHUNK_ROWS and file.tell() - begin < CHUNK_BYTES:
            if not (more := list(islice(lines, step))):
                break
            chunk += more
        yield chunk
        begin = file.tell()


def _check_header(header: list[str], columns: Collection[str], found: Collection[str | None]) -> None:
    missing = [name for name in columns if name not in found]
    if missing or len(set(header)) < len(header):
        what = f"lacks {', '.join(missing)}" if missing else "has a column twice"
        # The header is not shown, because a line that is not a header may contain personal data.
        msg = f"the CSV header ({counted(len(header), 'column')}) {what}"
        raise MalformedFileError(msg, position=1)


def _check_lines(width: int, lines: Sequence[Sequence[str]], line: int) -> None:
    """Checks that all lines are as wide as the header, except empty lines, which csv reads as no cells."""
    for cells in lines:
        line += 1 + sum(_line_break.subn("", cell)[1] for cell in cells)
        if len(cells) not in {0, width}:
            msg = f"CSV line {line}: the row has {counted(len(cells), 'cell')}, and the header has {width}"
            raise MalformedFileError(msg, position=line)
