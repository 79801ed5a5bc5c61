"""Faults in the content of a report file: wrong totals, ragged CSV, new fields, odd values.

The changes depend only on the job request and the details of the fault, so a file that
is written twice has the same bytes.
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

#: In a JSON file's head or tail, with the comma on one side of it.
_TOTAL = re.compile(rb'"total":\d+,|,"total":\d+')


@dataclass(frozen=True)
class Change:
    """What is known about all faults of content of one name."""

    #: What it imitates, in a few words.
    imitates: str
    details: Details = field(default_factory=dict)
    #: The rows as they stand in the file.
    rows: RowsChange | None = None
    #: Bytes of a CSV file, or those around the rows of a JSON file; True for the first.
    data: Callable[[bytes, Details, bool], bytes] | None = None
    #: The whole file, packed.
    packed: Callable[[bytes, Details], bytes] | None = None
    #: What is added to the true total; None: there is none.
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
    """The value of a field in words: `61 s` for 61."""
    value = row[details["field"]]
    return {**row, details["field"]: value if value is None else f"{value} {details['unit']}"}


def _odd_times(row: Row, _: Details) -> Row:
    odd = {
        name: f"{value}Z".replace(" ", "T") for name, value in row.items() if name.endswith("_at") and value
    }
    return {**row, **odd}


def _put_before(rows: Iterator[Row], details: Details, request: JobRequest) -> Iterator[Row]:
    """One more row with a key and an end of its own; without its `blank`, otherwise like the first."""
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
    """A change of a free text of the first row; `notes` is one of the calls of the Reporting API."""
    return Change(imitates, {"field": "notes", "value": text}, _first(_with_field))


_ENDED = {"key": "callsid", "field": "end_at", "blank": False}

KINDS_OF_CONTENT: Mapping[str, Change] = {
    "wrong_total": Change("a JSON file whose total counts one row too many", total=1),
    "no_total": Change("a JSON file without its total", total=None),
    "empty": Change("a report without rows", rows=lambda *_: iter(())),
    "no_bytes": Change("a file without a byte", data=lambda *_: b"", rows=lambda *_: iter(())),
    "packed": Change(
        "a gzip file; `header`: with Content-Encoding; `members`: how many; `cut`: bytes missing",
        {"header": False, "members": 1, "cut": 0},
        packed=_packed,
    ),
    "ragged": Change(
        "a line of a CSV file with other cells than the heading",
        data=lambda data, _, first: _behind_heading(data, b"CA-added,inbound\r\n") if first else data,
    ),
    "unclosed_quote": Change(
        "a quotation of a CSV file that never ends",
        data=lambda data, _, first: _behind_heading(data, b'"') if first else data,
    ),
    "bom": Change(
        "a program of Windows that has written the file",
        data=lambda data, _, first: b"\xef\xbb\xbf" + data if first else data,
    ),
    "line_ends": Change(
        "a CSV file with other line ends than CRLF",
        {"end": "\n"},
        data=lambda data, details, _: data.replace(b"\r\n", details["end"].encode()),
    ),
    "nul": _text("a NUL within a text", "a\0b"),
    "newline": _text("a text of two lines", 'two\r\nlines, "quoted"\nand more'),
    "long_field": _text("a text longer than 128 KiB", "long " * 40_000),
    "not_utf8": _text("a text of another encoding", "caf\udce9"),
    "new_field": Change(
        "a field that is new to the report", {"field": "weather", "value": "fine"}, _each(_with_field)
    ),
    "field_gone": Change(
        "a field that was taken out of the report", {"field": "notes"}, _each(_without_field)
    ),
    "field_renamed": Change(
        "a field that has another name now", {"field": "callsid", "to": "call_sid"}, _each(_renamed)
    ),
    "type_changed": Change(
        "a number that has become a text", {"field": "talk_time", "unit": "s"}, _each(_as_text)
    ),
    "odd_times": Change("times with T and Z in an account that has both forms", rows=_first(_odd_times)),
    "no_end": Change("a call that has no end yet", {"field": "end_at", "value": None}, _first(_with_field)),
    "outside": Change(
        "a row whose end is outside the requested timespan: a late update, an odd stamp",
        _ENDED | {"at": "2011-11-11 11:11:11"},
        _put_before,
    ),
    "on_boundary": Change(
        "a row whose end is exactly `from` or `to`", _ENDED | {"at": "to", "blank": True}, _put_before
    ),
}


class Content:
    """The content of one job's file: the true rows, unless a fault changes them."""

    def __init__(self, request: JobRequest, fault: str = "", details: Details | None = None) -> None:
        """The content for a job request, changed by the fault of this name if it is one of content."""
        self._request, self._details = request, details or {}
        self._change = KINDS_OF_CONTENT.get(fault) or Change("the truth")

    def rows(self) -> Iterator[Row]:
        """The rows."""
        rows = self._request.rows()
        return self._change.rows(rows, self._details, self._request) if self._change.rows else rows

    def headings(self) -> tuple[str, ...]:
        """The first line of a CSV file."""
        true, changed = next(self._request.rows(), None), next(self.rows(), None)
        if true is None or changed is None:
            return self._request.headings
        shown = dict(zip(true, self._request.headings, strict=True))
        return tuple(shown.get(field, field) for field in changed)

    def data(self, data: bytes, *, first: bool) -> bytes:
        """Bytes as written, from those that are right: of CSV, or around the rows of JSON."""
        return self._change.data(data, self._details, first) if self._change.data else data

    def layout(self, total: int) -> tuple[bytes, bytes]:
        """What stands before and behind the rows of a JSON file that has so many."""
        head, tail = (part.encode() for part in self._request.layout(total + (self._change.total or 0)))
        if self._change.total is None:
            head, tail = _TOTAL.sub(b"", head), _TOTAL.sub(b"", tail)
        return self.data(head, first=True), self.data(tail, first=False)

    @property
    def is_packed(self) -> bool:
        """Whether the whole file is packed; small files only, as it is done in memory."""
        return self._change.packed is not None

    def packed(self, data: bytes) -> bytes:
        """The whole file as it is sent."""
        return self._change.packed(data, self._details) if self._change.packed else data
