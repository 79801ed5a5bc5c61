"""Rows become records: every type, keys, unknown fields, and what CSV cannot say."""

from __future__ import annotations

import json

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
    "details": {"type": ["object", "null"]},
}
ROW = {"id": "CA1", "end_at": "2026-01-02 03:04:05", "name": "Zoë Quickly", "seconds": 7}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def builder(unknown_fields="keep"):
    return RecordBuilder(
        "calls",
        {"properties": FIELDS | {"_unknown_fields": {"type": ["object", "null"]}}},
        keys=("id",),
        replication_key="end_at",
        never_null=("group",),
        unknown_fields=unknown_fields,
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
    ("seconds", float("inf")),
    ("seconds", float("nan")),
    ("seconds", [1]),
    ("share", "1_000.5"),
    ("share", "nan"),
    ("share", "1e999"),
    ("share", float("inf")),
    ("share", False),
    ("share", {}),
    ("is_active", "perhaps"),
    ("is_active", 1),
    ("is_active", []),
]


@pytest.mark.parametrize(("field", "value"), MISFITS)
def test_a_misfit_becomes_null_and_is_kept_and_counted(field, value):
    make = builder("keep")

    record = make.from_json({"id": "CA1", field: value})

    assert record == {"id": "CA1", field: None, "_unknown_fields": {field: value}}
    assert make.unknown == {field: 1}


@pytest.mark.parametrize(("field", "value"), MISFITS[:3])
def test_a_misfit_is_left_out_and_counted_when_unknown_fields_says_warn(field, value):
    make = builder("warn")

    record = make.from_json({"id": "CA1", field: value})

    assert record == {"id": "CA1", field: None}
    assert make.unknown == {field: 1}


@pytest.mark.parametrize("surprise", [{"seconds": "seven"}, {"new_field": 1}])
def test_a_surprise_stops_the_stream_when_unknown_fields_says_fail(surprise):
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
        {"in_business_hours?": "Yes", "n": n} for n in range(3)
    ]
    assert make.unknown == {"in_business_hours?": 3, "n": 3}


def test_unknown_fields_are_left_out_and_counted_when_the_setting_says_warn():
    make = builder("warn")

    record = make.from_json(ROW | {"new_field": 1})

    assert record.keys() == ROW.keys()
    assert make.unknown == {"new_field": 1}


def test_a_source_field_named_like_our_own_column_is_an_unknown_field():
    record = builder("keep").from_json({"id": "CA1", "_unknown_fields": "theirs"})

    assert record == {"id": "CA1", "_unknown_fields": {"_unknown_fields": "theirs"}}


def test_a_missing_field_is_missing_in_the_record():
    assert builder().from_json({"id": "CA1"}) == {"id": "CA1"}


@pytest.mark.parametrize(
    ("change", "named"),
    [({"id": None}, "id"), ({"id": ["x"]}, "id"), ({"end_at": "soon"}, "end_at"), ({"end_at": 5}, "end_at")],
)
def test_a_row_with_a_bad_key_is_refused_and_named_without_its_other_fields(change, named):
    """The other fields are about people, and errors end in logs."""
    row = ROW | {"email": "zoe@example.com"} | change

    with pytest.raises(UnfitRowError, match=f"'calls': {named} is ") as caught:
        builder("keep").from_json(row)

    assert "Zoë" not in str(caught.value)
    assert "zoe@" not in str(caught.value)


def test_a_row_without_its_key_is_refused():
    with pytest.raises(UnfitRowError, match=r"id is missing.*2026-01-02"):
        builder().from_json({"end_at": "2026-01-02 03:04:05"})


def test_an_empty_key_is_no_key_in_json_and_in_csv():
    with pytest.raises(UnfitRowError):
        builder().from_json(ROW | {"id": ""})
    with pytest.raises(UnfitRowError):
        builder().from_csv({"id": ""})
    with pytest.raises(UnfitRowError, match="id is missing"):
        builder().from_csv(ROW | {"id": ""})


def test_a_row_without_an_end_is_a_record():
    """It moves nothing, but it is not lost (faults, 39)."""
    assert builder().from_json(ROW | {"end_at": None})["end_at"] is None


def test_an_empty_csv_cell_is_null_unless_the_api_never_says_null_there():
    record = builder().from_csv(dict.fromkeys(FIELDS, "") | {"id": "CA1"})

    assert record == dict.fromkeys(FIELDS) | {"id": "CA1", "group": ""}


def test_an_empty_csv_key_is_refused():
    with pytest.raises(UnfitRowError, match="id is missing"):
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
    assert row.keys() <= record.keys() | record.get("_unknown_fields", {}).keys()


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
