"""Whole runs with the Explore API, compared with the truth."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from talkdesk_sandbox import Explore, Fault, Pace
from tests.support import run_tap, utc
from tests.support.catalogs import catalog_of, everything, with_metadata
from tests.support.courses import SURVIVED
from tests.support.truth import as_set, explore_truth, without_digest

WEEK = {"start_date": "2026-03-02", "end_date": "2026-03-09", "timespan_hours": 72}
DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-06", "timespan_hours": 48, "max_concurrent_jobs": 2}
#: As many concurrent jobs as the account may have, so that many streams take no longer than a few.
WIDEST = {"max_concurrent_jobs": 15}
STREAMS = {
    "acw_time_data",
    "audit_logs",
    "calls",
    "contact_online_time",
    "contacts",
    "csat_score",
    "explore_calls",
    "feedback_flow",
    "hold_time_data",
    "inbound_contact_volume",
    "messaging_contacts",
    "outbound_dialer_calls",
    "qm_evaluation_analysis",
    "ring_attempts",
    "studio_flow_execution",
    "talk_time_data",
    "user_status",
}


def test_every_row_of_every_report_arrives_once_and_unchanged(start_sandbox, tmp_path):
    sandbox = start_sandbox(pace=Pace.after_polls(1))
    catalog = everything(catalog_of(tmp_path, sandbox.explore_config))

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK | WIDEST, catalog=catalog)

    assert outcome.code == 0, outcome.stderr
    assert {entry["stream"] for entry in catalog["streams"]} == {*STREAMS, "report_files"}
    for entry in [entry for entry in catalog["streams"] if entry["stream"] in STREAMS]:
        records = outcome.records(entry["stream"])
        wanted = explore_truth(sandbox, entry["stream"], entry["schema"])
        assert len(records) >= 20, entry["stream"]
        assert as_set(without_digest(records)) == as_set(wanted), entry["stream"]
        keys = Counter(tuple(record[key] for key in entry["key_properties"]) for record in records)
        assert max(keys.values()) == 1, entry["stream"]
        assert not any(None in key for key in keys), entry["stream"]
        assert outcome.bookmark(entry["stream"]) == "2026-03-09T00:00:00Z"


def test_csv_gives_the_same_records_except_empty_texts_which_are_null_there(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    catalog = everything(catalog_of(tmp_path, sandbox.explore_config))

    config = sandbox.explore_config | WEEK | WIDEST
    from_json = run_tap(tmp_path, config, catalog=catalog)
    from_csv = run_tap(tmp_path, config | {"format": "csv"}, catalog=catalog)

    assert from_csv.code == 0, from_csv.stderr
    for stream in STREAMS:
        pairs = list(zip(from_json.records(stream), from_csv.records(stream), strict=True))
        assert pairs
        for by_json, by_csv in pairs:
            assert {name: value or None for name, value in by_json.items() if value != 0} == {
                name: value or None for name, value in by_csv.items() if value != 0
            }
    assert as_set(from_json.records("user_status")) == as_set(from_csv.records("user_status"))


def test_only_calls_and_user_status_are_read_unless_others_are_selected(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK)

    assert outcome.code == 0, outcome.stderr
    assert {job.report for job in sandbox.jobs} == {"calls", "user_status"}


@pytest.mark.parametrize("file_format", ["json", "csv"])
def test_a_stream_without_a_natural_key_is_full_table_when_its_catalog_has_no_replication_key(
    start_sandbox, tmp_path, file_format
):
    sandbox = start_sandbox()
    config = sandbox.explore_config | DAYS | {"format": file_format}
    catalog = catalog_of(tmp_path, config)
    [entry] = [each for each in catalog["streams"] if each["tap_stream_id"] == "audit_logs"]
    entry["replication_method"] = "FULL_TABLE"
    for level in (entry, *(each["metadata"] for each in entry["metadata"])):
        level.pop("replication_key", None)
        level.pop("replication-key", None)
    catalog["streams"] = [entry]

    outcome = run_tap(tmp_path, config, catalog=with_metadata(catalog, "audit_logs", [], selected=True))

    assert outcome.code == 0, outcome.stderr
    assert outcome.records("audit_logs")


VARIANTS = [
    {"done": "303"},
    {"done": "302", "status_case": "upper"},
    {"done": "300", "status_case": "title"},
    {"done": "200", "status_case": "upper", "flat_jobs": True},
    {"done": "file"},
    {"waiting_204": True},
    {"files_200": True},
    {"flat_jobs": True, "embedded_name": "_embdedded"},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=json.dumps)
@pytest.mark.parametrize("file_format", ["json", pytest.param("csv", marks=pytest.mark.wide)])
def test_each_way_in_which_the_api_was_seen_or_documented_to_answer_is_understood(
    start_sandbox, tmp_path, variant, file_format
):
    sandbox = start_sandbox(pace=Pace.after_polls(2), explore=Explore(**variant))

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK | {"format": file_format})

    assert outcome.code == 0, outcome.stderr
    for stream in ("calls", "user_status"):
        rows = sandbox.rows(stream, utc("2026-03-02"), utc("2026-03-09"), api="explore")
        assert len(outcome.records(stream)) == len(rows) > 100
    assert not any(entry.authorized for entry in sandbox.ledger if entry.api == "files")


def test_an_empty_report_is_a_success_in_each_form(start_sandbox, tmp_path):
    sandbox = start_sandbox(calls_per_day=0, explore=Explore(empty_without_entries=True))

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK)

    assert outcome.code == 0, outcome.stderr
    assert outcome.records("calls") == []
    assert outcome.bookmark("calls") == "2026-03-09T00:00:00Z"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_an_app_signs_in_with_its_private_key(start_sandbox, tmp_path, algorithm):
    sandbox = start_sandbox(explore=Explore(key_algorithm=algorithm))

    outcome = run_tap(tmp_path, sandbox.explore_key_config | WEEK)

    assert outcome.code == 0, outcome.stderr
    assert sandbox.explore_key_config["private_key"] not in outcome.stderr + outcome.stdout
    assert len(outcome.records("calls")) > 100


def test_a_wrong_secret_is_one_line(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK | {"client_secret": "canary-wrong"})

    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert "refuses the sign-in of client" in outcome.errors[0]
    assert "canary-wrong" not in outcome.stderr


def test_a_token_that_lives_shorter_than_a_job_takes_is_renewed_before_it_expires(
    start_sandbox, in_process, clock
):
    sandbox = start_sandbox(clock=clock.now, pace=Pace.after_seconds(90), explore=Explore(token_seconds=60))

    outcome = in_process(sandbox.explore_config | WEEK | {"max_concurrent_jobs": 1})

    assert outcome.code == 0, outcome.errors
    statuses = [entry.status for entry in sandbox.ledger if entry.api == "explore"]
    assert [entry.operation for entry in sandbox.ledger].count("token") >= 2
    assert 401 not in statuses


def test_a_token_that_is_refused_in_the_middle_is_renewed_and_the_request_repeated(start_sandbox, tmp_path):
    sandbox = start_sandbox(faults=[Fault("status", "unauthorized"), Fault("create", "forbidden")])

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK)

    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []


def test_a_token_of_another_region_stops_the_run_with_one_line(start_sandbox, tmp_path):
    sandbox = start_sandbox(explore=Explore(wrong_region=True))

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK)

    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert "check region, api_url and token_url" in outcome.errors[0]


def test_an_account_that_may_use_half_of_the_reports_gets_that_half(start_sandbox, tmp_path):
    forbidden = sorted(STREAMS)[::2]
    sandbox = start_sandbox(forbidden_reports=tuple(forbidden))
    catalog = everything(catalog_of(tmp_path, sandbox.explore_config))

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK, catalog=catalog)

    assert outcome.code == 1
    assert sorted(error.partition(":")[0] for error in outcome.errors) == forbidden
    assert all("deselect the stream" in error for error in outcome.errors)
    for stream in STREAMS:
        assert outcome.bookmark(stream) == (None if stream in forbidden else "2026-03-09T00:00:00Z")


def test_a_client_without_the_write_scope_gets_an_error_that_names_it(start_sandbox, tmp_path):
    sandbox = start_sandbox(explore=Explore(scopes=("data-reports:read",)))

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK)

    assert outcome.code == 1
    assert len(outcome.errors) == 2
    assert all("permission" in error for error in outcome.errors)


@pytest.mark.parametrize("payload", ["2026", "2025", "explore_like"])
@pytest.mark.parametrize("file_format", ["json", pytest.param("csv", marks=pytest.mark.wide)])
def test_the_payloads_of_calls_of_all_times_load_into_one_schema(
    start_sandbox, tmp_path, payload, file_format
):
    sandbox = start_sandbox(explore=Explore(calls_payload=payload))
    usual = {
        row["call_id"]: row
        for row in start_sandbox().rows("calls", utc("2026-03-02"), utc("2026-03-09"), api="explore")
    }

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK | {"format": file_format})

    assert outcome.code == 0, outcome.stderr
    records = outcome.records("calls")
    assert {record["call_id"] for record in records} == usual.keys()
    assert {record["_unknown_fields"] for record in records} == {None}, "a field or value has no column"
    for record in records:
        row = usual[record["call_id"]]
        assert record["end_at"][:19] == row["end_at"][:19].replace(" ", "T")
        assert record["type"] == row["type"]
        assert record["talk_time"] == row["talk_time"]
        assert record["wait_time"] == row["wait_time"]
        assert payload == "explore_like" or record["is_transfer"] == row["is_transfer"]
        assert record["notes"] == (row["notes"] or None)
        assert (record["user_voice_rating"] or 0) == (row["user_voice_rating"] or 0)


@pytest.mark.parametrize(
    ("option", "stream", "column"),
    [
        ({"queues_field": "dial_attempts_queues"}, "ring_attempts", "dial_attempts_queues"),
        ({"queues_form": "text"}, "ring_attempts", "dial_attempts_queues"),
        ({"flow_execution_id": True}, "studio_flow_execution", "flow_execution_id"),
        ({"short_hours": True}, "qm_evaluation_analysis", "evaluation_time"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_report_loads_into_its_columns_in_each_way_that_it_may_be_written(
    start_sandbox, tmp_path, option, stream, column
):
    sandbox = start_sandbox(calls_per_day=300, explore=Explore(**option))
    catalog = catalog_of(tmp_path, sandbox.explore_config)
    catalog = with_metadata(catalog, stream, [], selected=True)

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK, catalog=catalog)

    assert outcome.code == 0, outcome.stderr
    records = outcome.records(stream)
    rows = sandbox.rows(stream, utc("2026-03-02"), utc("2026-03-09"), api="explore")
    assert len(records) == len(rows) > 20
    assert {record["_unknown_fields"] for record in records} == {None}
    assert any(record[column] for record in records)
    assert column != "evaluation_time" or all(record[column][10:13] > "T0" for record in records)


def test_a_year_is_requested_in_timespans_that_the_api_accepts(start_sandbox, tmp_path):
    sandbox = start_sandbox(calls_per_day=2, agents=2)

    outcome = run_tap(
        tmp_path,
        sandbox.explore_config
        | {"start_date": "2025-01-15", "end_date": "2026-01-15", "timespan_hours": 720},
    )

    assert outcome.code == 0, outcome.stderr
    assert len(outcome.records("calls")) == len(
        sandbox.rows("calls", utc("2025-01-15"), utc("2026-01-15"), api="explore")
    )


def test_a_custom_report_without_fields_keeps_all_fields(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    own = {
        "type": "contacts",
        "name": "raw contacts",
        "keys": ["contact_id"],
        "replication_key": "finished_at",
    }

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK | {"reports": [own]})

    assert outcome.code == 0, outcome.stderr
    rows = sandbox.rows("contacts", utc("2026-03-02"), utc("2026-03-09"), api="explore")
    records = outcome.records("raw_contacts")
    assert len(records) == len(rows) > 100
    by_id = {row["contact_id"]: row for row in rows}
    for record in records:
        row = by_id[record["contact_id"]]
        assert json.loads(record["_unknown_fields"]) == {
            name: value for name, value in row.items() if name not in {"contact_id", "finished_at"}
        }


@pytest.mark.parametrize(("how", "code"), [("keep", 0), ("warn", 0), ("fail", 1)])
def test_fields_and_values_without_a_column_are_handled_as_set(start_sandbox, tmp_path, how, code):
    sandbox = start_sandbox()
    own = {
        "type": "contacts",
        "name": "own",
        "replication_key": "finished_at",
        "fields": {"contact_id": "string", "direction": "integer"},
    }

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK | {"reports": [own], "unknown_fields": how})

    assert outcome.code == code, outcome.stderr
    warnings = [line for line in outcome.stderr.splitlines() if "fields unknown to the schema" in line]
    if how == "fail":
        assert "unknown_fields is 'fail'" in outcome.errors[0]
        assert re.match(r"own: report 'contacts', job \S+, timespan 2026-03-\S+: ", outcome.errors[0])
        assert outcome.records("own") == []
        assert len(outcome.records("calls")) > 100
        return
    assert len(warnings) == 1
    shown = r"own: \d\d fields unknown to the schema .*: (\w+ \([\d,]+ times?\)(, )?){10} and \d+ more"
    assert re.fullmatch(shown, warnings[0].split(" | ")[-1])
    for record in outcome.records("own"):
        assert record["direction"] is None
        assert ("_unknown_fields" in record) == (how == "keep")
        assert how == "warn" or json.loads(record["_unknown_fields"])["direction"] in {"IN", "OUT"}
    assert len({record["_row_id"] for record in outcome.records("own")}) == len(outcome.records("own")) > 100


EXPLORE_FAULTS = [name for name in SURVIVED if name != "token refused with 403"]


@pytest.mark.wide
@pytest.mark.parametrize("name", EXPLORE_FAULTS)
def test_a_transient_fault_loses_no_row(start_sandbox, tmp_path, name):
    faults = SURVIVED[name] if isinstance(SURVIVED[name], list) else [SURVIVED[name]]
    sandbox = start_sandbox(faults=faults, pace=Pace.after_polls(1))

    outcome = run_tap(tmp_path, sandbox.explore_config | DAYS)

    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []
    for stream, key in (("calls", "call_id"), ("user_status", "status_start_at")):
        rows = sandbox.rows(stream, utc("2026-03-02"), utc("2026-03-06"), api="explore")
        stamps = Counter(str(row[key])[:19].replace(" ", "T") for row in rows)
        got = Counter(str(record[key])[:19] for record in outcome.records(stream))
        assert set(got) == set(stamps)
        assert got == stamps or name == "total differs from the rows"


def test_the_sample_of_the_calls_page_becomes_a_record():
    """The entry is that of Talkdesk's page, shortened."""
    entry = json.loads(
        '{"call_id":"17378a31cf7546d3acb9621f29a4e883","callsid":"CA16eb","type":"outbound",'
        '"start_at":"2026-04-23T10:22:26Z","end_at":"2026-04-23T10:22:50Z","total_time":24,"notes":null,'
        '"ivr_options":"","is_transfer":false,"csat_score":null,"csat_survey_time":"",'
        '"agent_disconnected":"No","data_status":"Valid"}'
    )
    from tap_talkdesk_reports.tap import TapTalkdeskReports

    stream = TapTalkdeskReports(config={}, validate_config=False).streams["calls"]

    record = stream._builder.from_json(entry)

    assert record == dict.fromkeys(stream.schema["properties"]) | entry | {"agent_disconnected": False}
