"""Faults 35 to 40: complete files with unusual or wrong content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from talkdesk_sandbox import Fault
from tests.support import as_record
from tests.support.file_contents import CORRUPT, CSV_ONLY, HANDLED, HANDLED_BY_FORMAT, Row
from tests.support.invariants import ALWAYS, assert_invariants, assert_met

if TYPE_CHECKING:
    from collections.abc import Callable


def delivered(sandbox, change: Callable[[Row], Row] = lambda record: record):
    """Returns the records of the calls in the jobs' files. A row on a boundary is in two files."""
    rows: list[Row] = []
    for job in sandbox.jobs:
        if job.report == "calls" and job.status == "done":
            rows += [row for row in job.content.rows() if row not in rows]
    return {"calls": [change(as_record(row)) for row in rows]}


@pytest.mark.parametrize("case", HANDLED_BY_FORMAT, ids="-".join)
def test_an_unusual_file_arrives_with_all_its_rows(start_sandbox, in_process, clock, days, case):
    name, file_format = case
    fault, change = (HANDLED | CSV_ONLY)[name]
    fault = Fault(fault.operation, fault.name, fault.times, fault.report, **fault.details)
    sandbox = start_sandbox(faults=[fault], clock=clock.now)
    config = sandbox.config | days | {"format": file_format}

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    truth = delivered(sandbox, *([change] if change else []))
    if file_format == "csv":  # an empty text is null in CSV
        for record in truth["calls"]:
            if kept := record.get("_unknown_fields"):
                record["_unknown_fields"] = kept.replace(":null", ':""')
    assert_invariants(sandbox, outcome, config, truth=truth, now=clock.now())
    assert len(truth["calls"]) > 50
    no_total = [line for _, line in outcome.log if "the file declares no total" in line]
    assert bool(no_total) == ((name, file_format) == ("no total", "json"))


@pytest.mark.parametrize("name", CORRUPT)
def test_a_corrupt_file_is_downloaded_again_and_then_its_job_is_created_again(
    start_sandbox, in_process, clock, days, name
):
    kind, file_format, _ = CORRUPT[name]
    faults = [Fault("create", kind, report="calls")]
    sandbox = start_sandbox(faults=faults, clock=clock.now)
    config = sandbox.config | days | {"format": file_format}

    outcome = in_process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, new_jobs=1, now=clock.now())
    bad = next(job for job in sandbox.jobs if job.fault)
    assert len([e for e in sandbox.ledger if e.operation == "object" and e.job == bad.id]) == 2


@pytest.mark.parametrize("name", CORRUPT)
def test_files_that_stay_corrupt_fail_the_stream_with_the_place_in_the_file(
    start_sandbox, in_process, clock, days, name
):
    kind, file_format, says = CORRUPT[name]
    fault = Fault("create", kind, ALWAYS, "calls")
    sandbox = start_sandbox(faults=[fault], clock=clock.now)
    config = sandbox.config | days | {"format": file_format}

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, failed=["calls"], new_jobs=2, now=clock.now())
    assert outcome.bookmark("calls") is None
    assert says in outcome.errors[0]


@pytest.mark.parametrize("how", ["warn", "fail"])
def test_a_new_field_is_handled_as_unknown_fields_is_set(start_sandbox, in_process, clock, days, how):
    faults = [Fault("create", "new_field", ALWAYS, "calls")]
    sandbox = start_sandbox(faults=faults, clock=clock.now)
    config = sandbox.config | days | {"unknown_fields": how}

    outcome = in_process(config)

    assert_met(sandbox, faults)
    failed = ["calls"] if how == "fail" else []
    assert_invariants(sandbox, outcome, config, failed=failed, now=clock.now())
    assert any("weather" in message for _, message in outcome.log)


def test_a_renamed_key_fails_only_its_stream(start_sandbox, in_process, clock, days):
    fault = Fault("create", "field_renamed", ALWAYS, "calls")
    sandbox = start_sandbox(faults=[fault], clock=clock.now)
    config = sandbox.config | days

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, failed=["calls"], now=clock.now())
    assert "callsid is empty" in outcome.errors[0]


def test_a_row_on_a_boundary_that_is_in_both_files_comes_once(start_sandbox, in_process, clock, days):
    faults = [
        Fault("create", "on_boundary", report="calls"),
        Fault("create", "on_boundary", report="calls", at="from"),
    ]
    sandbox = start_sandbox(faults=faults, clock=clock.now)
    config = sandbox.config | days | {"max_concurrent_jobs": 1}

    outcome = in_process(config)

    assert_met(sandbox, faults)
    truth = delivered(sandbox)
    assert_invariants(sandbox, outcome, config, truth=truth, now=clock.now())
    assert [r["end_at"] for r in outcome.records("calls") if r["callsid"] == "CA-added"] == [
        "2026-03-04T00:00:00Z"
    ]
