"""Rows become records: all columns, every type, keys, unknown fields, and the limits of CSV."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_talkdesk_reports.core.errors import UnfitRowError
from tap_talkdesk_reports.records.record import RecordBuilder
from tap_talkdesk_reports.records.values import converter

FIELDS = {
    "id": {"type": ["string"]},
    "end_at": {"type": ["string", "null"], "format": "date-time"},
    "name": {"type": ["string", "null"]},
    "group": {"type": ["string", "null"]},
    "seconds": {"type": ["integer", "null"]},
    "share": {"type": ["number", "null"]},
    "is_active": {"type": ["boolean", "null"]},
    "talk_time": {"type": ["integer", "null"], "unit": "seconds"},
    "wait_time": {"type": ["integer", "null"], "unit": "seconds"},
    "queues": {"type": ["string", "null"], "accepts": "any"},
    "details": {"type": ["object", "null"]},
}
#: A record with only nulls.
EMPTY = dict.fromkeys([*FIELDS, "_unknown_fields"])
ROW = {"id": "CA1", "end_at": "2026-01-02 03:04:05", "name": "Zoë Quickly", "seconds": 7}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def builder(unknown_fields="keep", **more):
    own = {"_unknown_fields": {"type": ["string", "null"]}} if unknown_fields == "keep" else {}
    options = {"keys": ("id",), "replication_key": "end_at", "never_null": ("group",)}
    return RecordBuilder(
        "calls", {"properties": FIELDS | own}, unknown_fields=unknown_fields, **options | more
    )


def read(field, value):
    return builder().from_json({"id": "CA1", field: value})[field]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", "", ""),
        ("name", "  kept as it is ", "  kept as it is "),
        ("name", 12345678901234567890, "12345678901234567890"),
        ("name", "0012", "0012"),
        ("seconds", "42", 42),
        ("seconds", "-1", -1),
        ("seconds", 42.0, 42),
        ("seconds", "", None),
        ("seconds", 0, 0),
        ("share", "0.25", 0.25),
        ("share", 1e-9, 1e-9),
        ("share", 3, 3),
        ("share", "", None),
        ("is_active", True, True),
        ("is_active", "TRUE", True),
        ("is_active", "Yes", True),
        ("is_active", "YES", True),
        ("is_active", "false", False),
        ("is_active", "No", False),
        ("is_active", "NO", False),
        ("is_active", "", None),
        ("end_at", "2016-01-29 10:22:02", "2016-01-29T10:22:02Z"),
        ("end_at", "2026-04-23T10:22:26.120+02:00", "2026-04-23T08:22:26.120Z"),
        ("end_at", "", None),
        ("details", {"a": [1]}, {"a": [1]}),
        ("details", "", None),
    ],
)
def test_a_value_is_read_into_its_type(field, value, expected):
    result = read(field, value)

    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize("field", sorted(FIELDS.keys() - {"id"}))
def test_null_stays_null_in_every_type(field):
    assert read(field, None) is None


MISFITS = [
    ("name", 1.5),
    ("name", True),
    ("name", ["a"]),
    ("seconds", "1_000"),
    ("seconds", "seven"),
    ("seconds", 1.5),
    ("seconds", True),
    ("seconds", Decimal("1E+400")),
    ("seconds", Decimal("NaN")),
    ("seconds", [1]),
    ("share", "1_000.5"),
    ("share", "nan"),
    ("share", "1e999"),
    ("share", Decimal("-Infinity")),
    ("share", 10**400),
    ("share", False),
    ("share", {}),
    ("is_active", "perhaps"),
    ("is_active", 1),
    ("is_active", []),
    ("name", Decimal("NaN")),
    ("details", Decimal("NaN")),
    ("end_at", "soon"),
    ("end_at", 5),
    ("end_at", "20260101"),
    ("talk_time", "soon"),
    ("talk_time", 1e300),
]


def kept(record):
    """Returns the unknown fields of a record, with Decimals as text."""
    return json.loads(record["_unknown_fields"])


@pytest.mark.parametrize(("field", "value"), MISFITS)
def test_a_misfit_becomes_null_and_is_kept_and_counted(field, value):
    make = builder("keep")

    record = make.from_json({"id": "CA1", field: value})

    assert kept(record) == {field: str(value) if isinstance(value, Decimal) else value}
    assert record | {"_unknown_fields": None} == EMPTY | {"id": "CA1"}
    assert make.unknown == {field: 1}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(12.5, 12), ("7.25", 7), (61.51, 62), (0.5, 0), ("0.75", 1), (-1.5, -2), (100_000.4, 100_000)],
)
def test_seconds_with_decimals_are_rounded_and_their_source_value_is_kept(value, seconds):
    make = builder("keep")

    record = make.from_json({"id": "CA1", "wait_time": value})

    assert (record["wait_time"], kept(record)) == (seconds, {"wait_time": value})
    assert make.unknown == {"wait_time": 1}


@pytest.mark.parametrize(("unknown_fields", "wait_time"), [("warn", 12), ("fail", None)])
def test_seconds_with_decimals_follow_the_setting_for_what_does_not_fit(unknown_fields, wait_time):
    make = builder(unknown_fields)

    if unknown_fields == "fail":
        with pytest.raises(UnfitRowError, match="'wait_time'"):
            make.from_json({"id": "CA1", "wait_time": 12.5})
    else:
        record = make.from_json({"id": "CA1", "wait_time": 12.5})
        assert record["wait_time"] == wait_time
        assert make.unknown == {"wait_time": 1}


@pytest.mark.parametrize(
    ("field", "value", "seconds", "left"),
    [
        ("talk_time", 0.000069444446, 6, None),
        ("talk_time", "6.94e-5", 6, None),
        ("waiting_time", 0.5, 43_200, None),
        ("Waiting Time", 0.5, 43_200, None),
        ("talk_time", 0, 0, None),
        ("talk_time", 1, 1, None),
        ("talk_time", 90.0, 90, None),
        ("talk_time", 1.25, 1, {"talk_time": 1.25}),
        ("waiting_time", 12.5, 12, {"waiting_time": 12.5}),
        ("wait_time", 0.000069444446, 0, {"wait_time": 0.000069444446}),
    ],
)
def test_a_duration_is_a_fraction_of_a_day_only_below_one_and_under_a_declared_name(
    field, value, seconds, left
):
    """A column may have two source names. Only under the old payload's name are durations fractions."""
    make = builder(aliases={"waiting_time": "wait_time"}, day_fractions=("talk_time", "waiting_time"))

    record = make.from_json({"id": "CA1", field: value})

    assert record["talk_time" if field == "talk_time" else "wait_time"] == seconds
    assert (kept(record) if left else record["_unknown_fields"]) == left


def test_a_fraction_of_a_day_is_seconds_though_the_catalog_makes_the_column_text():
    printed = {"talk_time": {"type": ["string", "null"], "printed": FIELDS["talk_time"]}}
    make = RecordBuilder(
        "calls",
        {"properties": FIELDS | printed},
        keys=("id",),
        replication_key="end_at",
        unknown_fields="warn",
        day_fractions=("talk_time",),
    )

    assert make.from_json({"id": "CA1", "talk_time": 0.000069444446})["talk_time"] == "6"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a+b", "a+b"),
        ("", ""),
        (["a", "b c"], '["a", "b c"]'),
        ({"n": 1}, '{"n": 1}'),
        (7, "7"),
        (0.5, "0.5"),
        (True, "true"),
    ],
)
def test_a_field_that_accepts_anything_is_text_and_other_values_are_their_json(value, text):
    assert read("queues", value) == text


def with_digest_of(*names):
    """Returns a record builder whose key is a digest of some fields."""
    return RecordBuilder(
        "steps",
        {"properties": {"_row_id": {"type": ["string"]}} | FIELDS},
        keys=("_row_id",),
        replication_key="end_at",
        unknown_fields="keep",
        row_id_fields=names,
    )


def test_a_digest_stays_when_a_field_joins_it_that_old_files_lack():
    """Otherwise the rows of each year would come again when a report gets a new field."""

    def digest(*names, **more):
        return with_digest_of(*names).from_json(ROW | more)["_row_id"]

    assert (
        digest("id", "end_at") == digest("id", "group", "end_at") == digest("id", "group", "end_at", group="")
    )
    assert digest("id", "end_at") != digest("id", "group", "end_at", group="g")


def test_rows_that_differ_in_a_value_that_does_not_fit_have_different_digests():
    """Otherwise a target would keep only one of the two rows."""
    make = with_digest_of("id", "end_at")
    ends = ["soon", "later", None]

    records = [make.from_json(ROW | {"end_at": end}) for end in ends]

    assert {record["end_at"] for record in records} == {None}
    assert len({record["_row_id"] for record in records}) == len(ends)
    assert records == [make.from_csv(ROW | {"seconds": "7", "end_at": end or ""}) for end in ends]


def test_a_deselected_value_that_does_not_fit_is_not_kept_by_another_way():
    """It is part of `_row_id` over the whole row, and appears nowhere else."""
    fields = {"_row_id": {"type": ["string"]}} | FIELDS | {"_unknown_fields": {"type": ["string", "null"]}}
    make = RecordBuilder(
        "calls",
        {"properties": fields},
        keys=("_row_id",),
        replication_key="end_at",
        unknown_fields="keep",
        selected={"id", "_unknown_fields"},
    )

    one, other = (make.from_json({"id": "CA1", "seconds": secret}) for secret in ("secret", "other"))

    assert one["_row_id"] != other["_row_id"]
    assert one | {"_row_id": ""} == {"_row_id": "", "id": "CA1", "end_at": None, "_unknown_fields": None}
    assert make.unknown == {}


@pytest.mark.parametrize(("field", "value"), MISFITS[:3])
def test_a_misfit_is_left_out_and_counted_when_unknown_fields_is_warn(field, value):
    make = builder("warn")

    record = make.from_json({"id": "CA1", field: value})

    assert record == dict.fromkeys(FIELDS) | {"id": "CA1"}
    assert make.unknown == {field: 1}


@pytest.mark.parametrize("surprise", [{"seconds": "seven"}, {"new_field": 1}])
def test_an_unknown_field_or_misfit_stops_the_stream_when_unknown_fields_is_fail(surprise):
    with pytest.raises(UnfitRowError, match=f"'calls'.*'{next(iter(surprise))}'.*unknown_fields"):
        builder("fail").from_json(ROW | surprise)


def test_an_unknown_field_is_named_and_its_value_is_not_shown():
    with pytest.raises(UnfitRowError, match="'new_email'") as caught:
        builder("fail").from_json(ROW | {"new_email": "zoe@example.com"})

    assert "zoe@" not in str(caught.value)


def test_unknown_fields_are_kept_with_their_names_and_counted_over_rows():
    make = builder("keep")

    records = [make.from_json(ROW | {"in_business_hours?": "Yes", "n": n}) for n in range(3)]

    assert [record["_unknown_fields"] for record in records] == [
        f'{{"in_business_hours?":"Yes","n":{n}}}' for n in range(3)
    ]
    assert make.unknown == {"in_business_hours?": 3, "n": 3}


def test_unknown_fields_are_left_out_and_counted_when_the_setting_is_warn():
    make = builder("warn")

    record = make.from_json(ROW | {"new_field": 1})

    assert record.keys() == FIELDS.keys()
    assert make.unknown == {"new_field": 1}


def test_a_source_field_named_like_a_column_of_the_tap_is_an_unknown_field():
    record = builder("keep").from_json({"id": "CA1", "_unknown_fields": "theirs"})

    assert record == EMPTY | {"id": "CA1", "_unknown_fields": '{"_unknown_fields":"theirs"}'}


def test_a_missing_field_is_null_in_the_record():
    """CSV headers, the names in stream maps and Parquet columns need each column in each record."""
    assert list(builder().from_json({"id": "CA1"}).items()) == list((EMPTY | {"id": "CA1"}).items())
    assert builder().from_csv({"id": "CA1"}) == EMPTY | {"id": "CA1"}


def test_the_key_and_the_replication_key_are_in_the_record_though_they_are_deselected():
    record = builder(selected={"name"}).from_json(ROW)

    assert record == {"id": "CA1", "end_at": "2026-01-02T03:04:05Z", "name": "Zoë Quickly"}


@pytest.mark.parametrize("key", [None, "", ["x"], 1.5])
def test_a_row_with_a_bad_key_is_refused_and_named_without_its_other_fields(key):
    """The other fields are personal data, and errors are logged."""
    row = ROW | {"email": "zoe@example.com", "id": key}

    with pytest.raises(UnfitRowError, match=r"'calls'.* id is empty or does not fit") as caught:
        builder("keep").from_json(row)

    assert "Zoë" not in str(caught.value)
    assert "zoe@" not in str(caught.value)


def test_a_row_without_its_key_is_refused():
    with pytest.raises(UnfitRowError, match=r"id is empty.*2026-01-02"):
        builder().from_json({"end_at": "2026-01-02 03:04:05"})


def test_an_empty_key_is_no_key_in_json_and_in_csv():
    with pytest.raises(UnfitRowError):
        builder().from_json(ROW | {"id": ""})
    with pytest.raises(UnfitRowError):
        builder().from_csv({"id": ""})
    with pytest.raises(UnfitRowError, match="id is empty"):
        builder().from_csv(ROW | {"id": ""})


def test_a_row_without_an_end_is_a_record():
    """It does not move the bookmark, but it is not lost (fault 39)."""
    assert builder().from_json(ROW | {"end_at": None})["end_at"] is None


def test_an_empty_csv_cell_is_null_unless_the_api_never_has_null_there():
    record = builder().from_csv(dict.fromkeys(FIELDS, "") | {"id": "CA1"})

    assert record == EMPTY | {"id": "CA1", "group": ""}


def test_an_empty_csv_key_is_refused():
    with pytest.raises(UnfitRowError, match="id is empty"):
        builder().from_csv(ROW | {"id": ""})


def test_csv_text_and_json_values_give_the_same_record():
    in_json = ROW | {"share": 0.5, "is_active": True, "end_at": "2026-01-02T03:04:05Z"}
    in_csv = ROW | {"share": "0.5", "is_active": "True", "seconds": "7"}

    assert builder().from_csv(in_csv) == builder().from_json(in_json)


def test_a_whole_number_with_a_decimal_point_is_the_same_in_json_and_in_csv():
    assert builder().from_csv({"id": "1", "seconds": "12.0"}) == builder().from_json(
        {"id": "1", "seconds": 12.0}
    )


@given(row=st.fixed_dictionaries({}, optional=dict.fromkeys([*FIELDS, "other"], ANY_JSON)))
@example({"id": "x", "seconds": 1e308, "share": 10**400})
@example({"id": 10**4000})
def test_any_row_is_a_record_or_unfit_and_nothing_else(row):
    try:
        record = builder("keep").from_json(row)
    except UnfitRowError:
        return

    assert isinstance(record["id"], str)
    assert record.keys() == EMPTY.keys()
    assert row.keys() <= record.keys() | (kept(record).keys() if record["_unknown_fields"] else set())


@given(row=st.dictionaries(st.sampled_from([*FIELDS, "other"]), st.text()))
def test_any_csv_row_is_a_record_or_unfit_and_nothing_else(row):
    try:
        record = builder("keep").from_csv(row)
    except UnfitRowError:
        return

    json.dumps(record, allow_nan=False)


def test_a_field_of_two_types_is_read_as_the_first_that_is_known():
    assert converter({"type": ["null", "integer"]})("5") == 5
    assert converter({"type": "string"})(5) == "5"
