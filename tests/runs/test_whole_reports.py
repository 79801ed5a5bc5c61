"""Only complete reports are used: checks of the timespan, the CSV file and the job's id."""

from __future__ import annotations

import pytest

from talkdesk_sandbox import Fault
from tests.support import run_tap
from tests.support.truth import as_set, truth

#: One timespan of the grid.
START, END = "2026-03-05", "2026-03-12"
CONFIG = {"start_date": START, "end_date": END, "timespan_hours": 168}


def assert_whole(sandbox, outcome):
    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []
    assert set(as_set(outcome.records("calls"))) == set(as_set(truth(sandbox, "calls", START, END)))


@pytest.mark.parametrize(
    "fault",
    [
        Fault("create", "narrower_timespan", report="calls"),
        Fault("create", "narrower_echo", report="calls"),
        Fault("status", "narrower_echo", report="calls"),
    ],
    ids=lambda fault: f"{fault.operation}-{fault.name}",
)
def test_a_job_for_less_than_was_requested_loses_no_row(start_sandbox, tmp_path, fault):
    sandbox = start_sandbox(faults=[fault])

    outcome = run_tap(tmp_path, sandbox.config | CONFIG)

    assert_whole(sandbox, outcome)
    assert "less than was requested" in outcome.stderr


def test_a_report_that_is_always_for_less_fails_its_stream_in_one_line_with_both_timespans(
    start_sandbox, tmp_path
):
    sandbox = start_sandbox(faults=[Fault("create", "narrower_echo", report="calls", times=4)])

    outcome = run_tap(tmp_path, sandbox.config | CONFIG | {"max_concurrent_jobs": 1})

    [error] = outcome.errors
    assert outcome.code == 1
    assert sandbox.unmet_faults() == []
    assert error.startswith("calls: report 'calls', job ")
    assert (
        "timespan 2026-03-05T00:00:00Z..2026-03-05T21:00:00Z: Talkdesk's response has the timespan" in error
    )
    assert outcome.bookmark("user_status") == "2026-03-12T00:00:00Z"


def test_one_empty_response_for_a_csv_file_is_no_empty_report(start_sandbox, tmp_path):
    sandbox = start_sandbox(faults=[Fault("object", "empty_body", report="calls")])

    outcome = run_tap(tmp_path, sandbox.config | CONFIG | {"format": "csv"})

    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []
    assert len(outcome.records("calls")) == len(list(truth(sandbox, "calls", START, END)))


def test_a_csv_file_without_a_byte_is_an_empty_report_if_a_new_jobs_file_has_none_either(
    start_sandbox, tmp_path
):
    sandbox = start_sandbox(faults=[Fault("create", "no_bytes", report="calls", times=2)])

    outcome = run_tap(tmp_path, sandbox.config | CONFIG | {"format": "csv"})

    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []
    assert outcome.records("calls") == []
    assert outcome.bookmark("calls") == "2026-03-12T00:00:00Z"
    assert [job.report for job in sandbox.jobs].count("calls") == 2


def test_a_csv_file_without_a_length_is_complete_if_two_downloads_are_the_same(start_sandbox, tmp_path):
    sandbox = start_sandbox(faults=[Fault("object", "no_length", report="calls", times=2)])

    outcome = run_tap(tmp_path, sandbox.config | CONFIG | {"format": "csv"})

    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []
    assert len(outcome.records("calls")) == len(list(truth(sandbox, "calls", START, END)))


def test_a_csv_file_that_was_cut_without_a_length_loses_no_row(start_sandbox, tmp_path):
    cut = Fault("object", "short_without_length", report="calls", after=5000)
    sandbox = start_sandbox(faults=[cut])

    outcome = run_tap(tmp_path, sandbox.config | CONFIG | {"format": "csv"})

    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []
    assert "two downloads of it differ" in outcome.stderr
    assert len(outcome.records("calls")) == len(list(truth(sandbox, "calls", START, END)))


def test_the_same_id_for_two_jobs_fails_only_one_stream_in_one_line(start_sandbox, tmp_path):
    sandbox = start_sandbox(faults=[Fault("create", "same_id", report="calls")])

    outcome = run_tap(tmp_path, sandbox.config | CONFIG | {"timespan_hours": 24, "max_concurrent_jobs": 1})

    assert sandbox.unmet_faults() == []
    assert outcome.code == 1
    [error] = outcome.errors
    assert "the id of an earlier job" in error
