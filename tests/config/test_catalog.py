"""Edited catalogs: each edit is honoured, or its stream is refused in one line."""

from __future__ import annotations

import json
from copy import deepcopy
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from singer_sdk.exceptions import ConfigValidationError

from tap_talkdesk_reports.config.catalog import in_force
from tap_talkdesk_reports.config.column_types import TYPES, conversion, conversions, typed
from tap_talkdesk_reports.records.chunks import ChunkBuilder
from tap_talkdesk_reports.records.record import RecordBuilder
from tap_talkdesk_reports.singer.writer import encode_lines

TEXT = {"type": ["string", "null"]}
TIME = TEXT | {"format": "date-time"}
FIELDS = {
    "call_id": {"type": ["string"]},
    "end_at": TIME,
    "callsid": TEXT,
    "rating": {"type": ["integer", "null"]},
    "talk_time": {"type": ["integer", "null"], "unit": "seconds"},
    "share": {"type": ["number", "null"]},
    "is_transfer": {"type": ["boolean", "null"]},
    "tags": {"type": ["array", "null"], "items": {}},
    "_unknown_fields": TEXT,
}


def stream(name="calls", fields=FIELDS, keys=("call_id",), *, selected=True):
    """Returns a stream as the tap declares it."""
    schema = {"type": "object", "properties": fields, "required": list(keys)}
    return SimpleNamespace(
        name=name,
        schema=schema,
        primary_keys=keys,
        replication_key="end_at",
        selected_by_default=selected,
    )


CALLS = stream()
STATUSES = stream("user_status", {"_row_id": {"type": ["string"]}} | FIELDS, ("_row_id",))
CONTACTS = stream("contacts", selected=False)


def discovered(*streams):
    """Returns the catalog that discovery writes for streams."""
    return {
        "streams": [
            {
                "tap_stream_id": each.name,
                "stream": each.name,
                "key_properties": list(each.primary_keys),
                "replication_key": "end_at",
                "replication_method": "INCREMENTAL",
                "schema": deepcopy(each.schema),
                "metadata": [
                    {
                        "breadcrumb": [],
                        "metadata": {
                            "inclusion": "available",
                            "selected": each.selected_by_default,
                            "selected-by-default": each.selected_by_default,
                            "table-key-properties": list(each.primary_keys),
                            "replication-key": "end_at",
                        },
                    },
                    *(
                        {
                            "breadcrumb": ["properties", name],
                            "metadata": {
                                "inclusion": "automatic"
                                if name in {*each.primary_keys, "end_at"}
                                else "available"
                            },
                        }
                        for name in each.schema["properties"]
                    ),
                ],
            }
            for each in streams
        ]
    }


def read(edit, declared=CALLS):
    """Edits the entry of a discovered stream, and returns the result of reading the catalog."""
    catalog = discovered(declared)
    [entry] = catalog["streams"]
    edit(entry)
    return in_force(json.loads(json.dumps(catalog)), [declared])


def metadata(entry, *breadcrumb):
    return next(each["metadata"] for each in entry["metadata"] if each["breadcrumb"] == list(breadcrumb))


def honoured(edit, declared=CALLS):
    """Returns the entry in force after an edit."""
    found = read(edit, declared)
    assert found.refused == {}
    return found.catalog[declared.name]


def refused(edit, declared=CALLS):
    """Returns the error for a stream after an edit."""
    found = read(edit, declared)
    assert found.catalog == {}
    return found.refused[declared.name]


def selected_columns(entry):
    mask = entry.metadata.resolve_selection()
    return {name for name in entry.schema.to_dict()["properties"] if mask["properties", name]}


def test_a_discovered_catalog_is_in_force_as_it_is():
    entry = honoured(lambda entry: None)

    given = discovered(CALLS)["streams"][0]
    assert entry.key_properties == ["call_id"]
    assert (entry.replication_key, entry.replication_method) == ("end_at", "INCREMENTAL")
    assert entry.schema.to_dict()["required"] == ["call_id"]
    assert entry.stream_alias is None
    assert selected_columns(entry) == set(FIELDS)
    del given["schema"]["properties"]["talk_time"]["unit"]  # the SDK drops what is not JSON Schema
    assert entry.schema.to_dict()["properties"] == given["schema"]["properties"]


def test_without_a_catalog_nothing_is_in_force():
    found = in_force(None, [CALLS])

    assert (found.catalog, found.refused) == (None, {})


# Selection


@pytest.mark.parametrize("yes", [True, "true", "True", " TRUE ", "yes", 1, "1"], ids=repr)
@pytest.mark.parametrize("place", ["metadata", "beside the id", "in the schema"])
def test_a_stream_is_selected_in_each_form_that_programs_write(place, yes):
    def edit(entry):
        where = {"metadata": metadata(entry), "beside the id": entry, "in the schema": entry["schema"]}
        where[place]["selected"] = yes

    assert set(read(edit, CONTACTS).catalog) == {"contacts"}


@pytest.mark.parametrize("no", [False, "false", "FALSE", "no", 0], ids=repr)
@pytest.mark.parametrize("place", ["metadata", "beside the id", "in the schema"])
def test_a_stream_is_deselected_in_each_form_that_programs_write(place, no):
    def edit(entry):
        where = {"metadata": metadata(entry), "beside the id": entry, "in the schema": entry["schema"]}
        where[place]["selected"] = no

    found = read(edit)

    assert (found.catalog, found.refused) == ({}, {})


def test_a_deselected_stream_is_deselected_even_if_its_inclusion_is_automatic():
    """Meltano writes this inclusion for a stream without metadata."""

    def edit(entry):
        entry["metadata"] = [{"breadcrumb": [], "metadata": {"inclusion": "automatic", "selected": False}}]

    assert read(edit).catalog == {}


@pytest.mark.parametrize(("by_default", "streams"), [(True, {"calls"}), ("false", set()), (None, set())])
def test_a_streams_default_applies_when_nothing_selects_it(by_default, streams):
    def edit(entry):
        entry["metadata"] = [{"breadcrumb": [], "metadata": {"selected-by-default": by_default}}]

    assert set(read(edit).catalog) == streams


@pytest.mark.parametrize("given", [[], None])
def test_a_stream_without_metadata_is_selected_as_in_the_sdk(given):
    assert set(read(lambda entry: entry.update(metadata=given), CONTACTS).catalog) == {"contacts"}


@pytest.mark.parametrize("no", [False, "false"])
@pytest.mark.parametrize("place", ["metadata", "in the schema"])
@pytest.mark.parametrize("inclusion", ["available", "automatic"])
def test_a_column_is_deselected_in_each_form_that_programs_write(inclusion, place, no):
    def edit(entry):
        metadata(entry, "properties", "rating")["inclusion"] = inclusion
        where = {
            "metadata": metadata(entry, "properties", "rating"),
            "in the schema": entry["schema"]["properties"]["rating"],
        }
        where[place]["selected"] = no

    assert selected_columns(honoured(edit)) == set(FIELDS) - {"rating"}


@pytest.mark.parametrize("name", ["call_id", "end_at"])
def test_the_key_and_the_replication_key_are_selected_with_any_selection(name):
    def deselect(entry):
        entry["metadata"] = [
            {"breadcrumb": [], "metadata": {"selected": True}},
            {"breadcrumb": ["properties", name], "metadata": {"selected": False}},
        ]

    def remove(entry):
        del entry["schema"]["properties"][name]

    for edit in (deselect, remove):
        assert name in selected_columns(honoured(edit))


def test_the_keys_in_force_are_there_and_not_those_declared():
    def edit(entry):
        metadata(entry)["table-key-properties"] = ["callsid"]
        for name in ("callsid", "call_id"):
            metadata(entry, "properties", name)["selected"] = False

    columns = selected_columns(honoured(edit))

    assert "callsid" in columns
    assert "call_id" not in columns


@pytest.mark.parametrize("place", ["stream", "rating"])
def test_a_selection_that_is_neither_true_nor_false_is_refused(place):
    def edit(entry):
        where = metadata(entry) if place == "stream" else metadata(entry, "properties", place)
        where["selected"] = "perhaps"

    what = "the stream" if place == "stream" else "the column 'rating'"
    assert refused(edit) == f"the catalog sets selected of {what} to 'perhaps'; it must be true or false"


# Keys and replication


@pytest.mark.parametrize("place", ["metadata", "key_properties", "both", "JSON as text"])
def test_other_keys_are_in_force_from_each_place_in_the_entry(place):
    def edit(entry):
        if place in {"metadata", "both"}:
            metadata(entry)["table-key-properties"] = ["callsid", "rating"]
        if place in {"key_properties", "both"}:
            entry["key_properties"] = ["callsid", "rating"]
        if place == "JSON as text":
            metadata(entry)["table-key-properties"] = '["callsid", "rating"]'

    entry = honoured(edit)

    schema = entry.schema.to_dict()
    assert entry.key_properties == ["callsid", "rating"]
    assert schema["required"] == ["callsid", "rating"]
    nullable = {name for name, field in schema["properties"].items() if "null" in field["type"]}
    assert nullable == set(FIELDS) - {"callsid", "rating"}


def test_an_empty_list_in_the_metadata_means_no_keys_and_elsewhere_nothing():
    appended = honoured(lambda entry: metadata(entry).update({"table-key-properties": []}))
    usual = honoured(lambda entry: entry.update(key_properties=[]))

    assert (appended.key_properties, appended.schema.to_dict()["required"]) == ([], [])
    assert usual.key_properties == ["call_id"]


def test_a_hand_made_entry_without_keys_method_and_schema_has_those_of_the_tap():
    """The SDK would read such a stream as FULL_TABLE, without a key."""
    found = in_force({"streams": [{"tap_stream_id": "calls"}]}, [CALLS])

    entry = found.catalog["calls"]
    assert entry.key_properties == ["call_id"]
    assert (entry.replication_key, entry.replication_method) == ("end_at", "INCREMENTAL")
    assert selected_columns(entry) == set(FIELDS)


@pytest.mark.parametrize("keys", [["uuid"], ["call_id", "uuid"], [["call_id"]], "call_id", {"call_id": 1}, 7])
def test_a_key_that_is_no_column_is_refused(keys):
    line = refused(lambda entry: metadata(entry).update({"table-key-properties": keys}))

    assert "the catalog sets table-key-properties to " in line
    assert str(keys) in line


def test_a_column_that_the_catalog_adds_may_be_a_key():
    def edit(entry):
        entry["schema"]["properties"]["uuid"] = {"type": "string"}
        entry["key_properties"] = ["uuid"]

    assert honoured(edit).key_properties == ["uuid"]


@pytest.mark.parametrize("place", ["replication-method", "forced-replication-method", "replication_method"])
def test_full_table_is_in_force_from_each_place_in_the_entry(place):
    def edit(entry):
        (entry if "_" in place else metadata(entry))[place] = "FULL_TABLE"

    entry = honoured(edit)

    assert entry.replication_method == "FULL_TABLE"
    assert entry.replication_key == "end_at"


@pytest.mark.parametrize("method", ["LOG_BASED", "full", ["INCREMENTAL"], 3])
@pytest.mark.parametrize("place", ["replication-method", "forced-replication-method", "replication_method"])
def test_an_unknown_replication_method_is_refused(place, method):
    line = refused(lambda entry: (entry if "_" in place else metadata(entry)).update({place: method}))

    assert f"sets replication-method to {method!r}; it must be INCREMENTAL or FULL_TABLE" in line


@pytest.mark.parametrize("key", ["callsid", "updated_at", ["end_at"]])
@pytest.mark.parametrize("place", ["replication-key", "replication_key"])
def test_another_replication_key_is_refused(place, key):
    line = refused(lambda entry: (entry if "_" in place else metadata(entry)).update({place: key}))

    assert f"sets replication-key to {key!r}; it must be 'end_at', or left out" in line


@pytest.mark.parametrize("key", ["", None])
def test_a_replication_key_that_is_left_out_is_that_of_the_tap(key):
    def edit(entry):
        entry["replication_key"] = key
        del metadata(entry)["replication-key"]

    assert honoured(edit).replication_key == "end_at"


# Columns and types


@pytest.mark.parametrize(
    "field", [{"type": "integer"}, {"anyOf": [{"type": "integer"}]}, {"type": ["integer"]}]
)
def test_a_column_that_is_no_key_may_be_null_with_any_catalog(field):
    entry = honoured(lambda entry: entry["schema"]["properties"].update(rating=field))

    Draft202012Validator(entry.schema.to_dict()["properties"]["rating"]).validate(None)


@pytest.mark.parametrize(
    ("name", "field", "found"),
    [
        ("rating", {}, {"type": ["integer", "null"]}),
        ("end_at", {"title": "End"}, TIME | {"title": "End"}),
        ("end_at", {"anyOf": [TIME, {"type": "null"}]}, TIME),
        ("end_at", {"oneOf": [TIME, {"type": ["string"]}], "title": "End"}, TEXT | {"title": "End"}),
        (
            "rating",
            {"anyOf": [{"type": "number"}, {"type": "string"}]},
            {"type": ["number", "string", "null"]},
        ),
        ("new", {"enum": ["a", "b"]}, TEXT | {"enum": ["a", "b"]}),
    ],
)
def test_every_column_has_a_plain_type(name, field, found):
    """Without one, the SDK's flattening ends in a traceback."""
    entry = honoured(lambda entry: entry["schema"]["properties"].update({name: field}))

    assert entry.schema.to_dict()["properties"][name] == found


def test_other_members_of_a_schema_go_to_the_target():
    edited = {"type": ["string"], "maxLength": 12, "x-sql-datatype": "citext"}

    entry = honoured(lambda entry: entry["schema"]["properties"].update(callsid=edited))

    found = entry.schema.to_dict()["properties"]["callsid"]
    assert found == edited | {"type": ["string", "null"]}


def test_a_removed_column_is_gone_and_not_unknown():
    def edit(entry):
        del entry["schema"]["properties"]["rating"]

    entry = honoured(edit)
    schema, added = conversions(CALLS.schema, entry.schema.to_dict())

    assert "rating" not in entry.schema.to_dict()["properties"]
    assert "rating" in schema["properties"]
    assert added == {}


@pytest.mark.parametrize(
    ("name", "field", "kind"),
    [
        ("end_at", {"type": "integer"}, "date-time"),
        ("end_at", {"type": "string", "format": "date"}, "date-time"),
        ("is_transfer", {"type": ["integer", "null"]}, "boolean"),
        ("tags", {"type": "object"}, "array"),
        ("callsid", {"type": "object"}, "string"),
        ("rating", {"type": "string", "format": "date-time"}, "integer"),
        ("rating", {"oneOf": [{"type": "boolean"}, {"type": "null"}]}, "integer"),
        ("_unknown_fields", {"type": "integer"}, "string"),
    ],
)
def test_a_type_to_which_values_cannot_be_converted_is_refused(name, field, kind):
    line = refused(lambda entry: entry["schema"]["properties"].update({name: field}))

    refusal = f"its values are {kind} and cannot be converted to that"
    assert line == f"the catalog sets the type of {name!r} to {field!r}; {refusal}"


@pytest.mark.parametrize(
    "field",
    [
        None,
        "string",
        5,
        [],
        {"type": "varchar"},
        {"type": "null"},
        {"anyOf": [{"type": ["null"]}]},
        {"type": 5},
        {"type": [[]]},
        {"anyOf": [1]},
        {"items": [1]},
    ],
)
@pytest.mark.parametrize("name", ["rating", "new"])
def test_what_is_no_schema_of_a_column_is_refused(name, field):
    line = refused(lambda entry: entry["schema"]["properties"].update({name: field}))

    assert line == f"the catalog sets the schema of {name!r} to {field!r}; this is not a column's schema"


@pytest.mark.parametrize("schema", ["object", [1], {"properties": [1]}])
def test_what_is_no_schema_of_a_stream_is_refused(schema):
    assert f"sets schema to {schema!r}" in refused(lambda entry: entry.update(schema=schema))


@pytest.mark.parametrize(
    "given", ["all", 5, [1], [{}], [{"breadcrumb": 5, "metadata": {}}], {"selected": True}]
)
def test_what_is_no_metadata_is_refused(given):
    assert f"sets metadata to {given!r}" in refused(lambda entry: entry.update(metadata=given))


def test_two_columns_never_have_the_same_field():
    line = refused(lambda entry: entry["schema"]["properties"].update({"Rating?": {"type": "string"}}))

    what = "the catalog adds the column 'Rating?', which reads the same field as 'rating'"
    assert line == f"{what}; remove one of them"


def test_the_column_of_unknown_fields_depends_on_the_setting():
    """The catalog may be older than the setting."""
    without = stream(fields={name: field for name, field in FIELDS.items() if name != "_unknown_fields"})
    catalog = discovered(CALLS)
    for field in (TEXT, {"type": "object"}, None):
        catalog["streams"][0]["schema"]["properties"]["_unknown_fields"] = field

        entry = in_force(catalog, [without]).catalog["calls"]

        assert "_unknown_fields" not in entry.schema.to_dict()["properties"]


def test_row_id_stays_while_its_column_is_there():
    def edit(entry):
        entry["key_properties"] = ["call_id", "end_at"]

    entry = honoured(edit, STATUSES)

    assert "_row_id" in selected_columns(entry)
    assert entry.schema.to_dict()["required"] == ["call_id", "end_at"]
    assert entry.schema.to_dict()["properties"]["_row_id"]["type"] == ["string", "null"]


KINDS = [
    *(field for name, field in FIELDS.items() if not name.startswith("_")),
    {"type": ["object", "null"]},
]
WANTED = [
    *KINDS,
    {},
    {"type": "string", "format": "uuid"},
    {"type": ["integer", "string", "null"]},
    {"type": ["number", "integer"]},
    {"anyOf": [TIME, {"type": "null"}]},
    {"oneOf": [{"type": "boolean"}, {"type": "number"}]},
]
VALUES = [
    None,
    "",
    "7",
    "7.5",
    "CA1",
    "Yes",
    7,
    7.0,
    7.5,
    True,
    ["a"],
    {"a": 1},
    '["a"]',
    "2026-01-05 10:00:00",
    10**20,
]
CONVERTIBLE = [(own, wanted) for own in KINDS for wanted in WANTED if conversion(own, wanted) is not None]


@pytest.mark.parametrize(("own", "wanted"), CONVERTIBLE, ids=str)
def test_every_value_fits_the_type_in_force_on_both_ways(own, wanted):
    fields = {"id": {"type": ["string"]}, "value": own}
    in_force = {
        name: typed(field, fields[name], is_key=name == "id")
        for name, field in (fields | {"value": wanted}).items()
    }
    schema, _ = conversions({"properties": fields}, {"properties": in_force})
    options = {"keys": ("id",), "replication_key": "id", "unknown_fields": "warn"}
    builder, chunks = (RecordBuilder("calls", schema, **options) for _ in range(2))
    fits = Draft202012Validator(in_force["value"])

    for value in VALUES:
        record = builder.from_json({"id": "a", "value": value})
        rows = json.dumps([{"id": "a", "value": value}]).encode()

        fits.validate(record["value"])
        assert encode_lines(ChunkBuilder(chunks).from_json(rows)) == encode_lines([record])


@pytest.mark.parametrize(
    ("own", "value", "text"),
    [
        (FIELDS["rating"], 4, "4"),
        (FIELDS["share"], 0.5, "0.5"),
        (FIELDS["is_transfer"], "Yes", "true"),
        (FIELDS["tags"], ["a", "b"], '["a","b"]'),
        (TIME, "2026-01-05 10:00:00", "2026-01-05T10:00:00Z"),
        (TEXT, "CA1", "CA1"),
    ],
)
def test_every_type_can_be_text(own, value, text):
    schema, _ = conversions({"properties": {"value": own}}, {"properties": {"value": TEXT}})
    builder = RecordBuilder("calls", schema, keys=(), replication_key="", unknown_fields="fail")

    assert builder.from_json({"value": value}) == {"value": text}


# Streams and names


def test_a_selected_stream_that_the_tap_does_not_have_is_refused_and_the_others_are_read():
    catalog = discovered(CALLS, stream("adherence"), stream("gone", selected=False))

    found = in_force(catalog, [CALLS, STATUSES])

    assert set(found.catalog) == {"calls"}
    assert set(found.refused) == {"adherence"}
    assert "the tap does not have it" in found.refused["adherence"]


def test_an_alias_is_kept_for_the_messages():
    assert honoured(lambda entry: entry.update(stream="talkdesk_calls")).stream_alias == "talkdesk_calls"


@pytest.mark.parametrize("alias", ["", None])
def test_an_empty_alias_is_no_alias(alias):
    assert honoured(lambda entry: entry.update(stream=alias)).stream_alias is None


def test_an_alias_that_is_no_text_is_refused():
    assert "sets stream to 5; it must be a string" in refused(lambda entry: entry.update(stream=5))


def test_two_streams_never_have_the_same_name():
    catalog = discovered(CALLS, STATUSES)
    catalog["streams"][0]["stream"] = "user_status"

    found = in_force(catalog, [CALLS, STATUSES])

    assert set(found.catalog) == {"user_status"}
    assert found.refused["calls"].startswith("the catalog sets stream to 'user_status'; another")


def test_a_stream_that_is_selected_twice_is_refused():
    catalog = discovered(CALLS, CALLS)
    assert "selects this stream 2 times" in in_force(catalog, [CALLS]).refused["calls"]

    metadata(catalog["streams"][0])["selected"] = False
    assert set(in_force(catalog, [CALLS]).catalog) == {"calls"}


def test_an_entry_without_tap_stream_id_is_found_by_its_stream():
    def edit(entry):
        del entry["tap_stream_id"]

    assert honoured(edit).stream_alias is None


@pytest.mark.parametrize(
    "catalog",
    [{}, {"streams": []}, {"streams": None}, {"streams": {"calls": {}}}, {"streams": [5]}, {"streams": [{}]}],
)
def test_what_is_no_catalog_is_one_line(catalog):
    with pytest.raises(ConfigValidationError) as caught:
        in_force(catalog, [CALLS])

    [line] = caught.value.errors
    assert line.startswith("catalog: it has ")


def test_what_is_wrong_with_a_stream_that_is_not_selected_is_no_matter():
    def edit(entry):
        metadata(entry)["selected"] = False
        metadata(entry)["replication-key"] = "updated_at"
        entry["schema"]["properties"]["rating"] = "five"

    assert read(edit).refused == {}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "calls", "string", "rating"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["type", "selected", "properties", "breadcrumb", "anyOf", "items"]), inner
        )
    ),
    max_leaves=4,
)


@st.composite
def damaged(draw):
    """Draws a catalog in which one value anywhere is replaced."""
    catalog = discovered(CALLS, STATUSES)
    place = catalog
    while True:
        name = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not place[name] or not isinstance(place[name], dict | list) or draw(st.integers(0, 4)) == 0:
            place[name] = draw(JSON)
            return catalog
        place = place[name]


@given(catalog=damaged())
def test_any_catalog_is_honoured_or_refused(catalog):
    try:
        found = in_force(catalog, [CALLS, STATUSES])
    except ConfigValidationError:
        return

    for name, entry in found.catalog.items():
        schema, added = conversions(
            CALLS.schema if name == "calls" else STATUSES.schema, entry.schema.to_dict()
        )
        RecordBuilder(
            name,
            schema,
            keys=entry.key_properties,
            replication_key="end_at",
            unknown_fields="keep",
            aliases=added,
        )
        for field in entry.schema.to_dict()["properties"].values():
            assert set(field["type"]) <= set(TYPES)
        entry.metadata.resolve_selection()
    assert all("\n" not in why for why in found.refused.values())
