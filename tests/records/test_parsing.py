"""Parsing: bytes become all rows of a complete report, or an error."""

from __future__ import annotations

import csv
import io
import json
import resource
import sys
from contextlib import suppress
from itertools import permutations
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tap_talkdesk_reports.core.errors import MalformedFileError, ReportFileError, TruncatedFileError
from tap_talkdesk_reports.jobs.report_files import check_ends, first_byte
from tap_talkdesk_reports.records import csv_file as csv_parsing
from tap_talkdesk_reports.records import json_file as parsing
from tap_talkdesk_reports.records.csv_file import csv_rows
from tap_talkdesk_reports.records.json_file import json_rows

ROWS = [
    {"id": "1", "note": '"},{"', "x": None},
    {"id": "2", "note": 'tail \\" ]}, {"entries": [', "deep": {"a": [{"b": 1}, {"c": [[], {}]}]}},
    {"id": "3", "note": "Zoë\n\t\u2028 😀 \x7f", "n": -1.5e-3, "ok": True},
]
small = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
nasty = st.text(st.sampled_from('"\\{}[],: a\né😀'), max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | nasty,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(nasty, inner, max_size=3),
    max_leaves=6,
)
rows_of_any_shape = st.lists(st.dictionaries(nasty, values, max_size=4), max_size=8)
chunk_sizes = st.integers(1, 40)


@pytest.fixture
def in_small_bites(monkeypatch):
    """Reads files a few bytes at a time, so that chunk boundaries are everywhere."""
    monkeypatch.setattr(parsing, "CHUNK_BYTES", 8)
    monkeypatch.setattr(parsing, "LONGEST_ENVELOPE", 40)


def from_json(data):
    return [row for chunk in json_rows(io.BytesIO(data)) for row in chunk]


def from_csv(data, columns=("id",)):
    return [row for chunk in csv_rows(io.BytesIO(data), columns) for row in chunk]


def report(rows, **more):
    return json.dumps({"total": len(rows), "entries": rows, **more}).encode()


@pytest.mark.parametrize("order", list(permutations(["total", "type", "version", "entries"])))
@pytest.mark.parametrize("indent", [None, 2])
def test_json_rows_are_read_in_every_order_of_the_keys_around_them(order, indent):
    whole = {"total": len(ROWS), "type": "calls", "version": "v1", "entries": ROWS}

    data = json.dumps({name: whole[name] for name in order}, indent=indent).encode()

    assert from_json(data) == ROWS


@given(rows=rows_of_any_shape, size=chunk_sizes, compact=st.booleans(), escaped=st.booleans())
@small
def test_json_rows_are_those_of_a_plain_decoder_at_any_chunk_boundary(
    monkeypatch, rows, size, compact, escaped
):
    monkeypatch.setattr(parsing, "CHUNK_BYTES", size)
    monkeypatch.setattr(parsing, "NEARBY_BYTES", size // 2)
    monkeypatch.setattr(parsing, "SEARCHED_BYTES", size)
    monkeypatch.setattr(parsing, "LONGEST_ENVELOPE", 60)
    envelope = {"version": "v1", "entries": rows, "total": len(rows)}
    separators = (",", ":") if compact else None
    data = json.dumps(envelope, separators=separators, ensure_ascii=escaped).encode()

    read = from_json(data)

    assert read == rows


@pytest.mark.parametrize("length", [70, 1000, 500_000])
def test_json_rows_are_read_when_one_is_longer_than_a_chunk(length):
    rows = [{"id": "1", "note": '},{"' * length}, {"id": "2"}]

    assert from_json(report(rows)) == rows


def test_a_long_json_row_is_not_searched_for_its_end_once_for_each_chunk():
    rows = [{"id": "1", "note": "n" * 60 * parsing.CHUNK_BYTES}, {"id": "2"}]
    file = Mock(wraps=io.BytesIO(report(rows)))

    assert [len(chunk) for chunk in json_rows(file)] == [1, 1]
    assert file.read.call_count < 12


def test_json_rows_come_in_chunks_and_not_all_at_once(in_small_bites):
    file = io.BytesIO(report([{"id": str(n)} for n in range(1000)]))

    chunk = next(json_rows(file))

    assert chunk[0] == {"id": "0"}
    assert file.tell() < 100


@pytest.mark.parametrize("data", [b'{"entries":[{"id":"1"}]}', b'{"entries":[{"id":"1"}],"total":null}'])
def test_json_rows_need_no_total(data):
    assert from_json(data) == [{"id": "1"}]


@pytest.mark.parametrize(
    "data",
    [
        b'{"entries":[],"total":0}',
        b'{"total":0,"entries":[]}\n',
        b' \n{ "total" : 0 , "entries" : [ ] } ',
        b'{"total":0}',
        b'{"total":0,"entries":null}',
    ],
)
def test_json_rows_are_none_when_the_report_is_empty(data):
    assert from_json(data) == []


def test_json_rows_are_read_after_a_byte_order_mark():
    assert from_json(b"\xef\xbb\xbf" + report(ROWS)) == ROWS


NO_REPORT = {
    "total too large": b'{"total":3,"entries":[{"id":"1"},{"id":"2"}]}',
    "total too small": b'{"entries":[{"id":"1"},{"id":"2"}],"total":1}',
    "total false": b'{"total":false}',
    "total a text": b'{"entries":[{"id":"1"}],"total":"many"}',
    "entries missing": b'{"total":5}',
    "nothing in it": b"{}",
    "entries null": b'{"entries":null,"total":1}',
    "entries an object": b'{"entries":{"id":"1"},"total":0}',
    "entries a text": b'{"entries":"none","total":0}',
    "entries deeper down": b'{"data":{"entries":[{"id":"1"}]},"total":1}',
    "entries twice": b'{"entries":[{"id":"1"}],"entries":[{"id":"2"}]}',
    "an entry null": b'{"entries":[{"id":"1"},null],"total":2}',
    "an entry a list": b'{"entries":[[]],"total":1}',
    "an entry a number": b'{"entries":[1,2],"total":2}',
    "trailing comma": b'{"entries":[{"id":"1"},],"total":1}',
    "leading comma": b'{"entries":[,{"id":"1"}],"total":1}',
    "two commas": b'{"entries":[{"id":"1"},,{"id":"2"}],"total":2}',
    "missing comma": b'{"entries":[{"id":"1"}{"id":"2"}],"total":2}',
    "blank for a comma": b'{"entries":[{"id":"1"} {"id":"2"}],"total":2}',
    "crossed brackets": b'{"entries":[{"id":"1"]}}',
    "one quotation mark less": b'{"entries":[{"id":"1},{"id":"2"}],"total":2}',
    "garbage after the end": b'{"entries":[{"id":"1"}],"total":1}garbage',
    "a second report after the end": b'{"entries":[{"id":"1"}],"total":1}{"entries":[]}',
    "garbage after the list": b'{"entries":[{"id":"1"}]oops}',
    "not UTF-8": b'{"entries":[{"id":"\xff"}],"total":1}',
    "UTF-16": '{"entries":[],"total":0}'.encode("utf-16"),
    "a job": b'{"id":"5","status":"done"}',
    "no byte": b"",
    "white space": b" \n ",
    "HTML": b"<html><body>502</body></html>",
    "an array": b'[{"id":"1"}]',
}


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("data", NO_REPORT.values(), ids=NO_REPORT)
def test_json_rows_raise_when_the_report_is_incomplete(monkeypatch, data, size):
    monkeypatch.setattr(parsing, "CHUNK_BYTES", size)

    with pytest.raises(ReportFileError):
        from_json(data)


@pytest.mark.parametrize(
    "data", [b'{"entries":[{"a":' + b"[" * 100000 + b"]" * 100000 + b"}]}", b'{"a":' * 100000]
)
def test_brackets_nested_too_deep_are_an_error_of_the_file(data):
    with pytest.raises(ReportFileError):
        from_json(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"entries":[{"a":1}}}',
        b'{"entries":[{"a":1}],"total":true}',
        b'{"entries":[],"total":false}',
        b'{"meta":{"entries":[{"x":1}]},"entries":null,"total":1}',
        b'{"entries":[{"a":1}],"entries":null}',
    ],
)
def test_an_object_that_only_looks_like_a_report_is_refused(data):
    with pytest.raises(ReportFileError):
        from_json(data)


@pytest.mark.parametrize("layout", [{"separators": (",", ":")}, {"indent": 1}])
@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_json_rows_raise_when_the_file_stops_anywhere(in_small_bites, layout, total, first):
    """Also without `total`: a part of the rows must never count as the whole report."""
    envelope = {"total": len(ROWS)} if total else {"type": "calls"}
    whole = envelope | {"entries": ROWS} if first else {"entries": ROWS} | envelope
    data = json.dumps(whole, **layout).encode()

    for length in range(len(data)):
        with pytest.raises(ReportFileError):
            from_json(data[:length])

    assert from_json(data) == ROWS


def test_a_truncated_file_and_a_malformed_file_are_different_errors(in_small_bites):
    data = report(ROWS)[:-10]

    with pytest.raises(TruncatedFileError, match="after 2 complete rows") as caught:
        from_json(data)

    assert caught.value.position == len(data)


def test_an_entry_without_end_is_given_up_and_not_read_for_ever(in_small_bites, monkeypatch):
    monkeypatch.setattr(parsing, "LONGEST_ENTRY", 1000)

    with pytest.raises(MalformedFileError, match="row 2 is longer than 1,000 bytes"):
        from_json(report([{"id": "1"}, {"id": "x" * 5000}]))


def test_an_entry_without_an_end_takes_little_memory_to_refuse():
    unclosed = b'{"a":"' + b'\\"' * (4 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    parsing._scan(unclosed)

    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert more * (1 if sys.platform == "darwin" else 1024) < 50 << 20


def test_a_wrong_total_is_raised_only_after_the_rows():
    """The rows are already emitted then, but the error must not be lost."""
    chunks = json_rows(io.BytesIO(b'{"total":9,"entries":[{"id":"1"}]}'))

    assert next(chunks) == [{"id": "1"}]
    with pytest.raises(MalformedFileError, match=r"declares total=9 and contains 1 row$"):
        next(chunks)


@given(data=st.binary(max_size=60) | st.text(st.sampled_from('{}[]",:\\ ente1'), max_size=60).map(str.encode))
@small
def test_any_bytes_are_rows_or_an_error_of_the_file(monkeypatch, data):
    monkeypatch.setattr(parsing, "CHUNK_BYTES", 5)
    for behind in (data, b'{"entries":[' + data, b'{"entries":[{"id":"1"}' + data, b"id,b\r\n" + data):
        for read in (from_json, from_csv):
            try:
                rows = read(behind)
            except ReportFileError:
                continue

            assert all(isinstance(row, dict) for row in rows)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"<?xml version='1.0'?><Error/>", MalformedFileError),
        (b"\n <html></html>", MalformedFileError),
        (b'[{"entries": []}]', MalformedFileError),
        (report(ROWS)[:-1], TruncatedFileError),
        (b"\xef\xbb\xbf" + report(ROWS)[:-1], TruncatedFileError),
    ],
)
def test_wrong_ends_are_an_error_before_the_first_row(data, error):
    with pytest.raises(error):
        check_ends(io.BytesIO(data))


@pytest.mark.parametrize("data", [report(ROWS), report(ROWS) + b"\r\n ", b"", b"id,b\r\n1,2\r\n"])
def test_the_ends_of_a_complete_file_are_accepted(data):
    check_ends(io.BytesIO(data))


@pytest.mark.parametrize(
    ("data", "first"), [(b"", b""), (b" \n", b""), (b"\xef\xbb\xbf {", b"{"), (b"id", b"i"), (b"\r\n<", b"<")]
)
def test_the_first_byte_shows_the_format(data, first):
    assert first_byte(io.BytesIO(data)) == first


cells = st.text(st.sampled_from('",;\r\n a\té😀0'), max_size=8)


@given(
    table=st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=1)),
    ending=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_csv_rows_are_those_that_were_written(table, ending, mark):
    header = [f"column {n}" for n in range(len(table[0]))]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows([header, *table])

    rows = from_csv(mark + text.getvalue().encode(), columns=header)

    assert [list(row.values()) for row in rows] == table
    assert all(list(row) == header for row in rows)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"id,b", b"id,b\r\n", b"id,b\n\n\n"])
def test_csv_rows_are_none_when_the_file_has_only_a_header(data):
    assert from_csv(data) == []


def test_csv_rows_may_hold_what_is_longer_than_python_allows_by_default():
    note = "x" * (200 << 10)

    assert from_csv(f'id,note\n1,"{note}"\n'.encode()) == [{"id": "1", "note": note}]


def test_csv_rows_come_in_chunks(monkeypatch):
    monkeypatch.setattr(csv_parsing, "CHUNK_ROWS", 10)
    data = b"id,b\n" + b"1,2\n" * 25

    assert [len(chunk) for chunk in csv_rows(io.BytesIO(data), ["id"])] == [10, 10, 5]


@pytest.mark.parametrize(
    ("length", "rows"), [(1, csv_parsing.CHUNK_ROWS), (300, 440), (20_000, 10), (100_000, 10)]
)
def test_csv_rows_come_in_chunks_bounded_by_rows_and_by_bytes(length, rows):
    """Two thousand rows of 100 kB would be hundreds of megabytes in memory."""
    note = b"n" * length
    data = b"id,note\n" + b"".join(b"%d,%b\n" % (i, note) for i in range(rows + 100))

    chunks = list(csv_rows(io.BytesIO(data), ["id"]))

    assert [row["id"] for chunk in chunks for row in chunk] == [str(i) for i in range(rows + 100)]
    assert max(map(len, chunks)) == len(chunks[0]) == rows


def test_csv_rows_left_half_read_are_let_go_when_the_file_is_closed():
    file = io.BytesIO(b"id,a\n" + b"1,2\n" * 5000)
    chunks = csv_rows(file, ["id"])
    next(chunks)
    file.close()

    chunks.close()


NO_CSV_REPORT = {
    "a cell more": (b"id,b\n1,2\n1,2,3\n", "line 3: .* 3 cells"),
    "a cell less": (b"id,b\n1\n", "line 2: .* 1 cell,"),
    "unclosed quotation": (b'id,b\n1,"2\n3,4\n', "line 3"),
    "text after a quotation": (b'id,b\n1,"2"x\n', "line 2"),
    "key column missing": (b"call,b\n1,2\n", "lacks id"),
    "a column twice": (b"id,b,b\n1,2,3\n", "twice"),
    "a message": (b"Internal server error\n", "lacks id"),
    "empty first line": (b"\nid,b\n1,2\n", "lacks id"),
    "not UTF-8": (b"id,b\n1,\xff\n", "line .*0xff"),
    "UTF-16": ("id,b\n1,2\n".encode("utf-16"), "line"),
}


@pytest.mark.parametrize(("data", "message"), NO_CSV_REPORT.values(), ids=NO_CSV_REPORT)
def test_csv_rows_raise_when_the_report_is_incomplete(data, message):
    with pytest.raises(MalformedFileError, match=message) as caught:
        from_csv(data)

    assert caught.value.position is not None


def test_a_text_that_is_no_csv_is_not_in_the_error():
    text = b"This resource has been moved temporarily to https://h/x?X-Amz-Signature=canary."

    with pytest.raises(MalformedFileError) as caught:
        list(csv_rows(io.BytesIO(text), ["id"]))

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("data", [b"id,b\n1,2\n", b"id,b\n1\n", b"id,b\n1,\xff\n", b"", b"nothing"])
def test_the_file_is_still_open_when_its_csv_rows_are_read(data):
    """The caller that opened the spool file closes it, because it may read it again."""
    file = io.BytesIO(data)

    with suppress(MalformedFileError):
        list(csv_rows(file, ["id"]))

    assert not file.closed
    assert file.seek(0) == 0


@pytest.mark.parametrize("read", [json_rows, lambda file: csv_rows(file, ["id"])])
def test_a_file_is_read_from_its_beginning_at_any_position(read):
    data = b"id,b\n1,2\n" if read is not json_rows else b'{"entries":[{"id":"1","b":"2"}]}'
    file = io.BytesIO(data)
    file.seek(7)

    assert list(read(file)) == [[{"id": "1", "b": "2"}]]


@given(size=chunk_sizes)
@example(1)
@small
def test_a_pair_of_surrogates_is_one_character_at_any_chunk_boundary(monkeypatch, size):
    monkeypatch.setattr(parsing, "CHUNK_BYTES", size)
    monkeypatch.setattr(parsing, "LONGEST_ENVELOPE", 30)

    assert from_json(b'{"entries":[{"id":"\\ud83d\\ude00"},{"id":"\xf0\x9f\x98\x80"}]}') == [{"id": "😀"}] * 2


def test_half_a_character_becomes_a_replacement_and_costs_no_row():
    data = (
        rb'{"entries":[{"id":"1","notes":"cut \ud83d"},{"id":"2","notes":"\ud83d\ude00 \\ud83d"}],"total":2}'
    )

    assert from_json(data) == [
        {"id": "1", "notes": "cut \N{REPLACEMENT CHARACTER}"},
        {"id": "2", "notes": "\N{GRINNING FACE} \\ud83d"},
    ]
