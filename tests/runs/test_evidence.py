"""Runs with the stream `report_files`: the content of its records, their place, and files without one."""

from __future__ import annotations

import gzip
import hashlib
import signal
from itertools import pairwise

import pytest

from talkdesk_sandbox import Fault
from tests.support import run_tap, utc
from tests.support.catalogs import catalog_of, with_metadata
from tests.support.processes import start, whole_lines
from tests.support.truth import truth

DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-06", "timespan_hours": 24}
STREAMS = ("calls", "user_status")


def with_evidence(tmp_path, config, *streams):
    """Returns the catalog with `report_files` selected, and of the others only the given ones if any."""
    catalog = with_metadata(catalog_of(tmp_path, config), "report_files", [], selected=True)
    for entry in catalog["streams"]:
        if streams and entry["stream"] not in (*streams, "report_files"):
            with_metadata(catalog, entry["stream"], [], selected=False)
    return catalog


def of(outcome, stream="calls"):
    return [record for record in outcome.records("report_files") if record["stream"] == stream]


def file_of(sandbox, job_id):
    """Returns a job's file as the sandbox wrote it, decompressed."""
    [job] = [job for job in sandbox.jobs if job.id == job_id]
    file = sandbox._backend.files.get(job)
    content = file.read(0, file.length)
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


@pytest.mark.parametrize("file_format", ["json", "csv"])
@pytest.mark.parametrize("api", ["config", "explore_config"])
def test_there_is_a_record_for_each_file_in_front_of_the_state_that_covers_it(
    start_sandbox, tmp_path, api, file_format
):
    sandbox = start_sandbox()
    config = getattr(sandbox, api) | DAYS | {"format": file_format}

    outcome = run_tap(tmp_path, config, catalog=with_evidence(tmp_path, config))

    assert outcome.code == 0, outcome.stderr
    seen, covered = {}, {}
    for message in outcome.messages:
        if message["type"] == "RECORD" and message["stream"] == "report_files":
            seen[message["record"]["stream"]] = message["record"]["timespan_end"]
        for stream, bookmark in message.get("value", {}).get("bookmarks", {}).items():
            if bookmark:
                covered[stream] = bookmark["replication_key_value"]
        assert all(covered[stream] <= seen[stream] for stream in covered)
    assert covered == seen == dict.fromkeys(STREAMS, "2026-03-06T00:00:00Z")
    for stream in STREAMS:
        files = of(outcome, stream)
        assert [file["timespan_start"][:10] for file in files] == [f"2026-03-0{day}" for day in range(2, 6)]
        assert sum(file["rows"] for file in files) == len(outcome.records(stream)) > 0
        assert {file["format"] for file in files} == {file_format}
        assert {file["job_id"] for file in files} == {job.id for job in sandbox.jobs if job.report == stream}
        assert {file["attempt"] for file in files} == {1}
        assert not any(file["is_adopted"] for file in files)
        totals = [file["total"] for file in files]
        assert totals == (
            [None] * 4 if file_format == "csv" else [f["rows"] + f["rows_left_out"] for f in files]
        )
        assert all((file["job_created_at"] is None) == (api == "config") for file in files)
        assert all(file["file_ready_at"] <= file["read_at"] for file in files)


def test_a_record_has_size_and_digest_of_the_file_as_it_was_parsed(start_sandbox, tmp_path):
    sandbox = start_sandbox(faults=[Fault("create", "packed", times=2, report="calls")])
    catalog = with_evidence(tmp_path, sandbox.config, "calls")

    outcome = run_tap(tmp_path, sandbox.config | DAYS, catalog=catalog)

    assert sandbox.unmet_faults() == []
    for record in of(outcome):
        content = file_of(sandbox, record["job_id"])
        assert record["bytes"] == len(content)
        assert record["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("bounds", ["closed", "half-open"])
def test_rows_at_a_boundary_count_in_the_timespan_that_they_are_stamped_in(start_sandbox, tmp_path, bounds):
    sandbox = start_sandbox(bounds=bounds, calls_per_day=400, agents=12)
    hours = {"start_date": "2026-03-03T14:00:00", "end_date": "2026-03-03T20:00:00", "timespan_hours": 1}
    catalog = with_evidence(tmp_path, sandbox.config, "user_status")

    outcome = run_tap(tmp_path, sandbox.config | hours, catalog=catalog)

    files = of(outcome, "user_status")
    stamps = [row["status_end_at"] for row in outcome.records("user_status")]
    within = [sum(f["timespan_start"] <= stamp < f["timespan_end"] for stamp in stamps) for f in files]
    assert [file["rows_within"] for file in files] == within
    assert sum(file["rows_left_out"] for file in files) == (2 if bounds == "closed" else 0)
    assert sum(within) == len(truth(sandbox, "user_status", *list(hours.values())[:2]))


def test_it_is_not_selected_by_default_and_has_no_records_then(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | DAYS)

    assert outcome.records("calls")
    assert not any(message.get("stream") == "report_files" for message in outcome.messages)


def test_its_schema_comes_first_and_names_no_bookmark_in_state(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    catalog = with_evidence(tmp_path, sandbox.config)
    for entry in catalog["streams"]:
        entry["replication_method"] = "FULL_TABLE" if entry["stream"] == "report_files" else "INCREMENTAL"
    given = {
        "bookmarks": {"report_files": {"replication_key": "read_at", "replication_key_value": "2026-03-03"}}
    }

    outcome = run_tap(tmp_path, sandbox.config | DAYS, catalog=catalog, state=given)

    schema = outcome.messages[0]
    assert (schema["type"], schema["stream"], schema["bookmark_properties"]) == (
        "SCHEMA",
        "report_files",
        ["read_at"],
    )
    assert schema["key_properties"] == ["stream", "timespan_start", "timespan_end", "job_id"]
    assert outcome.code == 0, outcome.stderr
    assert set(outcome.states[-1]["bookmarks"]) == set(STREAMS)
    assert "report_files" not in outcome.stderr.splitlines()[-1]


def test_it_warns_that_no_report_is_read_when_only_it_is_selected(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    catalog = with_evidence(tmp_path, sandbox.config, "none")

    outcome = run_tap(tmp_path, sandbox.config | DAYS, catalog=catalog)

    assert outcome.code == 0
    assert "report_files: no other stream is selected, so no report is read" in outcome.stderr
    assert sandbox.jobs == []


def test_selection_stream_maps_and_types_of_the_catalog_apply_to_it(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    catalog = with_evidence(tmp_path, sandbox.config, "calls")
    with_metadata(catalog, "report_files", ["properties", "sha256"], selected=False)
    entry = next(entry for entry in catalog["streams"] if entry["stream"] == "report_files")
    entry["schema"]["properties"]["rows"]["type"] = ["string", "null"]
    maps = {"report_files": {"where": "record['stream'] + '!'"}, "calls": {"__filter__": "talk_time > 60"}}

    outcome = run_tap(tmp_path, sandbox.config | DAYS | {"stream_maps": maps}, catalog=catalog)

    assert outcome.code == 0, outcome.stderr
    kept = outcome.records("calls")
    files = outcome.records("report_files")
    assert {file["where"] for file in files} == {"calls!"}
    assert not any("sha256" in file for file in files)
    assert sum(int(file["rows"]) for file in files) == len(kept)
    assert all(isinstance(file["rows"], str) for file in files)
    assert (
        sum(file["rows_within"] for file in files)
        == len(truth(sandbox, "calls", "2026-03-02", "2026-03-06"))
        > len(kept)
    )


def test_an_alias_is_the_name_of_the_stream(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    catalog = with_evidence(tmp_path, sandbox.config, "calls")
    next(entry for entry in catalog["streams"] if entry["stream"] == "calls")["stream"] = "phone_calls"

    outcome = run_tap(tmp_path, sandbox.config | DAYS, catalog=catalog)

    assert {(file["stream"], file["report"]) for file in outcome.records("report_files")} == {
        ("phone_calls", "calls")
    }


def test_with_batch_files_it_comes_as_records_after_each_manifest(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    batch = {
        "encoding": {"format": "jsonl", "compression": "none"},
        "storage": {"root": f"file://{tmp_path / 'files'}"},
    }
    catalog = with_evidence(tmp_path, sandbox.config, "calls")

    outcome = run_tap(tmp_path, sandbox.config | DAYS | {"batch_config": batch}, catalog=catalog)

    assert outcome.code == 0, outcome.stderr
    kinds = [message["type"] for message in outcome.messages]
    assert [kind for kind in kinds if kind != "STATE"] == ["SCHEMA", "SCHEMA", *["BATCH", "RECORD"] * 4]
    for message, behind in pairwise(outcome.messages):
        if message["type"] == "RECORD":
            covered = behind["value"]["bookmarks"]["calls"]["replication_key_value"]
            assert covered == message["record"]["timespan_end"]
    total = len(truth(sandbox, "calls", "2026-03-02", "2026-03-06"))
    assert sum(file["rows"] for file in of(outcome)) == total
    assert sum(file["rows_within"] for file in of(outcome)) == total


def test_a_file_that_turned_out_corrupt_has_none_and_the_next_attempt_has_one(start_sandbox, tmp_path):
    sandbox = start_sandbox(faults=[Fault("create", "wrong_total", report="calls")])
    catalog = with_evidence(tmp_path, sandbox.config, "calls")

    outcome = run_tap(tmp_path, sandbox.config | DAYS, catalog=catalog)

    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []
    assert len({file["timespan_start"] for file in of(outcome)}) == len(of(outcome)) == 4
    assert sorted(file["attempt"] for file in of(outcome))[:3] == [1, 1, 1]
    assert max(file["attempt"] for file in of(outcome)) > 1


def test_an_adopted_job_is_marked(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    run_tap(tmp_path, sandbox.explore_config | DAYS)
    catalog = with_evidence(tmp_path, sandbox.explore_config)

    outcome = run_tap(tmp_path, sandbox.explore_config | DAYS, catalog=catalog)

    assert {file["is_adopted"] for file in outcome.records("report_files")} == {True}
    created = {job.id: job.created_at for job in sandbox.jobs}
    assert all(
        abs((utc(file["job_created_at"]) - created[file["job_id"]]).total_seconds()) < 2
        for file in of(outcome)
    )


def test_a_killed_run_leaves_evidence_of_complete_files_only(start_sandbox, tmp_path):
    sandbox = start_sandbox(calls_per_day=1500, agents=40)
    catalog = with_evidence(tmp_path, sandbox.config, "calls")
    tap = start(tmp_path, sandbox.config | DAYS, catalog=catalog)
    output = tap.stdout.read(3_000_000)  # in the middle of a file

    tap.send_signal(signal.SIGKILL)

    tap.communicate()
    messages = whole_lines(output)
    ends = [
        m["record"]["timespan_end"] for m in messages if m.get("stream") == "report_files" and "record" in m
    ]
    through = [
        m["value"]["bookmarks"]["calls"]["replication_key_value"] for m in messages if m["type"] == "STATE"
    ]
    behind = [m for m in messages if m["type"] == "RECORD" and m["stream"] == "calls"]
    assert ends[: len(through)] == through
    assert behind[-1]["record"]["end_at"] > ends[-1]
