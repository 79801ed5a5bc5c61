"""Whole runs with edited catalogs: which edits are honoured, and which are refused."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from jsonschema import Draft202012Validator

from tap_talkdesk_reports.tap import TapTalkdeskReports
from tests.support import run_tap
from tests.support.catalogs import with_metadata

WEEK = {"start_date": "2026-03-02", "end_date": "2026-03-09", "timespan_hours": 72}
TEXT = {"type": ["string", "null"]}


@pytest.fixture
def sandbox(start_sandbox, clock):
    return start_sandbox(clock=clock.now)


def discovered(config, *streams):
    """Returns the discovered catalog of some streams, all selected."""
    found = json.loads(json.dumps(TapTalkdeskReports(config=config).catalog_dict))
    entries = [entry for entry in found["streams"] if entry["stream"] in streams]
    for entry in entries:
        metadata_of(entry)["selected"] = True
    return {"streams": sorted(entries, key=lambda entry: streams.index(entry["stream"]))}


def metadata_of(entry, *breadcrumb):
    return next(each["metadata"] for each in entry["metadata"] if each["breadcrumb"] == list(breadcrumb))


def schema_of(outcome, stream):
    return next(m for m in outcome.messages if m["type"] == "SCHEMA" and m["stream"] == stream)


def assert_fits(outcome, stream):
    """Asserts that every record is valid by the SCHEMA, and has no other columns."""
    message = schema_of(outcome, stream)
    fits = Draft202012Validator(message["schema"])
    records = outcome.records(stream)
    assert records
    for record in records:
        fits.validate(record)
        assert record.keys() <= message["schema"]["properties"].keys()
    keys = Counter(tuple(record[key] for key in message["key_properties"]) for record in records)
    assert not message["key_properties"] or max(keys.values()) == 1


# Honoured


@pytest.mark.parametrize("file_format", ["json", pytest.param("csv", marks=pytest.mark.wide)])
@pytest.mark.parametrize(
    ("stream", "keys"),
    [
        ("user_status", ["user_id", "status_start_at", "status_label", "team_id"]),
        ("calls", ["callsid"]),
        ("calls", []),
    ],
)
def test_other_keys_are_in_force_in_schema_and_records(sandbox, in_process, stream, keys, file_format):
    config = sandbox.explore_config | WEEK | {"format": file_format}
    catalog = discovered(config, stream)
    metadata_of(catalog["streams"][0])["table-key-properties"] = keys

    outcome = in_process(config, catalog=catalog)

    assert outcome.code == 0, outcome.errors
    assert_fits(outcome, stream)
    assert schema_of(outcome, stream)["key_properties"] == keys
    assert schema_of(outcome, stream)["schema"]["required"] == keys
    if stream == "user_status":
        assert all(len(record["_row_id"]) == 32 for record in outcome.records(stream))


@pytest.mark.parametrize("file_format", ["json", pytest.param("csv", marks=pytest.mark.wide)])
@pytest.mark.parametrize("column", ["call_id", "end_at"])
def test_key_and_replication_key_are_in_the_records_with_any_selection(
    sandbox, in_process, column, file_format
):
    config = sandbox.explore_config | WEEK | {"format": file_format}
    catalog = discovered(config, "calls")
    usual = in_process(config, catalog=catalog)
    catalog["streams"][0]["metadata"] = [
        {"breadcrumb": [], "metadata": {"selected": "true"}},
        {"breadcrumb": ["properties", column], "metadata": {"selected": False}},
    ]

    outcome = in_process(config, catalog=catalog)

    assert outcome.code == 0, outcome.errors
    assert outcome.records("calls") == usual.records("calls")
    assert column in schema_of(outcome, "calls")["schema"]["properties"]


def test_full_table_as_meltano_writes_it_reads_everything_each_time(sandbox, in_process):
    config = sandbox.explore_config | WEEK
    catalog = with_metadata(
        discovered(config, "calls", "user_status"), "calls", [], **{"replication-method": "FULL_TABLE"}
    )
    state = {
        "bookmarks": {
            name: {"replication_key_value": "2026-03-08T00:00:00Z"} for name in ("calls", "user_status")
        }
    }

    outcome = in_process(config, catalog=catalog, state=state)

    assert outcome.code == 0, outcome.errors
    assert min(call["end_at"] for call in outcome.records("calls")) < "2026-03-03"
    assert min(status["status_end_at"] for status in outcome.records("user_status")) >= "2026-03-08"
    assert outcome.bookmark("calls") == "2026-03-08T00:00:00Z"


@pytest.mark.parametrize("file_format", ["json", pytest.param("csv", marks=pytest.mark.wide)])
def test_changed_types_are_those_of_the_records(sandbox, in_process, file_format):
    config = sandbox.explore_config | WEEK | {"format": file_format}
    catalog = discovered(config, "calls")
    usual = in_process(config, catalog=catalog)
    properties = catalog["streams"][0]["schema"]["properties"]
    properties |= {
        "is_in_business_hours": TEXT,
        "talk_time": {"type": ["number", "null"]},
        "hold_time": {"anyOf": [{"type": "string", "maxLength": 9}, {"type": "null"}]},
        "start_at": {"type": "string"},
    }

    outcome = in_process(config, catalog=catalog)

    assert outcome.code == 0, outcome.errors
    assert_fits(outcome, "calls")
    for before, after in zip(usual.records("calls"), outcome.records("calls"), strict=True):
        assert after["is_in_business_hours"] == json.dumps(before["is_in_business_hours"])
        assert after["hold_time"] == str(before["hold_time"])
        assert {name: after[name] for name in ("talk_time", "start_at")} == {
            name: before[name] for name in ("talk_time", "start_at")
        }


@pytest.fixture
def own_fields(server, clock):
    """Returns settings for calls with more fields than the tap declares."""
    server.date = clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")

    def config(**fields):
        row = {"call_id": "c1", "end_at": "2026-03-02T10:00:00Z", "type": "inbound", **fields}
        server.answers["object"] = lambda n: (200, {"entries": [row], "total": 1}, {})
        return server.config

    return config


@pytest.mark.parametrize("name", ["queue_name", "Queue Name", "agent_name"])
def test_a_column_that_the_catalog_adds_is_read_from_the_field_of_its_name(own_fields, in_process, name):
    config = own_fields(**{"Queue Name": "Sales", "agent_name": "Sales"})
    catalog = discovered(config, "calls")
    catalog["streams"][0]["schema"]["properties"] |= {name: TEXT, "not_there": {"type": "integer"}}

    outcome = in_process(config, catalog=catalog)

    [call] = outcome.records("calls")
    assert outcome.code == 0, outcome.errors
    assert_fits(outcome, "calls")
    assert call[name] == "Sales"
    assert call.get("not_there") is None
    assert schema_of(outcome, "calls")["schema"]["properties"]["not_there"]["type"] == ["integer", "null"]
    [line] = [message for _, message in outcome.log if "the catalog adds columns" in message]
    assert line.endswith(f": {name}, not_there")


def test_a_column_that_the_catalog_removes_is_deselected_and_not_unknown(own_fields, in_process):
    config = own_fields()
    catalog = discovered(config, "calls")
    del catalog["streams"][0]["schema"]["properties"]["type"]

    outcome = in_process(config | {"unknown_fields": "fail"}, catalog=catalog)

    [call] = outcome.records("calls")
    assert outcome.code == 0, outcome.errors
    assert "type" not in call
    assert "type" not in schema_of(outcome, "calls")["schema"]["properties"]


def test_unknown_fields_without_their_column_are_logged_as_left_out(own_fields, in_process):
    config = own_fields(zone="north")
    catalog = discovered(config, "calls")
    metadata_of(catalog["streams"][0], "properties", "_unknown_fields")["selected"] = False

    outcome = in_process(config, catalog=catalog)

    [warning] = [message for level, message in outcome.log if level == "WARNING"]
    assert "left out: zone (1 time)" in warning


ALIAS = {"stream": "talkdesk_calls"}


@pytest.mark.parametrize("mapped", [{}, {"stream_maps": {"calls": {"callsid": "callsid.upper()"}}}])
def test_an_alias_is_the_name_in_the_messages_and_nowhere_else(sandbox, in_process, mapped):
    config = sandbox.explore_config | WEEK | mapped
    catalog = discovered(config, "calls", "user_status")
    usual = in_process(config, catalog=catalog)
    catalog["streams"][0] |= ALIAS

    outcome = in_process(config, catalog=catalog)

    assert outcome.code == 0, outcome.errors
    assert {m["stream"] for m in outcome.messages if "stream" in m} == {"talkdesk_calls", "user_status"}
    assert outcome.records("talkdesk_calls") == usual.records("calls")
    assert outcome.states[-1] == usual.states[-1]


def test_an_alias_is_the_name_of_batches_too(sandbox, in_process, tmp_path):
    batch_config = {"encoding": {"format": "jsonl"}, "storage": {"root": tmp_path.as_uri()}}
    config = sandbox.explore_config | WEEK | {"batch_config": batch_config}
    catalog = discovered(config, "calls")
    catalog["streams"][0] |= ALIAS

    outcome = in_process(config, catalog=catalog)

    named = [message["stream"] for message in outcome.messages if message["type"] == "BATCH"]
    assert outcome.code == 0, outcome.errors
    assert set(named) == {"talkdesk_calls"}


def test_a_stream_map_that_gives_a_name_wins_over_the_alias(sandbox, in_process):
    config = sandbox.explore_config | WEEK | {"stream_maps": {"calls": {"__alias__": "voice"}}}
    catalog = discovered(config, "calls")
    catalog["streams"][0] |= ALIAS

    outcome = in_process(config, catalog=catalog)

    assert {m["stream"] for m in outcome.messages if "stream" in m} == {"voice"}


def test_a_catalog_of_an_older_program_selects_what_it_meant(sandbox, in_process):
    config = sandbox.explore_config | WEEK
    catalog = discovered(config, "calls", "contacts", "user_status")
    for entry, selected in zip(catalog["streams"], ("false", "true", False), strict=True):
        entry["selected"] = selected
        del entry["metadata"]

    outcome = in_process(config, catalog=catalog)

    assert outcome.code == 0, outcome.errors
    assert {m["stream"] for m in outcome.messages if "stream" in m} == {"contacts"}
    assert_fits(outcome, "contacts")


# Refused


def another_replication_key(entry):
    metadata_of(entry)["replication-key"] = "start_at"


def an_unknown_method(entry):
    metadata_of(entry)["replication-method"] = "LOG_BASED"


def a_key_that_is_no_column(entry):
    metadata_of(entry)["table-key-properties"] = ["uuid"]


def a_type_that_cannot_be(entry):
    entry["schema"]["properties"]["end_at"] = {"type": ["integer", "null"]}


def an_unknown_stream(entry):
    entry["tap_stream_id"] = entry["stream"] = "adherence"


REFUSED = {
    another_replication_key: "calls: the catalog sets replication-key to 'start_at'; ",
    an_unknown_method: "calls: the catalog sets replication-method to 'LOG_BASED'; ",
    a_key_that_is_no_column: "calls: the catalog sets table-key-properties to ['uuid']; ",
    a_type_that_cannot_be: "calls: the catalog sets the type of 'end_at' to {'type': ['integer', 'null']}; ",
    an_unknown_stream: "adherence: the catalog selects this stream, ",
}


@pytest.mark.parametrize(("edit", "line"), REFUSED.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_a_catalog_edit_that_cannot_be_honoured_fails_only_its_stream(sandbox, in_process, edit, line):
    config = sandbox.explore_config | WEEK
    catalog = discovered(config, "calls", "user_status")
    edit(catalog["streams"][0])
    state = {"bookmarks": {"calls": {"replication_key_value": "2026-03-05T00:00:00Z"}}}

    outcome = in_process(config, catalog=catalog, state=state)

    name = line.split(":")[0]
    assert outcome.code == 1
    [error] = outcome.errors
    assert error.startswith(line)
    assert {job.report for job in sandbox.jobs} == {"user_status"}
    assert {m["stream"] for m in outcome.messages if "stream" in m} == {"user_status"}
    assert outcome.bookmark("user_status") == "2026-03-09T00:00:00Z"
    assert outcome.bookmark("calls") == "2026-03-05T00:00:00Z"
    *_, summary, last = [line for _, line in outcome.log if name in line]
    assert summary.startswith(f"{name}: FAILED, not read: the catalog ")
    assert re.match(rf"Failed after .*: {name}: the catalog ", last)


@pytest.mark.parametrize("edit", REFUSED)
def test_nothing_is_requested_if_no_stream_is_left(sandbox, in_process, edit):
    catalog = discovered(sandbox.explore_config | WEEK, "calls")
    edit(catalog["streams"][0])

    outcome = in_process(sandbox.explore_config | WEEK, catalog=catalog)

    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert len(sandbox.ledger) == 0
    assert [message["type"] for message in outcome.messages] == ["STATE"]


def test_the_connection_test_names_what_is_refused(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    config = sandbox.explore_config | WEEK
    catalog = discovered(config, "calls", "user_status")
    another_replication_key(catalog["streams"][0])

    outcome = run_tap(tmp_path, config, "--test", catalog=catalog)
    catalog["streams"].pop()
    nothing = run_tap(tmp_path, config, "--test", catalog=catalog)

    refused, sign_in, statuses = outcome.stdout.splitlines()
    assert outcome.code == nothing.code == 1
    assert refused.startswith("calls: FAILED: the catalog sets replication-key to 'start_at'; ")
    assert sign_in.startswith("sign-in: works")
    assert statuses.startswith("user_status: works; ")
    assert nothing.stdout.splitlines() == [refused]


def test_the_connection_test_reports_no_sign_in_that_was_not_made(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    config = sandbox.explore_config | WEEK
    catalog = with_metadata(discovered(config, "calls"), "calls", [], selected=False)

    outcome = run_tap(tmp_path, config, "--test", catalog=catalog)

    assert (outcome.code, outcome.stdout) == (0, "no stream is selected; select one in the catalog\n")
    assert len(sandbox.ledger) == 0


@pytest.mark.parametrize("catalog", [{}, {"streams": []}, {"streams": None}, {"streams": [{"schema": {}}]}])
@pytest.mark.parametrize("arguments", [(), ("--test",)])
def test_a_catalog_of_nothing_is_one_line(start_sandbox, tmp_path, catalog, arguments):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK, *arguments, catalog=catalog)

    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith("catalog: it has ")
    assert "Traceback" not in outcome.stderr
    assert len(sandbox.ledger) == 0


def test_a_report_of_the_settings_that_is_gone_from_them_is_refused(sandbox, in_process):
    config = sandbox.explore_config | WEEK
    own = {"reports": [{"type": "adherence", "replication_key": "end_at"}]}
    catalog = discovered(config | own, "adherence", "calls")

    outcome = in_process(config, catalog=catalog)

    assert outcome.code == 1
    [error] = outcome.errors
    assert error.startswith("adherence: the catalog selects this stream, but the tap does not have it")
    assert outcome.records("calls")
