"""A CSV report file's bytes become rows, chunk by chunk. Pure, and lazy.

As in parsing.py, the outcome is all rows of a whole report, or an error.
"""

from __future__ import annotations

import csv
import io
import re
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from tap_talkdesk_reports.core.errors import MalformedFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

CHUNK_ROWS = 2000
#: What is longer is no cell but a missing quotation mark.
LONGEST_CELL = 64 << 20

_line_break = re.compile(r"\r\n|\r|\n")


def rows_of_cells(header: Sequence[str], lines: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Rows of the cells of some lines of CSV."""
    return [dict(zip(header, cells, strict=True)) for cells in lines]


def csv_rows(
    file: BinaryIO,
    columns: Collection[str],
    column_of: Callable[[str], str | None] = str,
    make: Callable[[Sequence[str], Sequence[Sequence[str]]], list[Any]] = rows_of_cells,
) -> Iterator[list[Any]]:
    """The rows of a CSV report: a header line, then one row a line, quoted by the usual rules.

    A file without a byte is an empty report.

    Args:
        file: The report file.
        columns: Names that the header must hold, so that an error message in plain
            text is not taken for an empty report.
        column_of: Gives the column of a name in the header, where the two differ.
        make: Makes what is to be yielded of the header and the cells of some lines.

    Raises:
        ReportFileError: a ragged row, an unclosed quotation, a header without the columns, no UTF-8.
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
            while lines := list(islice(reader, CHUNK_ROWS)):
                if set(map(len, lines)) != {len(header)}:
                    _check_lines(len(header), lines, begin)
                    lines = [cells for cells in lines if cells]
                begin = reader.line_num
                yield make(header, lines)
    except (csv.Error, UnicodeDecodeError) as error:
        msg = f"line {reader.line_num}: {error}"
        raise MalformedFileError(msg, position=reader.line_num) from None
    finally:
        with suppress(ValueError):  # somebody has closed the file
            lines_of_text.detach()  # else this would close it


def _check_header(header: list[str], columns: Collection[str], found: Collection[str | None]) -> None:
    missing = [name for name in columns if name not in found]
    if missing or len(set(header)) < len(header):
        what = f"lacks {', '.join(missing)}" if missing else "names a column twice"
        # The header itself is not shown: where it is none, it may be anything.
        msg = f"the CSV header, of {len(header)} columns, {what}"
        raise MalformedFileError(msg, position=1)


def _check_lines(width: int, lines: Sequence[Sequence[str]], line: int) -> None:
    """Check that all lines are as wide as the header, but for empty ones, which csv reads as no cells."""
    for cells in lines:
        line += 1 + sum(_line_break.subn("", cell)[1] for cell in cells)
        if len(cells) not in {0, width}:
            msg = f"line {line}: the row has {len(cells)} cells, and the header {width}"
            raise MalformedFileError(msg, position=line)
