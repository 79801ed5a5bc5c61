"""Any value, body, state and setting is read, or refused with its documented error."""

from __future__ import annotations

import json
import os
from datetime import UTC

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from singer_sdk.exceptions import ConfigValidationError

from tap_talkdesk_reports.api import redaction, responses
from tap_talkdesk_reports.api.auth import ClientCredentials
from tap_talkdesk_reports.api.client import RequestPolicy
from tap_talkdesk_reports.api.exchange import Response
from tap_talkdesk_reports.config import custom_reports
from tap_talkdesk_reports.core.clock import Clock
from tap_talkdesk_reports.core.errors import BookmarkError, UnexpectedResponseError
from tap_talkdesk_reports.records import values
from tap_talkdesk_reports.records.names import plain_name
from tap_talkdesk_reports.singer.state import bookmarks_of, read_bookmark

pytestmark = pytest.mark.wide

fuzz = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "100")),
    suppress_health_check=list(HealthCheck),
)

stamps = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["2026-03-02", "0001-01-01", "9999-12-31", "2026-02-30", "20260302", "2026-W10-1", ""]),
    st.sampled_from(["T", " ", "", "_"]),
    st.sampled_from(["10:22:26", "24:00:00", "23:59:60", "10:22", "10:22:26.123", "10:22:26,9999999", ""]),
    st.sampled_from(["Z", " UTC", "+02:00", "-23:59", "+24:00", "UTC UTC", ""]),
)
numbers = st.sampled_from(
    [
        "1",
        "-1.5",
        "1e308",
        "1e999",
        "NaN",
        "inf",
        "1_000",
        "٣",
        " 1 ",
        "0x1",
        "9" * 400,
        "9" * 5000,
        "1e400",
        "",
    ]
)
words = st.sampled_from(["Yes", "NO", "TRUE", "false ", "y", "", "[1]", "[", "null", "{}"]) | stamps | numbers
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | words
jsons = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | words, inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "read",
    [
        values.to_timestamp,
        values.to_text,
        values.to_integer,
        values.to_seconds,
        values.to_number,
        values.to_boolean,
        values.to_list,
        values.to_any,
    ],
)
@fuzz
@given(value=jsons)
@example(value="[" * 100_000)
@example(value="9" * 5000)
def test_any_value_is_read_or_refused_with_a_value_error(read, value):
    try:
        found = read(value)
    except (ValueError, OverflowError):
        return
    json.dumps(found, allow_nan=read in (values.to_list, values.to_any))


@fuzz
@given(stamps | st.text(max_size=30))
def test_any_text_is_a_time_in_utc_or_refused(text):
    try:
        read = values.read_timestamp(text)
    except ValueError:
        return
    assert read.tzinfo is UTC


@fuzz
@given(st.text(max_size=40))
def test_any_name_becomes_a_column_name_and_then_stays_the_same(name):
    plain = plain_name(name)

    assert plain == plain_name(plain)
    assert not set(plain) - set("abcdefghijklmnopqrstuvwxyz0123456789_")
    assert not plain.startswith("_")
    assert not plain.endswith("_")


ids = st.sampled_from(["j1", "", "../x", "a b", "\n"])
timespans = st.fixed_dictionaries({}, optional={"from": stamps | jsons, "to": stamps | jsons}) | jsons
jobs = st.fixed_dictionaries(
    {},
    optional={
        "id": ids | jsons,
        "status": st.sampled_from(["done", "DONE"]) | jsons,
        "timespan": timespans,
        "name": jsons,
    },
)
links = st.fixed_dictionaries(
    {}, optional={"href": st.sampled_from(["http://[x/?page=2", "/x?page=2", "//h/?a"]) | jsons}
)
pages = st.fixed_dictionaries(
    {},
    optional={
        "_embedded": st.fixed_dictionaries({}, optional={"jobs": st.lists(jobs | jsons, max_size=3) | jsons})
        | jsons,
        "_links": st.fixed_dictionaries({}, optional={"next": links | jsons}) | jsons,
        "job": jobs | jsons,
    },
)
objects = jobs | pages | st.dictionaries(st.text(max_size=6), jsons, max_size=3)


@fuzz
@given(body=objects)
def test_any_object_as_an_answer_is_understood_or_one_error(body):
    for read in (
        lambda: responses.read_job(body, "calls"),
        lambda: responses.listed_jobs(body, "calls"),
        lambda: responses.next_page(body),
    ):
        try:
            read()
        except UnexpectedResponseError as error:
            assert "\n" not in str(error)


def response_of(body):
    return Response("GET https://h/x", "https://h/x", 200, {"Content-Type": "text/html"}, body)


@fuzz
@given(st.binary(max_size=60) | jsons.map(lambda body: json.dumps(body).encode()))
def test_any_bytes_as_an_answer_are_an_object_or_one_error(data):
    try:
        assert isinstance(responses.as_object(response_of(data)), dict)
    except UnexpectedResponseError as error:
        assert "\n" not in str(error)


tokens = st.fixed_dictionaries(
    {},
    optional={
        "access_token": st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1) | jsons,
        "id_token": st.text(max_size=5) | jsons,
        "refresh_token": jsons,
        "expires_in": st.integers() | st.floats() | jsons,
    },
)


@fuzz
@given(tokens.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=60))
def test_any_answer_to_a_sign_in_is_a_token_or_one_error(data):
    policy = RequestPolicy(clock=Clock(), user_agent="fuzz", timeout=1, max_wait=1)
    source = ClientCredentials(
        "https://acme.talkdeskid.com/oauth/token", policy, client_id="c", client_secret="s", key=None
    )
    try:
        source._keep(source._read(response_of(data)))
    except UnexpectedResponseError as error:
        assert "\n" not in str(error)
    else:
        assert source._token
    finally:
        redaction._secrets.clear()


bookmarks = st.dictionaries(
    st.sampled_from(["calls", "x"]),
    st.fixed_dictionaries({}, optional={"replication_key_value": stamps | jsons, "replication_key": jsons})
    | jsons,
    max_size=2,
)


@fuzz
@given(
    jsons
    | bookmarks.map(lambda given: {"bookmarks": given})
    | jsons.map(lambda v: {"type": "STATE", "value": v})
)
def test_any_state_is_used_or_refused_in_one_line(state):
    try:
        found = bookmarks_of(state)
    except ConfigValidationError as error:
        assert len(error.errors) == 1
        assert "\n" not in error.errors[0]
        return

    assert bookmarks_of({"bookmarks": found}) == found
    for stream, bookmark in found.items():
        try:
            moment = read_bookmark(bookmark, stream, "end_at")
        except BookmarkError as error:
            assert "\n" not in str(error)
        else:
            assert moment is None or moment.tzinfo is UTC


entries = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["adherence", "a/b", "?"]) | jsons,
        "replication_key": st.sampled_from(["started_at", "?"]) | jsons,
        "name": st.sampled_from(["adherence", "calls", "?"]) | jsons,
        "keys": st.lists(st.sampled_from(["id", "?", "started_at"]), max_size=3) | jsons,
        "fields": st.dictionaries(
            st.sampled_from(["id", "ID", "?"]), st.sampled_from(custom_reports.TYPES) | jsons, max_size=3
        )
        | jsons,
        "more": jsons,
    },
)


@fuzz
@given(st.lists(entries, max_size=3) | jsons)
def test_any_custom_reports_are_schemas_or_an_error(setting):
    if list(custom_reports.custom_report_problems(setting, {"calls"})):
        return
    for entry in setting:
        report = custom_reports.CustomReport.from_setting(entry)
        assert report.name
        assert all(report.keys)
        assert {*report.keys, report.replication_key} - {custom_reports.ROW_ID} <= report.schema()[
            "properties"
        ].keys()
