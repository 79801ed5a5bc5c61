"""Own jobs of an earlier run: the decision as a table, and whole runs that adopt."""

from __future__ import annotations

import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from talkdesk_sandbox import Pace
from tap_talkdesk_reports.core.report_job import ReportJob
from tap_talkdesk_reports.core.timespans import Timespan
from tap_talkdesk_reports.jobs.adoption import JobName, adoptable, plan
from tests.support import run_tap, utc
from tests.support.processes import start

NOW = utc("2026-03-10")
AGE = timedelta(hours=2)
DUE = Timespan(utc("2026-03-02"), utc("2026-03-06"))
DAY = timedelta(days=1)
WEEK = {"start_date": "2026-03-02", "end_date": "2026-03-09", "timespan_hours": 48}


def job(first=2, last=3, *, status="processing", made=30, report="calls", file_format="json", name=None):
    """A job for the days from the first to the last of March, made so many minutes ago."""
    span = Timespan(utc(f"2026-03-{first:02}"), utc(f"2026-03-{last:02}"))
    named = str(JobName(report, span, NOW - timedelta(minutes=made), file_format))
    return ReportJob(f"{report}-{first}-{last}-{made}", report, span, status, named if name is None else name)


def adopted_of(jobs):
    return list(adoptable(jobs, report="calls", file_format="json", now=NOW, age=AGE))


@pytest.mark.parametrize(
    ("case", "candidate", "taken"),
    [
        ("running", job(), True),
        ("done", job(status="done"), True),
        ("a word that nobody knows", job(status="frobnicating"), True),
        ("failed", job(status="failed"), False),
        ("canceled", job(status="canceled"), False),
        ("deleted", job(status="deleted"), False),
        ("just young enough", job(made=120), True),
        ("too old", job(made=121), False),
        ("of another format", job(file_format="csv"), False),
        ("of another report", job(report="contacts"), False),
        ("without a name", job(name=""), False),
        ("of somebody else", job(name="weekly calls for the board"), False),
        ("of another version", job(name=job().name.replace("json/1", "json/0")), False),
        ("with a name that is nearly ours", job(name=job().name + " copy"), False),
    ],
)
def test_a_listed_job_is_adopted_only_if_it_is_own_alive_and_young(case, candidate, taken):
    assert bool(adopted_of([candidate])) == taken, case


def test_the_list_is_read_no_further_than_to_the_first_own_job_that_is_too_old():
    def listed():
        yield job(made=10)
        yield job(name="of somebody else", made=500)
        yield job(made=121)
        pytest.fail("nothing behind it can be young enough")

    assert [each.id for each in adopted_of(listed())] == ["calls-2-3-10"]


def spans(planned):
    return [(span.start.day, span.end.day, taken.id if taken else None) for span, taken in planned]


@pytest.mark.parametrize(
    ("case", "jobs", "planned"),
    [
        ("none", [], [(2, 3, None), (3, 4, None), (4, 5, None), (5, 6, None)]),
        ("one of the grid", [job(3, 4)], [(2, 3, None), (3, 4, "calls-3-4-30"), (4, 5, None), (5, 6, None)]),
        ("longer than the grid", [job(2, 5)], [(2, 5, "calls-2-5-30"), (5, 6, None)]),
        ("to the end of the plan", [job(2, 6)], [(2, 6, "calls-2-6-30")]),
        ("past the plan", [job(4, 7)], [(2, 3, None), (3, 4, None), (4, 5, None), (5, 6, None)]),
        ("before the plan", [job(1, 3)], [(2, 3, None), (3, 4, None), (4, 5, None), (5, 6, None)]),
        ("without length", [job(2, 2)], [(2, 3, None), (3, 4, None), (4, 5, None), (5, 6, None)]),
        (
            "the newest of two",
            [job(2, 3, made=5), job(2, 4, made=9)],
            [(2, 3, "calls-2-3-5"), (3, 4, None), (4, 5, None), (5, 6, None)],
        ),
        ("within another", [job(2, 4), job(3, 4)], [(2, 4, "calls-2-4-30"), (4, 5, None), (5, 6, None)]),
    ],
)
def test_the_plan_goes_on_from_the_end_of_each_adopted_job(case, jobs, planned):
    assert spans(plan(DUE, DAY, jobs)) == planned, case


def test_a_run_takes_over_the_jobs_that_a_killed_one_left(start_sandbox, tmp_path):
    sandbox = start_sandbox(pace=Pace.after_seconds(2))
    killed = start(tmp_path, sandbox.explore_config | WEEK)
    while len(sandbox.jobs) < 5:
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    left = {job.id for job in sandbox.jobs}

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
