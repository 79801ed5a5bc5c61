"""Runs continue at the bookmark. A bookmark that cannot be used fails only its stream."""

from __future__ import annotations

import pytest

from talkdesk_sandbox import Pace
from tests.support import run_tap
from tests.support.truth import as_set, truth

END = "2026-03-12"
CONFIG = {"start_date": "2026-03-02", "end_date": END, "timespan_hours": 24}


def state(value, **more):
    return {"bookmarks": {"calls": {"replication_key": "end_at", "replication_key_value": value, **more}}}


def starts(sandbox, report="calls"):
    """Returns the start days of a report's jobs, in the order of their creation."""
    return [job.timespan[0].day for job in sandbox.jobs if job.report == report]


def test_a_start_date_after_the_bookmark_leaves_no_gap(start_sandbox, tmp_path):
    """A rolling start date, after an outage that was longer than its range."""
    sandbox = start_sandbox()
    late = CONFIG | {"start_date": "2026-03-09"}

    outcome = run_tap(tmp_path, sandbox.config | late, state=state("2026-03-04T00:00:00Z"))

    assert outcome.code == 0, outcome.stderr
    assert set(as_set(outcome.records("calls"))) == set(as_set(truth(sandbox, "calls", "2026-03-04", END)))
    assert outcome.bookmark("calls") == "2026-03-12T00:00:00Z"


def test_what_is_new_is_read_before_the_lookback_which_moves_no_bookmark(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    config = sandbox.config | CONFIG | {"lookback_hours": 48, "max_concurrent_jobs": 1}

    outcome = run_tap(tmp_path, config, state=state("2026-03-10T00:00:00Z"))

    bookmarks = [each["bookmarks"]["calls"]["replication_key_value"][8:10] for each in outcome.states]
    assert outcome.code == 0, outcome.stderr
    assert starts(sandbox) == [10, 11, 8, 9]
    assert bookmarks == sorted(bookmarks)
    assert outcome.bookmark("calls") == "2026-03-12T00:00:00Z"
    assert set(as_set(outcome.records("calls"))) == set(as_set(truth(sandbox, "calls", "2026-03-08", END)))


def test_a_run_that_ends_within_the_lookback_logs_what_it_did_not_read_again(
    start_sandbox, in_process, clock
):
    sandbox = start_sandbox(clock=clock.now, pace=Pace.after_seconds(50))
    config = sandbox.config | CONFIG | {"lookback_hours": 96, "max_concurrent_jobs": 1}

    given = state("2026-03-11T00:00:00Z")
    given["bookmarks"]["user_status"] = {"replication_key_value": "2026-03-12"}

    outcome = in_process(config | {"stop_after_minutes": 6}, state=given)

    [warning] = [text for level, text in outcome.log if level == "WARNING" and text.startswith("calls: ")]
    assert outcome.code == 0
    assert outcome.bookmark("calls") == "2026-03-12T00:00:00Z"
    assert "2026-03-11T00:00:00Z was not read again" in warning


def test_an_edit_within_the_lookback_arrives_though_the_old_job_could_be_adopted(
    start_sandbox, in_process, clock
):
    """The old jobs' files were already read. With them, an edit would never arrive."""
    sandbox = start_sandbox(clock=clock.now)
    config = sandbox.explore_config | CONFIG
    first = in_process(config)
    jobs = len(sandbox.jobs)

    second = in_process(config | {"lookback_hours": 24}, state=first.states[-1])

    assert (first.code, second.code) == (0, 0)
    assert {job.timespan[0].day for job in sandbox.jobs[jobs:]} == {11}
    assert ": adopted" not in "".join(text for _, text in second.log)


@pytest.mark.parametrize(
    ("case", "given"),
    [
        ("singer-python's spelling", {"bookmarks": {"calls": {"end_at": "2026-03-04"}}}),
        ("another replication key", state("2026-03-04", replication_key="start_at")),
        ("no time", {"bookmarks": {"calls": {"replication_key_value": "soon"}}}),
        ("year 1", state("0001-01-01T00:00:00Z")),
        ("progress markers alone", {"bookmarks": {"calls": {"progress_markers": {"a": 1}}}}),
    ],
)
def test_an_unusable_bookmark_fails_only_its_stream_and_stays(start_sandbox, tmp_path, case, given):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | CONFIG, state=given)

    [error] = outcome.errors
    assert outcome.code == 1, case
    assert error.startswith("calls: the bookmark of stream 'calls' in the state cannot be used: ")
    assert starts(sandbox) == []
    assert outcome.bookmark("user_status") == "2026-03-12T00:00:00Z"
    assert outcome.states[-1]["bookmarks"]["calls"] == given["bookmarks"]["calls"]


def test_a_bookmark_of_an_unknown_stream_is_a_warning_and_is_kept(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    given = {"bookmarks": {"Calls": {"replication_key": "end_at", "replication_key_value": "2026-03-04"}}}

    outcome = run_tap(tmp_path, sandbox.config | CONFIG, state=given)

    assert outcome.code == 0
    assert "there is no stream 'Calls'" in outcome.stderr
    assert outcome.states[-1]["bookmarks"]["Calls"] == given["bookmarks"]["Calls"]


def test_an_empty_state_file_counts_as_no_state(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    (tmp_path / "empty.json").write_text("\n")

    outcome = run_tap(tmp_path, sandbox.config | CONFIG, "--state", str(tmp_path / "empty.json"))

    assert outcome.code == 0, outcome.stderr
    assert "state: the file is empty" in outcome.stderr
    assert outcome.bookmark("calls") == "2026-03-12T00:00:00Z"
