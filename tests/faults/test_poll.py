"""Faults 9 to 21: the wait for a job, with a clock that moves only when slept on."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from talkdesk_sandbox import Explore, Fault, Pace
from tests.support import utc
from tests.support.invariants import ALWAYS, assert_invariants, assert_met


def hours(job):
    return (job.timespan[1] - job.timespan[0]).total_seconds() / 3600


def jobs_of_calls(sandbox):
    return [job for job in sandbox.jobs if job.report == "calls"]


@pytest.fixture
def one_by_one(days):
    return days | {"max_concurrent_jobs": 1, "job_timeout_minutes": 10}


@pytest.mark.parametrize(
    "form", list(product(["300", "302", "303", "200"], ["lower", "upper", "title"])), ids="-".join
)
def test_a_job_is_done_in_each_form_of_the_response(start_sandbox, in_process, clock, one_by_one, form):
    done, case = form
    explore = Explore(done=done, status_case=case)
    sandbox = start_sandbox(explore=explore, pace=Pace.after_polls(4), clock=clock.now)
    config = sandbox.explore_config | one_by_one

    outcome = in_process(config)

    # The ledger has the responses: four times that the job is running, then that it is done.
    answers = [entry.status for entry in sandbox.ledger if entry.operation == "status"]
    assert answers == [200, 200, 200, 200, int(done)] * 4
    rows = sandbox.rows("calls", utc("2026-03-02"), utc("2026-03-06"), api="explore")
    assert sorted(r["call_id"] for r in outcome.records("calls")) == sorted(r["call_id"] for r in rows)
    assert outcome.code == 0
    assert not any(secret in outcome.stdout + outcome.stderr for secret in sandbox.secrets)


def test_the_redirect_of_a_poll_is_not_followed(start_sandbox, process, days):
    sandbox = start_sandbox(pace=Pace.after_polls(2))
    config = sandbox.config | days

    outcome = process(config)

    assert_invariants(sandbox, outcome, config)
    done = [entry for entry in sandbox.ledger if entry.status == 303]
    files = [entry for entry in sandbox.ledger if entry.operation == "files"]
    objects = [entry for entry in sandbox.ledger if entry.operation == "object"]
    assert len(done) == len(files) == len(objects) == 4


def test_a_timespan_that_fails_three_times_is_halved(start_sandbox, in_process, clock, one_by_one):
    faults = [Fault("create", "job_failed", times=3, report="calls")]
    sandbox = start_sandbox(faults=faults, clock=clock.now)
    config = sandbox.config | one_by_one

    outcome = in_process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, new_jobs=4, now=clock.now())
    assert [hours(job) for job in jobs_of_calls(sandbox)] == [48, 48, 48, 24, 24, 48]


def test_a_timespan_that_fails_again_and_again_fails_its_stream(start_sandbox, in_process, clock, one_by_one):
    fault = Fault("create", "job_failed", ALWAYS, "calls")
    sandbox = start_sandbox(faults=[fault], clock=clock.now)
    config = sandbox.config | one_by_one

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, failed=["calls"], new_jobs=3 * 7, now=clock.now())
    assert "timespan 2026-03-02T00:00:00Z..2026-03-02T00:45:00Z ended as 'failed'" in outcome.errors[0]
    assert outcome.bookmark("calls") is None
    # Halved six times, with three jobs each time.
    assert [hours(job) for job in jobs_of_calls(sandbox)] == [48 / 2**n for n in range(7) for _ in range(3)]


def test_a_long_unknown_status_is_logged_once_and_the_file_is_read_in_the_end(
    start_sandbox, in_process, clock, one_by_one
):
    faults = [Fault("status", "unknown_status", report="calls", polls=100)]
    sandbox = start_sandbox(faults=faults, clock=clock.now)
    config = sandbox.config | one_by_one

    outcome = in_process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, now=clock.now())
    assert len([m for level, m in outcome.log if level == "WARNING" and "unknown status" in m]) == 1
    # It was given up after ten minutes, but had a file by the time at which it was known to be final.
    assert [hours(job) for job in jobs_of_calls(sandbox)] == [48, 48]
    asked = [entry.at for entry in sandbox.ledger if entry.job == sandbox.jobs[0].id]
    assert asked[-1] - asked[0] > timedelta(minutes=10)


def test_a_status_that_stays_unknown_fails_the_stream_without_a_hot_loop(
    start_sandbox, in_process, clock, one_by_one
):
    faults = [Fault("status", "unknown_status", report="calls", polls=ALWAYS)]
    sandbox = start_sandbox(faults=faults, clock=clock.now)
    config = sandbox.config | one_by_one

    outcome = in_process(config)

    assert_met(sandbox, faults)
    # Until Talkdesk reports its end, no other job may replace it.
    assert_invariants(sandbox, outcome, config, failed=["calls"], now=clock.now())
    assert "is still 'frobnicating' after 10 minutes" in outcome.errors[0]
    odd = jobs_of_calls(sandbox)[0]
    assert len([entry for entry in sandbox.ledger if entry.job == odd.id]) < 200


def test_a_job_that_is_no_longer_known_is_created_again(start_sandbox, in_process, clock, one_by_one):
    gone = Fault("status", "not_found", report="calls")
    sandbox = start_sandbox(pace=Pace.after_seconds(300), clock=clock.now)
    config = sandbox.config | one_by_one
    added_after(sandbox, gone, seconds=70)

    outcome = in_process(config)

    assert_met(sandbox, [gone])
    assert_invariants(sandbox, outcome, config, new_jobs=1, now=clock.now())
    assert [hours(job) for job in jobs_of_calls(sandbox)] == [48, 48, 48]


def test_a_job_is_kept_while_polls_fail_for_ten_minutes(start_sandbox, in_process, clock, one_by_one):
    faults = [Fault("status", "outage", report="calls", seconds=600)]
    sandbox = start_sandbox(faults=faults, clock=clock.now)
    config = sandbox.config | one_by_one | {"job_timeout_minutes": 60}

    outcome = in_process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, now=clock.now())
    during = [entry.at for entry in sandbox.ledger if entry.fault]
    assert during[-1] - during[0] > timedelta(minutes=9)
    assert len(during) < 120


def test_a_job_that_does_not_end_is_cancelled_and_its_timespan_halved(
    start_sandbox, in_process, clock, one_by_one
):
    faults = [Fault("create", "stuck", report="calls")]
    sandbox = start_sandbox(faults=faults, clock=clock.now)
    config = sandbox.config | one_by_one

    outcome = in_process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, new_jobs=2, now=clock.now())
    stuck, *halves = jobs_of_calls(sandbox)
    assert stuck.status == "canceled"
    start, end = stuck.timespan
    middle = start + (end - start) / 2
    assert [job.timespan for job in halves[:2]] == [(start, middle), (middle, end)]


def test_jobs_that_never_end_are_given_up_and_are_no_empty_reports(
    start_sandbox, in_process, clock, one_by_one
):
    fault = Fault("create", "stuck", ALWAYS, "calls")
    sandbox = start_sandbox(faults=[fault], clock=clock.now)
    config = sandbox.config | one_by_one

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, failed=["calls"], new_jobs=7, now=clock.now())
    assert outcome.bookmark("calls") is None
    # Halved six times: from 48 hours to 45 minutes.
    assert "timespan 2026-03-02T00:00:00Z..2026-03-02T00:45:00Z" in outcome.errors[0]
    assert "is still 'processing' after 10 minutes" in outcome.errors[0]
    assert [job.status for job in sandbox.jobs if job.fault] == ["canceled"] * 7


def test_a_job_that_is_done_just_before_its_deadline_is_used(start_sandbox, in_process, clock, one_by_one):
    faults = [Fault("create", "slow_job", report="calls", seconds=599.9)]
    sandbox = start_sandbox(faults=faults, clock=clock.now)
    config = sandbox.config | one_by_one

    outcome = in_process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, now=clock.now())
    job = jobs_of_calls(sandbox)[0]
    asked = [entry.at - job.created_at for entry in sandbox.ledger if entry.job == job.id]
    # The job was running at the poll before, and done at the poll at the deadline.
    assert max(at for at in asked if at < timedelta(seconds=599.9)) > timedelta(seconds=500)
    assert timedelta(seconds=599.9) <= max(asked) < timedelta(seconds=610)


@pytest.mark.parametrize("api", ["reporting", "explore"])
def test_a_token_that_expires_during_a_long_wait_costs_no_job(start_sandbox, in_process, clock, days, api):
    faults = [Fault("create", "slow_job", seconds=7200)]
    sandbox = start_sandbox(faults=faults, token_seconds=900, clock=clock.now)
    config = (sandbox.config if api == "reporting" else sandbox.explore_config) | days
    config |= {"job_timeout_minutes": 180}

    outcome = in_process(config)

    assert_met(sandbox, faults)
    if api == "reporting":
        assert_invariants(sandbox, outcome, config, now=clock.now())
    assert outcome.code == 0
    assert len(sandbox.jobs) == 4
    assert len([entry for entry in sandbox.ledger if entry.operation in {"token", "renew"}]) >= 8
    # Explore's token response has a lifetime. The Reporting API's token is used until it is refused, as
    # documented.
    refused = [entry for entry in sandbox.ledger if entry.status in {401, 403}]
    assert bool(refused) == (api == "reporting")


@pytest.mark.parametrize("name", ["not_json", "cut_json"])
def test_polls_are_repeated_when_their_responses_are_unexpected(
    start_sandbox, in_process, clock, one_by_one, name
):
    faults = [Fault("status", name, times=10, report="calls")]
    sandbox = start_sandbox(faults=faults, clock=clock.now)
    config = sandbox.config | one_by_one

    outcome = in_process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, now=clock.now())


def added_after(sandbox, fault, *, seconds):
    """Adds a fault and ends the job, so many seconds after the first poll of its report."""
    add, first, waiting = sandbox.ledger.add, [], [fault]

    def add_and_order(entry):
        add(entry)
        if entry.operation == "status" and entry.report == fault.report:
            first.append(entry.at)
            if waiting and entry.at - first[0] > timedelta(seconds=seconds):
                sandbox.add_fault(waiting.pop())
                sandbox.jobs[-1].end(lambda _: True, "deleted")

    sandbox.ledger.add = add_and_order
