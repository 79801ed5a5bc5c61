"""Faults in the content of a report file: wrong totals, ragged CSV, new fields, unusual values.

The changes depend only on the job request and the details of the fault. So a file that is
written twice has the same bytes.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talkdesk_sandbox.reports.job_request import JobRequest
    from talkdesk_sandbox.reports.reporting import Row

Details = Mapping[str, Any]
#: Changes the rows of a file.
RowsChange = Callable[["Iterator[Row]", Details, "JobRequest"], "Iterator[Row]"]

#: `total` in the head or tail of a JSON file, with one comma.
_TOTAL = re.compile(rb'"total":\d+,|,"total":\d+')


@dataclass(frozen=True)
class Change:
    """A kind of fault in the content of a file."""

    #: A short description of what it imitates.
    imitates: str
    details: Details = field(default_factory=dict)
    #: Changes the rows.
    rows: RowsChange | None = None
    #: Changes bytes of a CSV file, or those around the rows of a JSON file; True for the first.
    data: Callable[[bytes, Details, bool], bytes] | None = None
    #: Compresses the whole file.
    packed: Callable[[bytes, Details], bytes] | None = None
    #: Added to the true total; None removes the total.
    total: int | None = 0


def _each(
    change: Callable[[Row, Details], Row],
) -> RowsChange:
    return lambda rows, details, _: (change(row, details) for row in rows)


def _first(
    change: Callable[[Row, Details], Row],
) -> RowsChange:
    return lambda rows, details, _: (
        row if number else change(row, details) for number, row in enumerate(rows)
    )


def _with_field(row: Row, details: Details) -> Row:
    return {**row, details["field"]: details["value"]}


def _without_field(row: Row, details: Details) -> Row:
    return {name: value for name, value in row.items() if name != details["field"]}


def _renamed(row: Row, details: Details) -> Row:
    return {details["to"] if name == details["field"] else name: value for name, value in row.items()}


def _as_text(row: Row, details: Details) -> Row:
    """Writes the value of a field with its unit: `61 s` for 61."""
    value = row[details["field"]]
    return {**row, details["field"]: value if value is None else f"{value} {details['unit']}"}


def _odd_times(row: Row, _: Details) -> Row:
    odd = {
        name: f"{value}Z".replace(" ", "T") for name, value in row.items() if name.endswith("_at") and value
    }
    return {**row, **odd}


def _put_before(rows: Iterator[Row], details: Details, request: JobRequest) -> Iterator[Row]:
    """Adds a row with another key and ends before the first. With `blank` its other fields are null."""
    start, end = request.timespan
    at = {"from": start, "to": end}.get(details["at"])
    stamp = f"{at:%Y-%m-%d %H:%M:%S}" if at else details["at"]
    first = next(rows, None)
    if first is None:
        return
    like = dict.fromkeys(first) if details["blank"] else first
    yield {**like, details["key"]: "CA-added", details["field"]: stamp}
    yield from chain([first], rows)


def _behind_heading(data: bytes, line: bytes) -> bytes:
    heading, _, rest = data.partition(b"\r\n")
    return heading + b"\r\n" + line + rest


def _packed(data: bytes, details: Details) -> bytes:
    length = -(-len(data) // details["members"])
    members = (gzip.compress(data[at : at + length], mtime=0) for at in range(0, len(data), length))
    whole = b"".join(members)
    return whole[: len(whole) - details["cut"]]


def _text(imitates: str, text: str) -> Change:
    """Changes a free text of the first row, by default `notes` of the Reporting API's calls."""
    return Change(imitates, {"field": "notes", "value": text}, _first(_with_field))


_ENDED = {"key": "callsid", "field": "end_at", "blank": False}

KINDS_OF_CONTENT: Mapping[str, Change] = {
    "wrong_total": Change("a JSON file whose total is one row too high", total=1),
    "no_total": Change("a JSON file without its total", total=None),
    "empty": Change("a report without rows", rows=lambda *_: iter(())),
    "no_bytes": Change("a file of zero bytes", data=lambda *_: b"", rows=lambda *_: iter(())),
    "packed": Change(
        "a gzip file; `header`: with Content-Encoding; `members`: number of them; `cut`: missing bytes",
        {"header": False, "members": 1, "cut": 0},
        packed=_packed,
    ),
    "ragged": Change(
        "a CSV line whose cells do not match the heading",
        data=lambda data, _, first: _behind_heading(data, b"CA-added,inbound\r\n") if first else data,
    ),
    "unclosed_quote": Change(
        "a CSV quotation mark that is never closed",
        data=lambda data, _, first: _behind_heading(data, b'"') if first else data,
    ),
    "bom": Change(
        "a file written by a Windows program, with a byte order mark",
        data=lambda data, _, first: b"\xef\xbb\xbf" + data if first else data,
    ),
    "line_ends": Change(
        "a CSV file whose line ends are not CRLF",
        {"end": "\n"},
        data=lambda data, details, _: data.replace(b"\r\n", details["end"].encode()),
    ),
    "nul": _text("a NUL character in a text", "a\0b"),
    "newline": _text("a text with line breaks", 'two\r\nlines, "quoted"\nand more'),
    "long_field": _text("a text longer than 128 KiB", "long " * 40_000),
    "not_utf8": _text("a text that is not UTF-8", "caf\udce9"),
    "new_field": Change(
        "a new field in the report", {"field": "weather", "value": "fine"}, _each(_with_field)
    ),
    "field_gone": Change(
        "a field that was removed from the report", {"field": "notes"}, _each(_without_field)
    ),
    "field_renamed": Change(
        "a field that was renamed", {"field": "callsid", "to": "call_sid"}, _each(_renamed)
    ),
    "type_changed": Change(
        "a number that became a text", {"field": "talk_time", "unit": "s"}, _each(_as_text)
    ),
    "odd_times": Change("times with T and Z, in an account that has both forms", rows=_first(_odd_times)),
    "no_end": Change("a call without an end", {"field": "end_at", "value": None}, _first(_with_field)),
    "outside": Change(
        "a row whose end is outside the requested timespan, such as after a late update",
        _ENDED | {"at": "2011-11-11 11:11:11"},
        _put_before,
    ),
    "on_boundary": Change(
        "a row whose end is exactly `from` or `to`", _ENDED | {"at": "to", "blank": True}, _put_before
    ),
}


class Content:
    """The content of one job's file: the true rows, or rows that a fault changed."""

    def __init__(self, request: JobRequest, fault: str = "", details: Details | None = None) -> None:
        """Prepares the content for a job request. A fault that is not one of content changes nothing."""
        self._request, self._details = request, details or {}
        self._change = KINDS_OF_CONTENT.get(fault) or Change("no fault")

    def rows(self) -> Iterator[Row]:
        """Returns the rows of the file."""
        rows = self._request.rows()
        return self._change.rows(rows, self._details, self._request) if self._change.rows else rows

    def headings(self) -> tuple[str, ...]:
        """Returns the first line of a CSV file."""
        true, changed = next(self._request.rows(), None), next(self.rows(), None)
        if true is None or changed is None:
            return self._request.headings
        shown = dict(zip(true, self._request.headings, strict=True))
        return tuple(shown.get(field, field) for field in changed)

    def data(self, data: bytes, *, first: bool) -> bytes:
        """Returns the bytes to write, from the correct ones: of CSV, or around the rows of JSON."""
        return self._change.data(data, self._details, first) if self._change.data else data

    def layout(self, total: int) -> tuple[bytes, bytes]:
        """Returns the bytes before and after the `total` rows of a JSON file."""
        head, tail = (part.encode() for part in self._request.layout(total + (self._change.total or 0)))
        if self._change.total is None:
            head, tail = _TOTAL.sub(b"", head), _TOTAL.sub(b"", tail)
        return self.data(head, first=True), self.data(tail, first=False)

    @property
    def is_packed(self) -> bool:
        """Whether the whole file is compressed, in memory: for small files only."""
        return self._change.packed is not None

    def packed(self, data: bytes) -> bytes:
        """Returns the whole file as it is sent."""
        return self._change.packed(data, self._details) if self._change.packed else data
