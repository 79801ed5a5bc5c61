"""Whole runs of the tap over real HTTP, compared with the truth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from talkdesk_sandbox import Explore, Fault, Pace
from tests.support import as_record, run_tap
from tests.support.catalogs import catalog_of, with_metadata
from tests.support.courses import DAYS
from tests.support.truth import STREAMS, as_set, truth

WEEK = {"start_date": "2026-03-02", "end_date": "2026-03-09", "timespan_hours": 48}


@pytest.mark.parametrize("file_format", ["json", "csv"])
def test_every_row_arrives_once_and_unchanged(start_sandbox, tmp_path, file_format):
    sandbox = start_sandbox(pace=Pace.after_polls(2))

    outcome = run_tap(tmp_path, sandbox.config | WEEK | {"format": file_format})

    assert outcome.code == 0, outcome.stderr
    for stream in STREAMS:
        assert as_set(outcome.records(stream)) == as_set(truth(sandbox, stream))
        assert len(outcome.records(stream)) > 100
        assert outcome.bookmark(stream) == "2026-03-09T00:00:00Z"
    assert {job.format for job in sandbox.jobs} == {file_format}


def test_a_second_run_loads_only_newer_rows(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    first = run_tap(tmp_path, sandbox.config | WEEK)

    second = run_tap(tmp_path, sandbox.config | WEEK | {"end_date": "2026-03-11"}, state=first.states[-1])

    for stream in STREAMS:
        assert as_set(second.records(stream)) == as_set(truth(sandbox, stream, "2026-03-09", "2026-03-11"))
        assert second.bookmark(stream) == "2026-03-11T00:00:00Z"


def test_nothing_is_requested_when_nothing_is_due(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    first = run_tap(tmp_path, sandbox.config | WEEK)
    asked = len(sandbox.ledger)

    second = run_tap(tmp_path, sandbox.config | WEEK, state=first.states[-1])

    assert second.code == 0
    assert len(sandbox.ledger) == asked
    assert second.states[-1] == first.states[-1]


def test_a_state_from_the_future_and_a_start_after_the_horizon_make_no_request(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    future = {"bookmarks": {"calls": {"replication_key": "end_at", "replication_key_value": "2999-01-01"}}}

    outcome = run_tap(tmp_path, sandbox.config | {"start_date": "2998-01-01"}, state=future)

    for stream, start in (("calls", "2999-01-01"), ("user_status", "2998-01-01")):
        assert f"{stream}: its bookmark or start_date, {start}T00:00:00Z, is in the future" in outcome.stderr

    assert outcome.code == 0
    assert len(sandbox.ledger) == 0
    assert outcome.bookmark("calls") == "2999-01-01T00:00:00Z"


def test_the_lookback_reads_again_and_the_bookmark_does_not_go_back(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    state = {
        "bookmarks": {"calls": {"replication_key": "end_at", "replication_key_value": "2026-03-09T00:00:00Z"}}
    }

    outcome = run_tap(tmp_path, sandbox.config | WEEK | {"lookback_hours": 96}, state=state)

    # 96 hours before the bookmark, although timespans have 48 hours and end on their grid.
    assert as_set(outcome.records("calls")) == as_set(truth(sandbox, "calls", "2026-03-05"))
    reached = [state["bookmarks"]["calls"]["replication_key_value"] for state in outcome.states]
    assert set(reached) == {"2026-03-09T00:00:00Z"}


def test_an_empty_timespan_is_a_success_that_moves_the_bookmark(start_sandbox, tmp_path):
    sandbox = start_sandbox(calls_per_day=0)

    outcome = run_tap(tmp_path, sandbox.config | WEEK)

    assert outcome.code == 0
    assert outcome.records("calls") == []
    assert outcome.bookmark("calls") == "2026-03-09T00:00:00Z"


def test_a_state_is_written_after_each_timespan(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | WEEK)

    through = None
    for message in outcome.messages:
        if message["type"] == "STATE" and "calls" in message["value"]["bookmarks"]:
            through = message["value"]["bookmarks"]["calls"].get("replication_key_value")
        elif message["type"] == "RECORD" and message["stream"] == "calls" and through:
            assert message["record"]["end_at"] >= through
    reached = {s["bookmarks"].get("calls", {}).get("replication_key_value") for s in outcome.states}
    # Multiples of 48 hours since 1970, and the end date.
    assert reached - {None} == {f"2026-03-0{day}T00:00:00Z" for day in (4, 6, 8, 9)} | set()


def test_without_an_end_date_the_bookmark_stops_where_data_is_settled(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    start = datetime.now(UTC) - timedelta(hours=5)

    outcome = run_tap(tmp_path, sandbox.config | {"start_date": start.isoformat()})

    reached = datetime.fromisoformat(outcome.bookmark("calls"))
    behind = datetime.now(UTC) - reached
    assert timedelta(minutes=60) <= behind < timedelta(minutes=63)
    assert as_set(outcome.records("calls")) == as_set(
        as_record(row) for row in sandbox.rows("calls", start.replace(microsecond=0), reached)
    )


@pytest.mark.parametrize("bounds", ["closed", "half-open"])
def test_a_row_on_a_boundary_comes_once_with_inclusive_and_exclusive_ends(start_sandbox, tmp_path, bounds):
    sandbox = start_sandbox(bounds=bounds, calls_per_day=400, agents=12)
    start, end = "2026-03-03T14:00:00", "2026-03-03T20:00:00"
    # The sandbox has rows exactly at these times. Without them this test would be useless.
    on_boundary = [
        r for r in truth(sandbox, "user_status", start, end) if r["status_end_at"].endswith("00:00Z")
    ]
    assert len(on_boundary) == 2

    outcome = run_tap(tmp_path, sandbox.config | {"start_date": start, "end_date": end, "timespan_hours": 1})

    assert as_set(outcome.records("user_status")) == as_set(truth(sandbox, "user_status", start, end))
    assert as_set(outcome.records("calls")) == as_set(truth(sandbox, "calls", start, end))


def test_a_full_table_stream_is_read_from_the_start_and_has_no_bookmark(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    catalog = catalog_of(tmp_path, sandbox.config)
    next(entry for entry in catalog["streams"] if entry["stream"] == "calls")["replication_method"] = (
        "FULL_TABLE"
    )
    state = {"bookmarks": {"calls": {"replication_key": "end_at", "replication_key_value": "2026-03-08"}}}

    outcome = run_tap(tmp_path, sandbox.config | WEEK, catalog=catalog, state=state)

    assert as_set(outcome.records("calls")) == as_set(truth(sandbox, "calls"))
    assert outcome.bookmark("calls") == "2026-03-08T00:00:00Z"


def test_no_job_is_created_for_a_stream_that_is_not_selected(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    catalog = with_metadata(catalog_of(tmp_path, sandbox.config), "user_status", [], selected=False)

    outcome = run_tap(tmp_path, sandbox.config | WEEK, catalog=catalog)

    assert outcome.code == 0
    assert {job.report for job in sandbox.jobs} == {"calls"}
    assert outcome.records("user_status") == []


def test_a_deselected_field_stays_away(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    catalog = with_metadata(
        catalog_of(tmp_path, sandbox.config), "calls", ["properties", "notes"], selected=False
    )

    outcome = run_tap(tmp_path, sandbox.config | WEEK, catalog=catalog)

    schema = next(m for m in outcome.messages if m["type"] == "SCHEMA" and m["stream"] == "calls")
    assert "notes" not in schema["schema"]["properties"]
    without = [{k: v for k, v in record.items() if k != "notes"} for record in truth(sandbox, "calls")]
    assert as_set(outcome.records("calls")) == as_set(without)


def test_stream_maps_and_flattening_work_as_with_any_tap(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    maps = {"calls": {"agent_email": "md5(record['callsid'])", "notes": None}}
    options = {"stream_maps": maps, "flattening_enabled": True, "flattening_max_depth": 1}

    outcome = run_tap(tmp_path, sandbox.config | WEEK | options)

    records = outcome.records("calls")
    assert len(records) == len(truth(sandbox, "calls"))
    assert all(len(record["agent_email"]) == 32 and "notes" not in record for record in records)


def test_jobs_of_both_streams_run_ahead_but_never_more_than_the_settings_say(start_sandbox, tmp_path):
    sandbox = start_sandbox(pace=Pace.after_seconds(0.5))

    outcome = run_tap(tmp_path, sandbox.config | WEEK | {"max_concurrent_jobs": 3})

    assert outcome.code == 0
    assert sandbox.most_open_jobs == 3
    created = [entry.report for entry in sandbox.ledger if entry.operation == "create"]
    # The last job of calls and the first two of user_status are created at the same time, by three threads.
    together = sorted(created[3:6])
    assert created[:3] + together + created[6:] == ["calls"] * 4 + ["user_status"] * 4


@pytest.mark.parametrize("nearly_done", ["calls", "user_status"])
def test_the_stream_with_the_shortest_time_due_is_read_first(start_sandbox, in_process, clock, nearly_done):
    sandbox = start_sandbox(clock=clock.now)
    state = {"bookmarks": {nearly_done: {"replication_key_value": "2026-03-08"}}}

    outcome = in_process(sandbox.config | WEEK | {"lookback_hours": 100}, state=state)

    schemas = [message["stream"] for message in outcome.messages if message["type"] == "SCHEMA"]
    assert schemas[0] == nearly_done
    assert len(schemas) == 2


def test_a_full_table_stream_comes_last_and_is_a_warning_when_the_time_ends_it(
    start_sandbox, in_process, tmp_path, clock
):
    sandbox = start_sandbox(clock=clock.now, pace=Pace.after_seconds(70))
    catalog = catalog_of(tmp_path, sandbox.config)
    for entry in catalog["streams"]:
        entry["replication_method"] = "FULL_TABLE" if entry["stream"] == "calls" else "INCREMENTAL"
    config = sandbox.config | WEEK | {"start_date": "2026-03-08", "stop_after_minutes": 1}

    outcome = in_process(config, catalog=catalog, state={"bookmarks": {}})

    assert outcome.code == 0
    warnings = [text for level, text in outcome.log if level == "WARNING"]
    assert any(
        "calls: stop_after_minutes is over before the end of this FULL_TABLE stream" in w for w in warnings
    )


def test_report_files_are_deleted_once_the_bookmark_is_out_if_the_settings_say_so(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | WEEK | {"delete_report_files": True})

    deleted = {
        entry.job for entry in sandbox.ledger if entry.operation == "delete_file" and entry.status == 204
    }
    assert outcome.code == 0
    assert deleted == {job.id for job in sandbox.jobs}


def test_a_token_that_expires_in_the_middle_is_renewed_by_the_id_token(start_sandbox, tmp_path):
    sandbox = start_sandbox(token_seconds=1, pace=Pace.after_seconds(1.2))

    outcome = run_tap(tmp_path, sandbox.config | WEEK | {"max_concurrent_jobs": 8})

    assert outcome.code == 0, outcome.stderr
    assert as_set(outcome.records("calls")) == as_set(truth(sandbox, "calls"))
    signed_in = [entry.operation for entry in sandbox.ledger if entry.operation in {"token", "renew"}]
    assert signed_in[0] == "token"
    assert set(signed_in[1:]) == {"renew"}


def test_the_other_path_of_the_sign_in_can_be_set(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | WEEK | {"token_url": f"{sandbox.url}/token"})

    assert outcome.code == 0, outcome.stderr
    assert [entry.path for entry in sandbox.ledger if entry.operation == "token"] == ["/token"]


def test_the_token_never_reaches_the_file_host(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password something\n")
    (tmp_path / ".netrc").chmod(0o600)

    outcome = run_tap(tmp_path, sandbox.config | WEEK, NETRC=str(tmp_path / ".netrc"))

    objects = [entry for entry in sandbox.ledger if entry.operation == "object"]
    assert outcome.code == 0, outcome.stderr
    assert len(objects) == len(sandbox.jobs)
    assert not any(entry.authorized for entry in objects)


def test_the_environment_gives_the_settings(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    settings = sandbox.config | WEEK | {"delete_report_files": "true", "spool_dir": "", "lookback_hours": ""}
    environment = {f"TAP_TALKDESK_REPORTS_{name.upper()}": str(value) for name, value in settings.items()}

    outcome = run_tap(tmp_path, {}, "--config=ENV", **environment)

    assert outcome.code == 0, outcome.stderr
    assert as_set(outcome.records("calls")) == as_set(truth(sandbox, "calls"))
    assert any(entry.operation == "delete_file" for entry in sandbox.ledger)


def test_the_last_message_is_a_state(start_sandbox, tmp_path):
    sandbox = start_sandbox(forbidden_reports=("calls", "user_status"))

    outcome = run_tap(tmp_path, sandbox.config | WEEK)

    assert outcome.code == 1
    assert outcome.messages[-1]["type"] == "STATE"


def test_no_spool_file_is_left(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    (tmp_path / "spool").mkdir()

    outcome = run_tap(tmp_path, sandbox.config | WEEK | {"spool_dir": str(tmp_path / "spool")})

    assert outcome.code == 0
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.parametrize("file_format", ["json", "csv"])
@pytest.mark.parametrize(
    "lack",
    [
        ("status_label", ""),
        ("status_label", None),
        ("status_end_at", None),
        ("status_end_at", "soon"),
        ("user_id", None),
    ],
    ids=lambda lack: f"{lack[0]} {lack[1]!r}",
)
def test_a_status_that_lacks_a_part_of_its_digest_is_a_record_and_stops_nothing(
    start_sandbox, in_process, clock, lack, file_format
):
    field, value = lack
    fault = Fault("create", "no_end", 1, "user_status", field=field, value=value)
    sandbox = start_sandbox(faults=[fault], clock=clock.now)

    outcome = in_process(sandbox.config | DAYS | {"format": file_format})

    assert sandbox.unmet_faults() == []
    assert outcome.code == 0
    records = outcome.records("user_status")
    [odd] = [record for record in records if not record[field]]
    assert odd["_unknown_fields"] == ('{"status_end_at":"soon"}' if value == "soon" else None)
    assert len({record["_row_id"] for record in records}) == len(records) > 100
    assert outcome.bookmark("user_status") == "2026-03-06T00:00:00Z"


@pytest.mark.parametrize(
    "scopes", [("reports:read", "reports:write"), ("data-reports:read", "data-reports:write")]
)
def test_the_reporting_api_is_read_with_a_client_of_oauth_if_that_has_the_scopes(
    start_sandbox, tmp_path, scopes
):
    sandbox = start_sandbox(explore=Explore(scopes=scopes))

    test = run_tap(tmp_path, sandbox.reporting_oauth_config | WEEK, "--test")
    outcome = run_tap(tmp_path, sandbox.reporting_oauth_config | WEEK)

    may = scopes[0] == "reports:read"
    assert (test.code, outcome.code) == ((0, 0) if may else (1, 1))
    assert "for the Reporting API" in test.stdout
    assert as_set(outcome.records("calls")) == as_set(truth(sandbox, "calls") if may else ())
    assert may or all("reports:" in line for line in outcome.errors)
    assert {entry.path for entry in sandbox.ledger if entry.operation == "token"} == {"/oauth/token"}
