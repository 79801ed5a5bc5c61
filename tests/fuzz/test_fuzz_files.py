"""Any bytes as a report file give all rows or one error of the tap, never a bare exception."""

from __future__ import annotations

import csv
import io
import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_talkdesk_reports.core.errors import ReportFileError
from tap_talkdesk_reports.jobs.report_files import check_ends, first_byte
from tap_talkdesk_reports.records import json_file as parsing
from tap_talkdesk_reports.records.csv_file import csv_rows
from tap_talkdesk_reports.records.json_file import json_rows

pytestmark = pytest.mark.wide

#: FUZZ_EXAMPLES=20000 takes an evening.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
fuzz = settings(
    max_examples=EXAMPLES,
    suppress_health_check=list(HealthCheck),
)

text = st.text(st.sampled_from('"\\{}[],: a1\r\n\té\u2028😀'), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
row_lists = st.lists(st.dictionaries(text, values, max_size=4), max_size=12)
around = st.dictionaries(st.sampled_from(["type", "version", "note", "Entries"]), values, max_size=2)
tokens = st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b"\\",
        b"},{",
        b'"entries":[',
        b'"total":',
        b"null",
        b"0",
        b"\xff",
    ]
)
noise = st.binary(max_size=6) | tokens


@st.composite
def reports(draw):
    """Draws a JSON report that is valid, or nearly."""
    rows = draw(row_lists)
    parts = [
        ("entries", rows),
        ("total", draw(st.just(len(rows)) | values)),
        *draw(around).items(),
    ]
    body = dict(draw(st.permutations(parts)))
    if draw(st.integers(0, 5)) == 5:
        del body[draw(st.sampled_from(["entries", "total"]))]
    allowed = draw(st.booleans())
    return json.dumps(body, indent=draw(st.sampled_from([None, 1])), ensure_ascii=allowed).encode(
        errors="surrogatepass"
    )


@st.composite
def csvs(draw):
    """Draws a CSV report that is valid, or nearly."""
    columns = ["id", "note", "at"]
    lines = [columns, *draw(st.lists(st.lists(text, min_size=3, max_size=3), max_size=8))]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines]
    return (end.join(quoted) + end).encode()


@st.composite
def damaged(draw, whole):
    """Draws a copy of bytes with up to four cuts, flips, repeats and insertions."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        to = min(len(data), at + draw(st.integers(0, 30)))
        match draw(st.sampled_from(["cut", "remove", "flip", "repeat", "insert"])):
            case "cut":
                del data[at:]
            case "remove":
                del data[at:to]
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "repeat":
                data[at:at] = data[at:to]
            case "insert":
                data[at:at] = draw(noise)
    return bytes(data)


def rows_or_none(data, bite):
    """Returns the rows, or None for an error of the tap."""
    file = io.BytesIO(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "CHUNK_BYTES", bite)
        try:
            check_ends(file)
            return [row for chunk in json_rows(file) for row in chunk]
        except ReportFileError as error:
            assert "\n" not in str(error)
            return None


def strictly(data):
    """Parses a report with the standard library: return its rows, or None if it is incomplete.

    It accepts NaN and Infinity as the tap does: they are values that fit no column.
    """
    try:
        body = json.loads(data.removeprefix(parsing.BOM).decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    rows, total = body.get("entries"), body.get("total")
    if rows is None:
        return [] if str(total) == "0" else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None
    return rows if total is None or str(total) == str(len(rows)) else None


def agree(data, bite):
    """Asserts that the tap reads exactly the rows of a strict parser, and refuses what that refuses."""
    rows, wanted = rows_or_none(data, bite), strictly(data)
    assert rows is None or wanted is not None, "an incomplete report was read"
    if rows is not None:
        assert len(rows) == len(wanted)
    return rows, wanted


@fuzz
@given(data=st.binary(max_size=200) | st.lists(noise, max_size=40).map(b"".join), bite=st.integers(1, 64))
def test_any_bytes_as_json_are_rows_or_one_error(data, bite):
    agree(data, bite)


@fuzz
@given(data=damaged(reports()), bite=st.integers(7, 4096))
def test_a_damaged_json_report_is_never_read_as_a_smaller_one(data, bite):
    agree(data, bite)


@fuzz
@given(rows=row_lists, more=around, bite=st.integers(7, 4096), indent=st.sampled_from([None, 2]))
def test_a_json_report_is_read_completely_at_any_chunk_boundary(rows, more, bite, indent):
    data = json.dumps({"total": len(rows), **more, "entries": rows}, indent=indent)
    if "Infinity" in data or "NaN" in data:
        return  # not JSON
    assert rows_or_none(data.encode(), bite) == json.loads(data)["entries"]


@fuzz
@given(data=st.binary(max_size=300) | damaged(csvs()))
def test_any_bytes_as_csv_are_rows_of_equal_width_or_one_error(data):
    file = io.BytesIO(data)
    try:
        rows = [row for chunk in csv_rows(file, ["id"]) for row in chunk]
    except ReportFileError as error:
        assert "\n" not in str(error)
        return
    # A line break in quotation marks is not the end of a row.
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    assert len(rows) == sum(map(bool, lines[1:])), "lines with cells in them gave neither rows nor an error"
    assert all(row.keys() == rows[0].keys() and "id" in row for row in rows)


@fuzz
@given(data=csvs())
def test_a_complete_csv_report_keeps_every_row(data):
    cells = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    rows = [row for chunk in csv_rows(io.BytesIO(data), ["id"]) for row in chunk]
    assert [list(row.values()) for row in rows] == cells[1:]


@fuzz
@given(st.binary(max_size=50))
def test_the_first_byte_is_one_byte_or_none(data):
    assert len(first_byte(io.BytesIO(data))) <= 1
