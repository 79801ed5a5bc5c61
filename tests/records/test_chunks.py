"""Records built in chunks are byte for byte those built one by one, for any rows and selection."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_talkdesk_reports.core.errors import MalformedFileError, UnfitRowError
from tap_talkdesk_reports.records import chunks as chunk_records
from tap_talkdesk_reports.records import csv_file as csv_parsing
from tap_talkdesk_reports.records import json_file as parsing
from tap_talkdesk_reports.records.chunks import ChunkBuilder
from tap_talkdesk_reports.records.csv_file import csv_rows
from tap_talkdesk_reports.records.json_file import json_rows
from tap_talkdesk_reports.records.lenient_json import decode_rows
from tap_talkdesk_reports.records.record import RecordBuilder
from tap_talkdesk_reports.singer.writer import encode_lines

FIELDS = {
    "_row_id": {"type": ["string"]},
    "id": {"type": ["string"]},
    "start_at": {"type": ["string", "null"], "format": "date-time"},
    "end_at": {"type": ["string", "null"], "format": "date-time"},
    "name": {"type": ["string", "null"]},
    "group": {"type": ["string", "null"]},
    "talk_time": {"type": ["integer", "null"], "unit": "seconds"},
    "wait_time": {"type": ["integer", "null"], "unit": "seconds"},
    "rating": {"type": ["integer", "null"]},
    "share": {"type": ["number", "null"]},
    "is_active": {"type": ["boolean", "null"]},
    "tags": {"type": ["array", "null"]},
    "details": {"type": ["object", "null"]},
    "queues": {"type": ["string", "null"], "accepts": "any"},
    "_unknown_fields": {"type": ["string", "null"]},
}
KEYED = ("id",)
DIGESTED = ("_row_id",)

NASTY = st.sampled_from(
    ['"},{"', "}, {", '\\"},{\\"', "Zoë 😀", "\\", "\n", ",", '"', "]}", "\x00", "x" * 5000]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | NASTY
STAMP = st.one_of(
    st.datetimes().map(lambda m: m.strftime("%Y-%m-%d %H:%M:%S").zfill(19)),
    st.datetimes().map(lambda m: m.strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)),
    st.sampled_from(["2026-03-02T01:02:03.250Z", "2026-03-02 01:02:03 UTC", "2026-03-02T01:02:03+02:00", ""]),
    st.sampled_from(["2026-03-02 1:02:03", "2026-03-02T01:02:03z", "2026-03-02t01:02:03"]),
)
INTEGER = st.integers(-(2**63) + 1, 2**63 - 1)
ANYTHING = st.recursive(
    st.none() | st.booleans() | INTEGER | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)
FITTING = {
    "id": TEXT.filter(bool),
    "start_at": STAMP | st.none(),
    "end_at": STAMP | st.none(),
    "name": TEXT | st.none(),
    "group": TEXT,
    "talk_time": st.integers(0, 10**6) | st.none(),
    "wait_time": st.integers(0, 10**6) | st.none(),
    "rating": INTEGER | st.none(),
    "share": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9) | st.none(),
    "is_active": st.booleans() | st.none(),
    "tags": st.lists(TEXT, max_size=3) | st.none(),
    "queues": TEXT | st.lists(TEXT, max_size=2) | st.none(),
    "details": ANYTHING,
}
#: The forms of other accounts and other years.
OTHERWISE = {
    "talk_time": st.sampled_from(["17", "", 0.5, 3.0, "0.25", 12.5, "7.25"]),
    "wait_time": st.sampled_from(["17", "", 0.5, 3.0, "0.25", 12.5, "7.25"]),
    "rating": st.sampled_from(["5", 4.0, ""]),
    "share": st.sampled_from(["0.5", "7", ""]),
    "is_active": st.sampled_from(["Yes", "NO", "true", ""]),
    "name": st.integers(0, 10**20),
    "tags": st.just('["a"]'),
}
NO_FIT = {
    "talk_time": st.sampled_from(["soon", True, [1]]),
    "rating": st.sampled_from([2**63, 1.5, "N/A", float("nan")]),
    "share": st.sampled_from([float("nan"), float("inf"), 10**400, 2**70]),
    "details": st.sampled_from([float("nan"), [float("-inf")]]),
    "is_active": st.sampled_from([7, "perhaps"]),
    "start_at": st.sampled_from(
        [5, "yesterday", "2026-02-30 00:00:00", "20260302", "1767225600000", "2026-03-02 24:00:00"]
    ),
    "name": st.sampled_from([True, 1.5, {}]),
}
UNKNOWN = st.dictionaries(
    st.sampled_from(["zone", "Queue Name?", "_row_id", "_unknown_fields", 'say "hi"', "a\\b", "a\nb", ""]),
    ANYTHING,
)
SELECTIONS = st.none() | st.sets(st.sampled_from(sorted(FIELDS)), max_size=9)


@st.composite
def rows(draw):
    """Draws rows of a report: most have the same fields; some lack one, add one, or write it otherwise."""
    names = draw(st.sets(st.sampled_from(sorted(FITTING)), min_size=3)) | {"id", "end_at"}
    odd = draw(st.sampled_from([{}, {}, OTHERWISE, OTHERWISE | NO_FIT]))
    made = []
    for _ in range(draw(st.integers(0, 12))):
        row = {name: draw(FITTING[name]) for name in draw(st.permutations(sorted(names)))}
        for name in draw(st.sets(st.sampled_from(sorted(odd)), max_size=2)) if odd else ():
            row[name] = draw(odd[name])
        if draw(st.integers(0, 9)) == 0:
            row |= draw(UNKNOWN)
            del row[draw(st.sampled_from(sorted(row)))]
        made.append(row)
    return made


def builder(keys=KEYED, selected=None, unknown_fields="keep", row_id_fields=(), aliases=None):
    if selected is not None:
        selected = {*selected, *keys}
    without = {"_row_id"} if selected is None and keys != DIGESTED else set()
    return RecordBuilder(
        "calls",
        {"properties": {name: field for name, field in FIELDS.items() if name not in without}},
        keys=keys,
        replication_key="end_at",
        never_null=("group",),
        day_fractions=("talk_time",),
        unknown_fields=unknown_fields,
        row_id_fields=row_id_fields,
        selected=selected,
        aliases=aliases,
    )


def dense(**values):
    """Returns a record with these values, and null in every other column."""
    return dict.fromkeys(name for name in FIELDS if name != "_row_id") | values


def report(entries, **json_options):
    return io.BytesIO(json.dumps({"entries": entries, "total": len(entries)}, **json_options).encode())


def small_chunks(patch, size):
    patch.setattr(parsing, "CHUNK_BYTES", size)


def outcome(chunks):
    """Returns the lines of all records, or the error."""
    lines = b""
    try:
        for chunk in chunks:
            lines += encode_lines(chunk)
    except UnfitRowError as error:
        return str(error)
    return lines


def both(make_chunks, **options):
    """Returns lines and counts of the records built one by one, and of those built in chunks."""
    one_by_one, whole = builder(**options), builder(**options)
    chunk_builder = ChunkBuilder(whole)
    expected = outcome(make_chunks(one_by_one, None))
    found = outcome(make_chunks(whole, chunk_builder))
    return (expected, one_by_one.unknown), (found, whole.unknown)


OPTIONS = st.fixed_dictionaries(
    {
        "keys": st.sampled_from([KEYED, KEYED, ()]),  # a catalog may differ from the declaration
        "selected": SELECTIONS,
        "unknown_fields": st.sampled_from(["keep", "warn", "fail"]),
    }
) | st.fixed_dictionaries(
    {
        "keys": st.just(DIGESTED),
        "row_id_fields": st.sampled_from([(), ("id", "start_at", "share")]),
        "selected": SELECTIONS,
        "unknown_fields": st.sampled_from(["keep", "warn"]),
    }
)


@given(entries=rows(), chunk_bytes=st.integers(20, 4000), options=OPTIONS, escaped=st.booleans())
def test_both_ways_give_the_same_bytes_of_json(entries, chunk_bytes, options, escaped):
    def chunks(one_by_one, chunk_builder):
        decode = (
            chunk_builder.from_json
            if chunk_builder
            else lambda data: list(map(one_by_one.from_json, decode_rows(data)))
        )
        return json_rows(report(entries, ensure_ascii=escaped), decode)

    with pytest.MonkeyPatch.context() as patch:
        small_chunks(patch, chunk_bytes)
        expected, found = both(chunks, **options)

    if isinstance(expected[0], str):  # the stream fails; its position and counts do not matter
        assert found[0] == expected[0]
    else:
        assert found == expected


def cell(value):
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


@given(entries=rows(), chunk_rows=st.integers(1, 5), options=OPTIONS)
def test_both_ways_give_the_same_bytes_of_csv(entries, chunk_rows, options):
    header = list(dict.fromkeys(name for row in entries for name in row)) or ["id"]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *([cell(row.get(n)) for n in header] for row in entries)])

    def chunks(one_by_one, chunk_builder):
        def each(header, lines):
            return [one_by_one.from_csv(dict(zip(header, cells, strict=True))) for cells in lines]

        make = chunk_builder.from_csv if chunk_builder else each
        return csv_rows(io.BytesIO(text.getvalue().encode()), (), one_by_one.column, make)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_parsing, "CHUNK_ROWS", chunk_rows)
        expected, found = both(chunks, **options)

    if isinstance(expected[0], str):
        assert found[0] == expected[0]
    else:
        assert found == expected


def test_long_cells_are_not_remembered_when_they_are_read():
    """Otherwise ten thousand lists of a megabyte each would stay in memory."""
    traced = 1 << 20
    chunk_builder = ChunkBuilder(builder())

    tracemalloc.start()
    try:
        for i in range(20):
            chunk_builder.from_csv(["id", "end_at", "tags"], [["CA", "", json.dumps([f"{i}" * traced])]])
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 4 * traced


def kinds_of_chunks(entries, **options):
    made_by = builder(**options)
    chunk_builder = ChunkBuilder(made_by)
    return [type(chunk[0]).__name__ for chunk in json_rows(report(entries), chunk_builder.from_json)], made_by


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([{"id": f"CA{i}", "end_at": "2026-03-02 01:02:03"} for i in range(9)], id="as declared"),
        pytest.param([{"id": i, "end_at": "2026-03-02T01:02:03Z"} for i in range(9)], id="ids are numbers"),
        pytest.param([{"id": "CA", "talk_time": "17", "end_at": None}] * 9, id="numbers are text"),
        pytest.param([{"id": "CA", "queue": 5}] * 9, id="an unknown field"),
        pytest.param([{"id": "CA", "call": "alias"}] * 9, id="another name"),
    ],
)
def test_chunks_are_decoded_whole_after_the_fields_are_learned(rows):
    """Otherwise the test above would compare the slow path with itself."""
    kinds, _ = kinds_of_chunks(rows, aliases={"call": "name"})

    assert set(kinds) <= {"Row", "Record"}


def test_a_value_that_does_not_fit_sends_its_chunk_to_the_record_builder_and_no_other(monkeypatch):
    small_chunks(monkeypatch, 200)
    entries = [{"id": f"CA{i}", "rating": "N/A" if i == 30 else i} for i in range(60)]

    kinds, made_by = kinds_of_chunks(entries)

    assert Counter(kinds)["dict"] == 1
    assert len(kinds) > 5
    assert made_by.unknown == {"rating": 1}


def test_chunks_are_decoded_whole_again_when_another_payload_has_taken_over(monkeypatch):
    """The names of the first payload are forgotten if those of the second conflict with them."""
    small_chunks(monkeypatch, 200)
    entries = [{"id": "CA", "name": "old"}] * 30 + [{"id": "CA", "call": "new"}] * 30

    kinds, _ = kinds_of_chunks(entries, aliases={"call": "name"})

    assert Counter(kinds)["dict"] <= 1
    assert len(kinds) > 5


@pytest.mark.parametrize("name", ['say "hi"', "back\\slash", "line\nbreak"])
def test_a_field_of_any_name_is_kept_when_the_decoder_cannot_search_for_it(name):
    entries = [{"id": "CA1", name: 1}, {"id": "CA2", name: None}]
    chunk_builder = ChunkBuilder(builder())

    lines = b"".join(encode_lines(chunk) for chunk in json_rows(report(entries), chunk_builder.from_json))

    assert [json.loads(line) for line in lines.splitlines()] == [
        dense(id=entry["id"], _unknown_fields=json.dumps({name: entry[name]}, separators=(",", ":")))
        for entry in entries
    ]


def test_generated_names_are_forgotten_when_there_are_too_many(monkeypatch):
    """Otherwise the cache would grow with the file, and no chunk would be decoded whole again."""
    small_chunks(monkeypatch, 2000)
    monkeypatch.setattr(chunk_records, "MOST_FIELDS", 40)
    odd = [{"id": f"CA{i}", f"zone{i}": 1} for i in range(300)]
    even = [{"id": f"CA{i}", "end_at": None} for i in range(300)]
    chunk_builder = ChunkBuilder(builder())

    kinds = [type(chunk[0]).__name__ for chunk in json_rows(report(odd + even), chunk_builder.from_json)]

    assert len(chunk_builder._names) <= 200
    assert kinds[-1] in {"Row", "Record"}


def test_a_note_of_a_megabyte_that_looks_like_boundaries_is_one_value():
    note = '"},{"' * 200_000 + "\n😀"
    entries = [{"id": "CA1", "name": note}, {"id": "CA2", "name": note}]
    chunk_builder = ChunkBuilder(builder())

    lines = b"".join(encode_lines(chunk) for chunk in json_rows(report(entries), chunk_builder.from_json))

    assert [json.loads(line) for line in lines.splitlines()] == [dense(**entry) for entry in entries]


def test_half_an_emoji_becomes_a_replacement_character_on_both_ways():
    data = b'{"total":1,"entries":[{"id":"CA1","name":"cut \\ud83d","end_at":"2026-03-02 00:00:00"}]}'
    chunk_builder = ChunkBuilder(builder())

    [chunk] = json_rows(io.BytesIO(data), chunk_builder.from_json)
    [record] = map(json.loads, encode_lines(chunk).splitlines())

    assert record == dense(id="CA1", end_at="2026-03-02T00:00:00Z", name="cut \ufffd")


def test_a_deselected_field_of_any_content_is_not_read():
    entries = [{"id": f"CA{i}", "rating": i, "talk_time": "soon" if i % 2 else {"s": 5}} for i in range(60)]
    made_by = builder(selected={"rating"})
    chunk_builder = ChunkBuilder(made_by)

    chunks = list(json_rows(report(entries), chunk_builder.from_json))

    assert {type(record).__name__ for chunk in chunks for record in chunk} == {"Record"}
    assert made_by.unknown == {}
    assert chunk_builder._lenient == set()


@pytest.mark.parametrize(
    ("literal", "kept"),
    [
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("1e400", "1E+400"),
        ("-1.5e999", "-1.5E+999"),
        ("1e99999999999999999999", "Infinity"),
        ("9" * 5000, "9" * 5000),
    ],
    ids=lambda text: text[:30],
)
@pytest.mark.parametrize(
    "field", ["share", "talk_time", "rating", "name", "is_active", "start_at", "details", "queues"]
)
def test_a_number_that_fits_no_column_is_a_value_that_does_not_fit_and_no_corrupt_file(field, literal, kept):
    entries = f'{{"id": "CA1", "{field}": {literal}}}, {{"id": "CA2", "{field}": null}}'
    chunk_builder = ChunkBuilder(builder())

    [chunk] = json_rows(io.BytesIO(b'{"entries": [%s]}' % entries.encode()), chunk_builder.from_json)

    kept = json.dumps({field: kept}, separators=(",", ":"))
    assert list(map(json.loads, encode_lines(chunk).splitlines())) == [
        dense(id="CA1", _unknown_fields=kept),
        dense(id="CA2"),
    ]


def test_a_number_that_fits_no_column_is_text_in_a_list_and_beside_half_an_emoji():
    data = (
        b'{"total":1,"entries":[{"id":"CA1","name":"cut \\ud83d","tags":[NaN],"share":NaN,"zone":[-1e999]}]}'
    )

    [chunk] = json_rows(io.BytesIO(data), ChunkBuilder(builder()).from_json)
    [record] = map(json.loads, encode_lines(chunk).splitlines())

    kept = '{"share":"NaN","zone":["-Infinity"]}'
    assert record == dense(id="CA1", name="cut \ufffd", tags=["NaN"], _unknown_fields=kept)


def test_a_file_that_is_no_json_stays_corrupt_with_any_numbers_in_it():
    data = b'{"total":1,"entries":[{"id":"CA1","share":NaN, "name":}]}'

    with pytest.raises(MalformedFileError, match="after row 0"):
        list(json_rows(io.BytesIO(data), ChunkBuilder(builder()).from_json))


def test_chunks_are_decoded_whole_again_after_one_with_a_number_that_fits_no_column(monkeypatch):
    small_chunks(monkeypatch, 200)
    entries = [{"id": f"CA{i}", "share": float("nan") if i == 30 else i / 7} for i in range(60)]

    kinds, made_by = kinds_of_chunks(entries)

    assert Counter(kinds)["dict"] == 1
    assert len(kinds) > 5
    assert made_by.unknown == {"share": 1}
