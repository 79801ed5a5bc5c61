"""Clocks that differ: the plan, the times in job names, and adoption by these names."""

from __future__ import annotations

from datetime import timedelta

import pytest

from talkdesk_sandbox import Fault
from tap_talkdesk_reports.core.report_job import JobName, ReportJob
from tests.support import utc
from tests.support.courses import DAYS
from tests.support.invariants import assert_invariants, assert_met

SKEWS = [timedelta(hours=-3), timedelta(hours=3)]
skewed = pytest.mark.parametrize("skew", SKEWS, ids=["behind", "ahead"])


def without_end(config, start):
    """Returns a config that reads up to now, in timespans of an hour."""
    return config | {"start_date": start.isoformat(), "end_date": None, "timespan_hours": 1}


def created_in_name(job):
    """Returns the time of creation in the name of a job."""
    return JobName.of(ReportJob(job.id, job.report, job.timespan, "done", job.request.name)).created


@skewed
def test_the_clock_that_is_behind_decides_which_data_is_settled(start_sandbox, in_process, clock, days, skew):
    sandbox = start_sandbox(clock=lambda: clock.now() + skew)
    start = clock.now() - timedelta(hours=6)
    settled = clock.now() + min(skew, timedelta(0)) - timedelta(hours=1)
    config = sandbox.config | days | {"timespan_hours": 1}

    outcome = in_process(without_end(config, start))

    logged = [m for level, m in outcome.log if level == "WARNING" and "clock is" in m]
    assert len(logged) == 1
    ended = config | {"start_date": start.isoformat()[:-6], "end_date": settled.isoformat()[:-6]}
    assert_invariants(sandbox, outcome, ended, now=settled + timedelta(hours=1))


def test_a_clock_difference_of_the_api_host_is_known_before_the_plan(start_sandbox, in_process, clock):
    faults = [Fault("list", "skewed_date", seconds=-7200, times=2)]
    sandbox = start_sandbox(clock=clock.now, faults=faults)

    began = clock.now()

    outcome = in_process(without_end(sandbox.explore_config, began - timedelta(hours=5)))

    assert_met(sandbox, faults)
    assert outcome.code == 0
    assert utc(outcome.bookmark("calls")) == began - timedelta(hours=3)
    assert len(sandbox.jobs) == 2 * 2


@skewed
@pytest.mark.parametrize("is_shown_by", ["both hosts", "the API host"])
def test_a_job_has_the_time_of_talkdesk_in_its_name_and_is_adopted_by_it(
    start_sandbox, in_process, clock, skew, is_shown_by
):
    sandbox = start_sandbox(clock=lambda: clock.now() + skew)
    if is_shown_by == "the API host":
        right = Fault("token", "skewed_date", times=2, seconds=-skew.total_seconds())
        sandbox.add_fault(right)

    first = in_process(sandbox.explore_config | DAYS)
    jobs = list(sandbox.jobs)
    second = in_process(sandbox.explore_config | DAYS)

    assert (first.code, second.code) == (0, 0)
    assert sandbox.unmet_faults() == []
    assert all(timedelta(0) <= job.created_at - created_in_name(job) < timedelta(seconds=3) for job in jobs)
    assert len(sandbox.jobs) == len(jobs) == 4
    assert second.records("calls") == first.records("calls")


@skewed
def test_a_job_whose_response_was_lost_is_found_again_when_the_clocks_differ(
    start_sandbox, in_process, clock, skew
):
    fault = Fault("create", "accepted_then_reset")
    sandbox = start_sandbox(clock=lambda: clock.now() + skew, faults=[fault])

    outcome = in_process(sandbox.explore_config | DAYS)

    assert_met(sandbox, [fault])
    assert outcome.code == 0
    assert len(sandbox.jobs) == 4
