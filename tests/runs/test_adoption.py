"""Runs that adopt the jobs of an earlier run."""

from __future__ import annotations

import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from talkdesk_sandbox import Fault, Pace
from tests.support import run_tap, utc
from tests.support.catalogs import catalog_of, everything
from tests.support.processes import start, wait_until

WEEK = {"start_date": "2026-03-02", "end_date": "2026-03-09", "timespan_hours": 48}


def test_a_run_adopts_the_jobs_of_a_killed_run(start_sandbox, tmp_path):
    sandbox = start_sandbox(pace=Pace.after_seconds(3600))
    killed = start(tmp_path, sandbox.explore_config | WEEK)
    wait_until(lambda: len(sandbox.jobs) == 5, "all jobs are created that may be open at once")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    left = {job.id for job in sandbox.jobs}
    for job in sandbox.jobs:
        job.pace = Pace.after_polls(1)
    sandbox._backend.jobs._pace = Pace.now()

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK)

    assert outcome.code == 0, outcome.stderr
    assert outcome.stderr.count(": adopted") == len(left) == 5
    created = Counter((job.report, job.timespan) for job in sandbox.jobs)
    assert max(created.values()) == 1
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


def test_two_taps_at_once_on_one_account_both_load_everything(start_sandbox, tmp_path):
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


def test_jobs_are_listed_while_another_stream_creates_its_own(start_sandbox, tmp_path):
    def until_another_stream_has_its_job(_):
        wait_until(lambda: any(job.report == "calls" for job in sandbox.jobs), "calls has a job")

    fault = Fault("list", "silent", report="user_status")
    sandbox = start_sandbox(faults=[fault], sleep=until_another_stream_has_its_job)

    outcome = run_tap(tmp_path, sandbox.explore_config | WEEK)

    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []
    assert outcome.records("calls")


def test_a_run_opens_no_more_connections_than_it_has_workers_and_signs_in_once(
    start_sandbox, in_process, tmp_path, clock
):
    sandbox = start_sandbox(clock=clock.now, calls_per_day=4)
    catalog = everything(catalog_of(tmp_path, sandbox.explore_config))
    config = sandbox.explore_config | WEEK | {"max_concurrent_jobs": 3, "timespan_hours": 24}

    outcome = in_process(config, catalog=catalog)

    opened = Counter(
        text.rpartition(": ")[2] for _, text in outcome.log if text.startswith("Starting new HTTP")
    )
    operations = Counter(entry.operation for entry in sandbox.ledger)
    assert outcome.code == 0
    assert (operations["token"], operations["list"], operations["create"]) == (1, 17, 17 * 7)
    assert opened[sandbox.url.partition("://")[2]] <= 3 + 1  # the sign-in, which has its own host at Talkdesk
    assert opened[sandbox.files_url.partition("://")[2]] <= 3


def test_a_refused_sign_in_is_tried_once_when_many_streams_wait_for_it(
    start_sandbox, in_process, tmp_path, clock
):
    sandbox = start_sandbox(clock=clock.now)
    catalog = everything(catalog_of(tmp_path, sandbox.explore_config))

    outcome = in_process(sandbox.explore_config | WEEK | {"client_secret": "wrong-secret"}, catalog=catalog)

    assert outcome.code == 1
    assert [entry.operation for entry in sandbox.ledger] == ["token"]
