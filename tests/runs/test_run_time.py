"""The duration of runs, and runs that end when their time is up."""

from __future__ import annotations

import threading

from talkdesk_sandbox import Fault, Pace
from tests.support import run_tap, utc
from tests.support.truth import as_set, truth

DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-14", "timespan_hours": 24}


def test_the_jobs_of_one_stream_run_while_another_is_read(start_sandbox, tmp_path):
    """The last file of the first stream arrives only after two jobs of the other are done."""
    sandbox = start_sandbox(pace=Pace.after_polls(1))
    answer, are_done, waits = sandbox._file_host.answer, threading.Event(), []

    def answer_late(request):
        [job] = [job for job in sandbox.jobs if job.id in request.path]
        if job.report == "calls" and job.timespan[1] == utc(DAYS["end_date"]):
            waits.append(are_done.wait(60))
        return answer(request)

    def add(entry, add=sandbox.ledger.add):
        add(entry)
        if [job.status for job in sandbox.jobs if job.report == "user_status"].count("done") >= 2:
            are_done.set()

    sandbox._file_host.answer, sandbox.ledger.add = answer_late, add

    outcome = run_tap(tmp_path, sandbox.config | DAYS | {"timespan_hours": 36, "max_concurrent_jobs": 4})

    assert outcome.code == 0, outcome.stderr
    assert waits == [True]
    assert len(sandbox.jobs) == 16
    assert sandbox.most_open_jobs == 4


def test_a_run_that_only_waits_ends_at_once_when_its_time_is_up(start_sandbox, in_process, clock):
    sandbox = start_sandbox(clock=clock.now, faults=[Fault("create", "stuck", times=99)])

    outcome = in_process(
        sandbox.config
        | DAYS
        | {"stop_after_minutes": 3, "job_timeout_minutes": 600, "max_concurrent_jobs": 1}
    )

    assert outcome.code == 0
    assert outcome.messages[-1]["type"] == "STATE"
    assert "created" not in {job.status for job in sandbox.jobs}
    assert {job.status for job in sandbox.jobs} == {"canceled"}


def test_the_next_run_loads_what_a_run_left_when_its_time_was_up(start_sandbox, in_process, clock):
    sandbox = start_sandbox(clock=clock.now, pace=Pace.after_seconds(50))
    config = sandbox.config | DAYS | {"stop_after_minutes": 2, "max_concurrent_jobs": 1}
    state, brought, runs = None, [], 0

    while runs < 40:
        outcome = in_process(config, state=state)
        runs += 1
        assert outcome.code == 0
        brought += outcome.records("calls")
        state = outcome.states[-1]
        if {b.get("replication_key_value") for b in state["bookmarks"].values()} == {"2026-03-14T00:00:00Z"}:
            break

    assert runs > 2
    assert set(as_set(brought)) == set(as_set(truth(sandbox, "calls", "2026-03-02", "2026-03-14")))


def test_a_stream_that_failed_is_not_forgotten_when_the_time_is_up(start_sandbox, in_process, clock):
    sandbox = start_sandbox(
        clock=clock.now,
        forbidden_reports=("calls",),
        faults=[Fault("create", "stuck", times=99, report="user_status")],
    )

    # One job at a time, so that the clock does not move before the first stream has failed.
    limits = {"stop_after_minutes": 3, "job_timeout_minutes": 600, "max_concurrent_jobs": 1}

    outcome = in_process(sandbox.config | DAYS | limits)

    assert outcome.code == 1
    assert outcome.errors[0].startswith("calls: ")
