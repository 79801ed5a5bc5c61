"""Runs that adopt jobs of an earlier run."""

from __future__ import annotations

import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from talkdesk_sandbox import Pace
from tests.support import run_tap, utc
from tests.support.processes import start, wait_until

WEEK = {"start_date": "2026-03-02", "end_date": "2026-03-09", "timespan_hours": 48}


def test_a_run_takes_over_the_jobs_that_a_killed_one_left(start_sandbox, tmp_path):
    sandbox = start_sandbox(pace=Pace.after_seconds(3600))
    killed = start(tmp_path, sandbox.explore_config | WEEK)
    wait_until(lambda: len(sandbox.jobs) == 5, "all jobs are created that may be open at once")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    left = {job.id for job in sandbox.jobs}
    for job in sandbox.jobs:
        job.pace = Pace.after_asks(1)
    sandbox._backend.jobs._pace = Pace.now()

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK)

    assert outcome.code == 0, outcome.stderr
    assert outcome.stderr.count(": adopted") == len(left) == 5
    orders = Counter((job.report, job.timespan) for job in sandbox.jobs)
    assert max(orders.values()) == 1
    assert len(outcome.records("calls")) == len(
        sandbox.rows("calls", utc("2026-03-02"), utc("2026-03-09"), api="explore")
    )


def test_an_adopted_job_is_neither_cancelled_nor_deleted(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    run_tap(tmp_path, sandbox.explore_config | WEEK)

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK | {"delete_report_files": True})

    assert outcome.code == 0, outcome.stderr
    assert outcome.stderr.count(": adopted") == len(sandbox.jobs)
    assert {job.status for job in sandbox.jobs} == {"done"}


def test_a_job_of_another_format_is_not_adopted(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    run_tap(tmp_path, sandbox.explore_config | WEEK)

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK | {"format": "csv"})

    assert outcome.code == 0, outcome.stderr
    assert ": adopted" not in outcome.stderr
    assert {job.format for job in sandbox.jobs} == {"json", "csv"}


def test_two_taps_at_once_on_one_account_both_bring_everything(start_sandbox, tmp_path):
    sandbox = start_sandbox(pace=Pace.after_seconds(0.5))
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    config = sandbox.explore_config | WEEK | {"delete_report_files": False}

    with ThreadPoolExecutor() as pool:
        outcomes = list(pool.map(lambda folder: run_tap(folder, config), folders))

    rows = sandbox.rows("calls", utc("2026-03-02"), utc("2026-03-09"), api="explore")
    for outcome in outcomes:
        assert outcome.code == 0, outcome.stderr
        assert len(outcome.records("calls")) == len(rows)
    assert not {job.status for job in sandbox.jobs} & {"canceled", "deleted"}
