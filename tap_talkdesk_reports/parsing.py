"""A report file's bytes become rows, JSON and CSV, chunk by chunk. Pure, and lazy.

No function here knows a network, a setting or a stream. Whatever the bytes are, the
outcome is all rows of a whole report, or an error: a file that stopped early or is
something else never reads as an empty report.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import deque
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from tap_talkdesk_reports.errors import MalformedFileError, TruncatedFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator

    Row = dict[str, Any]

CHUNK_BYTES = 1 << 20
CHUNK_ROWS = 2000
#: How far from the end of a chunk a likely border is looked for.
SEARCHED_BYTES = 1 << 16

#: What is longer is no entry but a missing quotation mark.
LONGEST_ENTRY = 64 << 20
#: What stands around the entries of a JSON report is small; if it is not, the file is something else.
LONGEST_ENVELOPE = 1 << 20

BOM = b"\xef\xbb\xbf"
SPACE = b" \t\r\n"

_entries_start = re.compile(rb'"entries"\s*:\s*\[')
#: Looks like the border of two entries; may also stand in a text or deeper down.
_likely_border = re.compile(rb"\}\s*,\s*\{")
#: A whole string, the quotation mark of one that is not whole, or a bracket.
_token = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["\[\]{}]', re.DOTALL)
_decode_rows = msgspec.json.Decoder(list[dict[str, Any]]).decode
#: Half of a character beyond the first 65,536, as `\\ud83d`: a text that was cut in the middle of an emoji.
_surrogate = re.compile(rb"\\u[dD][89a-fA-F]")
_NO_JSON = (msgspec.DecodeError, ValueError, RecursionError)
#: Stands for the list of entries, so that the decoder can prove where that stood.
_LIST = "\0 the entries \0"


def first_byte(file: BinaryIO) -> bytes:
    """The first byte that is no white space; `b""` for an empty file. It tells the format: `{` is JSON."""
    file.seek(0)
    return file.read(4096).removeprefix(BOM).lstrip(SPACE)[:1]


def check_ends(file: BinaryIO) -> None:
    """Check first byte and last bracket, before any row is out.

    Raises:
        MalformedFileError: the file is a page of HTML or XML, or a JSON array.
        TruncatedFileError: the file is JSON and does not end like JSON.
    """
    first = first_byte(file)
    if first == b"<":
        msg = "the file is a page of HTML or XML and no report"
        raise MalformedFileError(msg, position=0)
    if first == b"[":
        msg = "the file is a JSON array and no report object with `entries`"
        raise MalformedFileError(msg, position=0)
    if first == b"{":
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - 4096))
        if not file.read().rstrip(SPACE).endswith(b"}"):
            msg = f"the JSON stops after {size} bytes, without its closing bracket"
            raise TruncatedFileError(msg, position=size)


def json_rows(file: BinaryIO) -> Iterator[list[Row]]:
    """The rows of a JSON report, in lists of about 1 MiB of file.

    A report is `{"total": N, "entries": [{...}, ...], ...}` with its keys in any order
    (talkdesk-api, A6 and B6). A missing list of entries is an empty report only where
    `total` says 0; that `total` is missing is no mistake.

    Raises:
        ReportFileError: the file is no whole report; some rows may have been yielded before.
    """
    file.seek(0)
    head = file.read(LONGEST_ENVELOPE)
    start = _entries_start.search(head)
    if start is None:
        yield from _no_entries(head + file.read(1))
        return
    count, tail = yield from _entries(file, head[start.end() :])
    tail += file.read(LONGEST_ENVELOPE)
    # The decoder proves that the list stood at the top of a whole object.
    envelope = _envelope(head[: start.end() - 1] + msgspec.json.encode(_LIST) + tail)
    if envelope.get("entries") != _LIST:
        msg = "the report's entries do not stand where they should"
        raise MalformedFileError(msg)
    total = envelope.get("total")
    if total is not None and str(total) != str(count):
        msg = f"the report says that it has {total} rows, and has {count}"
        raise MalformedFileError(msg, position=count)


def _no_entries(data: bytes) -> Iterator[list[Row]]:
    envelope = _envelope(data) if len(data) <= LONGEST_ENVELOPE else {}
    total = envelope.get("total")
    if envelope.get("entries") is not None or str(total) != "0":
        msg = f"the report has no list of entries, and its total is {total!r}"
        raise MalformedFileError(msg)
    yield from ()


def _envelope(data: bytes) -> Row:
    try:
        return msgspec.json.decode(data.removeprefix(BOM), type=dict[str, Any])
    except _NO_JSON as error:
        msg = f"the file is no JSON report: {error}"
        raise MalformedFileError(msg) from None


def _entries(file: BinaryIO, buffer: bytes) -> Generator[list[Row], None, tuple[int, bytes]]:
    """Yield the entries in chunks; return their count, and the bytes already read behind their list."""
    opening = b"["  # so that each piece behind the first must begin with the comma that JSON wants there
    count = 0
    while True:
        more = file.read(CHUNK_BYTES)
        buffer += more
        end = None
        if more and (cut := _cut_at_likely_border(opening, buffer)):
            chunk, buffer = cut
        else:
            whole, end = _scan(buffer)
            if not more and end is None:
                msg = f"the file stops within its entries, after {count} whole rows"
                raise TruncatedFileError(msg, position=file.tell())
            border = whole if end is None else end
            try:
                chunk, buffer = _decode(opening, buffer[:border]), buffer[border:]
            except _NO_JSON as error:
                msg = f"the entries stop being a list of JSON objects after row {count}: {error}"
                raise MalformedFileError(msg, position=count) from None
            if len(buffer) > LONGEST_ENTRY:
                msg = f"row {count + 1} is longer than {LONGEST_ENTRY} bytes"
                raise MalformedFileError(msg, position=count)
        if chunk:
            opening = b"[{}"
            count += len(chunk)
            yield chunk
        if end is not None:
            if buffer[:1] != b"]":
                msg = f"the list of entries does not end with its bracket, after {count} rows"
                raise MalformedFileError(msg, position=count)
            return count, buffer[1:]


def _decode(opening: bytes, piece: bytes) -> list[Row]:
    data = opening + piece + b"]"
    try:
        decoded = _decode_rows(data)
    except msgspec.DecodeError:
        if not _surrogate.search(piece):
            raise
        decoded = _decode_rows(_without_lone_surrogates(data))
    return decoded[1:] if opening != b"[" else decoded


def _without_lone_surrogates(data: bytes) -> bytes:
    """The same JSON, with a replacement character for each half of a character that stands alone."""
    text = json.dumps(json.loads(data), ensure_ascii=False)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _cut_at_likely_border(opening: bytes, buffer: bytes) -> tuple[list[Row], bytes] | None:
    """Rows and rest, cut at what looks like the last border; None where the decoder says that it is none."""
    borders = deque(_likely_border.finditer(buffer, max(0, len(buffer) - SEARCHED_BYTES)), maxlen=1)
    if not borders:
        return None
    cut = borders[0].start() + 1
    try:
        return _decode(opening, buffer[:cut]), buffer[cut:]
    except _NO_JSON:
        return None


def _scan(buffer: bytes) -> tuple[int, int | None]:
    """Where the last whole entry ends, and where the list's closing bracket stands, if it is there.

    Exact, and slow: for the last piece, and where a likely border is none.
    """
    depth = whole = 0
    for token in _token.finditer(buffer):
        kind = token[0]
        if kind in {b"{", b"["}:
            depth += 1
        elif kind in {b"}", b"]"}:
            depth -= 1
            if depth == 0:
                whole = token.end()
            elif depth < 0:
                return whole, token.start()
        elif kind == b'"':
            break
    return whole, None


def csv_rows(
    file: BinaryIO, columns: Collection[str], column_of: Callable[[str], str | None] = str
) -> Iterator[list[dict[str, str]]]:
    """The rows of a CSV report: a header line, then one row a line, quoted by the usual rules.

    A file without a byte is an empty report.

    Args:
        file: The report file.
        columns: Names that the header must hold, so that an error message in plain
            text is not taken for an empty report.
        column_of: Gives the column of a name in the header, where the two differ.

    Raises:
        ReportFileError: a ragged row, an unclosed quotation, a header without the columns, no UTF-8.
    """
    file.seek(0)
    csv.field_size_limit(LONGEST_ENTRY)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, strict=True)
    try:
        header = next(reader, None)
        if header is not None:
            _check_header(header, columns, {column_of(name) for name in header})
            lines = (_checked(header, cells, reader.line_num) for cells in reader if cells)
            while chunk := list(islice(lines, CHUNK_ROWS)):
                yield chunk
    except (csv.Error, UnicodeDecodeError) as error:
        msg = f"line {reader.line_num}: {error}"
        raise MalformedFileError(msg, position=reader.line_num) from None
    finally:
        with suppress(ValueError):  # somebody has closed the file
            text.detach()  # else this would close it


def _check_header(header: list[str], columns: Collection[str], found: Collection[str | None]) -> None:
    missing = [name for name in columns if name not in found]
    if missing or len(set(header)) < len(header):
        what = f"lacks {', '.join(missing)}" if missing else "names a column twice"
        # The header itself is not shown: where it is none, it may be anything.
        msg = f"the CSV header, of {len(header)} columns, {what}"
        raise MalformedFileError(msg, position=1)


def _checked(header: list[str], cells: list[str], line: int) -> dict[str, str]:
    if len(cells) != len(header):
        msg = f"line {line}: the row has {len(cells)} cells, and the header {len(header)}"
        raise MalformedFileError(msg, position=line)
    return dict(zip(header, cells, strict=True))
