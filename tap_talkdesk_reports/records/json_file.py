"""Reads a JSON report file chunk by chunk, and checks that it is complete: envelope, entries, `total`. Pure.

For any bytes, the result is all rows of a complete report, or an error. A truncated file, or
a file that is not a report, never reads as an empty report.
"""

from __future__ import annotations

import json
import re
from collections import deque
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from tap_talkdesk_reports.core.errors import MalformedFileError, TruncatedFileError
from tap_talkdesk_reports.core.words import counted
from tap_talkdesk_reports.records.lenient_json import decode_rows, has_surrogates, without_lone_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tap_talkdesk_reports.records.lenient_json import Row

#: Bytes of a file that are read and decoded at a time. `python -m bench.chunks` found this the best of six
#: sizes. Smaller chunks take longer, because each has a fixed cost. Rows of larger chunks leave the CPU cache
#: before they are written: 1 MiB takes 1.1 to 1.7 times as long, and 6 to 18 MiB more memory.
CHUNK_BYTES = 1 << 17
#: Most bytes that are read at a time of a row that is longer than a chunk.
LONGEST_READ = 1 << 23
#: How far from the end of a chunk to search for the last likely boundary: first within the nearby bytes,
#: where the last row usually ends, then within the larger distance.
NEARBY_BYTES = 1 << 12
SEARCHED_BYTES = 1 << 16

#: Most bytes of an entry. In a longer one, a quotation mark is probably missing.
LONGEST_ENTRY = 64 << 20
#: Most bytes of the envelope around the entries. A file with a larger envelope is not a report.
LONGEST_ENVELOPE = 1 << 20

#: Most characters of a file's `total` that an error shows.
MAX_SHOWN_TOTAL = 40

BOM = b"\xef\xbb\xbf"
SPACE = b" \t\r\n"

_entries_start = re.compile(rb'"entries"\s*:\s*\[')
#: A likely boundary between two entries; it may also occur in a text or in a nested list.
_likely_boundary = re.compile(rb"\}\s*,\s*\{")
#: The comma before each entry except the first.
_comma = re.compile(rb"[ \t\r\n]*,(?=[ \t\r\n]*[^ \t\r\n])")
#: A complete string, the quotation mark of an incomplete one, or a bracket.
_token = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["\[\]{}]', re.DOTALL)
_NO_JSON = (msgspec.DecodeError, ValueError, RecursionError)
#: Replaces the list of entries in the envelope; the decoded envelope then shows where the list was.
_LIST = "\0 the entries \0"


def json_rows(
    file: BinaryIO, decode: Callable[[bytes], list[Any]] = decode_rows
) -> Generator[list[Any], None, int | None]:
    """Yields the rows of a JSON report in chunks of about `CHUNK_BYTES` of the file.

    A report is `{"total": N, "entries": [{...}, ...], ...}` with its keys in any order
    (talkdesk-api, A6 and B6). A missing list of entries is an empty report only if `total`
    is 0. A missing `total` is not an error.

    Args:
        file: The report file.
        decode: Converts a JSON list of rows to the chunk that is yielded, with one item for each
            row. It raises `msgspec.DecodeError` if the bytes are not such a list.

    Returns:
        The file's `total`, which is the number of rows; None if it has none.

    Raises:
        ReportFileError: the file is not a complete report. Some rows may have been yielded before.
    """
    file.seek(0)
    head = more = file.read(CHUNK_BYTES)
    while (start := _entries_start.search(head)) is None and more and len(head) < LONGEST_ENVELOPE:
        head += (more := file.read(CHUNK_BYTES))
    if start is None:
        _check_no_entries(head + file.read(1))
        return 0
    count, tail = yield from _entries(file, head[start.end() :], decode)
    tail += file.read(LONGEST_ENVELOPE)
    # Decoding the envelope proves that it is complete, and that the list was at its top level.
    envelope = _envelope(head[: start.end() - 1] + msgspec.json.encode(_LIST) + tail)
    if envelope.get("entries") != _LIST:
        msg = "`entries` is not at the top level of the report"
        raise MalformedFileError(msg)
    total = envelope.get("total")
    if total is not None and str(total) != str(count):
        declared = json.dumps(total)[:MAX_SHOWN_TOTAL]
        msg = f"row count mismatch: the file declares total={declared} and contains {counted(count, 'row')}"
        raise MalformedFileError(msg, position=count)
    return None if total is None else count


def _check_no_entries(data: bytes) -> None:
    """Checks that a file without a list of entries is an empty report."""
    envelope = _envelope(data) if len(data) <= LONGEST_ENVELOPE else {}
    total = envelope.get("total")
    if envelope.get("entries") is not None or str(total) != "0":
        msg = f"the report has no list of entries, and its `total` is {total!r}"
        raise MalformedFileError(msg)


def _envelope(data: bytes) -> Row:
    try:
        return msgspec.json.decode(data.removeprefix(BOM), type=dict[str, Any])
    except _NO_JSON as error:
        msg = f"the file is not a JSON report: {error}"
        raise MalformedFileError(msg) from None


def _entries(
    file: BinaryIO, buffer: bytes, decode: Callable[[bytes], list[Any]]
) -> Generator[list[Any], None, tuple[int, bytes]]:
    """Yields the entries in chunks; returns their count and the bytes already read after their list."""
    count = 0
    while True:
        # Read as much as the buffer has already. With a fixed size, a long row would be searched too often.
        more = file.read(max(CHUNK_BYTES, min(len(buffer), LONGEST_READ)))
        buffer += more
        end = None
        if more and (cut := _cut_at_likely_boundary(buffer, decode, after=count)):
            chunk, buffer = cut
        else:
            whole, end = _scan(buffer)
            if not more and end is None:
                msg = f"the file ends within its entries, after {counted(count, 'complete row')}"
                raise TruncatedFileError(msg, position=file.tell())
            boundary = whole if end is None else end
            try:
                chunk, buffer = _decode(buffer[:boundary], decode, after=count), buffer[boundary:]
            except _NO_JSON as error:
                msg = f"the entries are not a list of JSON objects after row {count}: {error}"
                raise MalformedFileError(msg, position=count) from None
            if len(buffer) > LONGEST_ENTRY:
                msg = f"row {count + 1} is longer than {LONGEST_ENTRY:,} bytes"
                raise MalformedFileError(msg, position=count)
        if chunk:
            count += len(chunk)
            yield chunk
        if end is not None:
            if buffer[:1] != b"]":
                msg = f"the list of entries has no closing bracket, after {counted(count, 'row')}"
                raise MalformedFileError(msg, position=count)
            return count, buffer[1:]


def _decode(piece: bytes, decode: Callable[[bytes], list[Any]], *, after: int) -> list[Any]:
    """Decodes a part of the list of entries; `after` is the count of the entries before it."""
    begin = 0
    if after:
        if not piece.strip(SPACE):
            return []
        comma = _comma.match(piece)
        if comma is None:
            msg = "a comma and another entry are missing"
            raise msgspec.DecodeError(msg)
        begin = comma.end()
    data = b"".join((b"[", memoryview(piece)[begin:], b"]"))
    try:
        return decode(data)
    except msgspec.DecodeError:
        if not has_surrogates(piece):
            raise
        return decode(without_lone_surrogates(data))


def _cut_at_likely_boundary(
    buffer: bytes, decode: Callable[[bytes], list[Any]], *, after: int
) -> tuple[list[Any], bytes] | None:
    """Returns the chunk before the last likely boundary, and the rest; None if it is not a boundary."""
    for distance in (NEARBY_BYTES, SEARCHED_BYTES):
        likely = _likely_boundary.finditer(buffer, max(0, len(buffer) - distance))
        if boundaries := deque(likely, maxlen=1):
            break
    else:
        return None
    cut = boundaries[0].start() + 1
    try:
        return _decode(buffer[:cut], decode, after=after), buffer[cut:]
    except _NO_JSON:
        return None


def _scan(buffer: bytes) -> tuple[int, int | None]:
    """Finds the end of the last complete entry, and the list's closing bracket (None if missing).

    It is exact and slow. It is used for the last part, and if a likely boundary is not a boundary.
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
