"""Faults 1 to 8: create requests and their token."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from email.utils import format_datetime

import pytest

from talkdesk_sandbox import Fault, Pace
from tests.support.invariants import ALWAYS, assert_invariants, assert_met


def jobs_of_a_timespan(sandbox):
    return max(Counter((job.report, job.timespan) for job in sandbox.jobs).values())


def test_a_lost_response_leads_to_no_second_job(start_sandbox, process, days):
    faults = [Fault("create", "accepted_then_reset", times=2)]
    sandbox = start_sandbox(faults=faults, pace=Pace.after_polls(3))
    config = sandbox.config | days

    outcome = process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config)
    assert jobs_of_a_timespan(sandbox) == 1


@pytest.mark.parametrize("name", ["accepted_then_silent", "silent"])
def test_a_late_response_leads_to_no_second_job(start_sandbox, process, days, name):
    faults = [Fault("create", name, seconds=30)]
    sandbox = start_sandbox(faults=faults, pace=Pace.after_polls(3))
    config = sandbox.config | days | {"request_timeout_seconds": 1}

    outcome = process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config)
    assert jobs_of_a_timespan(sandbox) == 1


@pytest.mark.parametrize("as_date", [False, True])
def test_a_429_is_waited_out_for_as_long_as_retry_after_says(start_sandbox, in_process, clock, days, as_date):
    retry_after = format_datetime(clock.now() + timedelta(seconds=300), usegmt=True) if as_date else 300
    faults = [Fault("create", "rate_limited", retry_after=retry_after)]
    sandbox = start_sandbox(faults=faults, clock=clock.now)
    config = sandbox.config | days | {"max_concurrent_jobs": 1}
    began = clock.now()

    outcome = in_process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, now=clock.now())
    first, second, *_ = (entry.at for entry in sandbox.ledger if entry.operation == "create")
    assert first < began + timedelta(seconds=60)
    assert timedelta(seconds=299) <= second - first < timedelta(seconds=320)


def test_a_429_without_retry_after_is_retried_with_growing_pauses(start_sandbox, in_process, clock, days):
    faults = [Fault("create", "rate_limited", times=30)]
    sandbox = start_sandbox(faults=faults, clock=clock.now)
    config = sandbox.config | days | {"max_concurrent_jobs": 1}

    outcome = in_process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, now=clock.now())
    asked = [entry.at for entry in sandbox.ledger if entry.fault]
    lasted = (asked[-1] - asked[0]).total_seconds()
    assert lasted > 60
    logged = [message for level, message in outcome.log if level == "WARNING" and "retrying in" in message]
    assert 1 <= len(logged) <= 1 + lasted // 60


def test_a_timespan_that_is_too_long_for_the_api_is_halved(start_sandbox, in_process, clock, days):
    faults = [Fault("create", "invalid", report="calls")]
    sandbox = start_sandbox(faults=faults, clock=clock.now)
    config = sandbox.config | days | {"start_date": "2026-01-07", "end_date": "2026-02-06"}
    config |= {"timespan_hours": 24 * 30, "max_concurrent_jobs": 1}

    outcome = in_process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, new_jobs=2, now=clock.now())
    lengths = [job.timespan[1] - job.timespan[0] for job in sandbox.jobs if job.report == "calls"]
    assert lengths == [timedelta(days=15)] * 2


def test_a_refused_job_is_halved_down_to_a_day_and_not_repeated(start_sandbox, process, days):
    fault = Fault("create", "invalid", ALWAYS, "calls", message="no such timespan")
    sandbox = start_sandbox(faults=[fault])
    config = sandbox.config | days | {"max_concurrent_jobs": 1}

    outcome = process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, failed=["calls"])
    assert len([entry for entry in sandbox.ledger if entry.fault]) == 2
    assert "report 'calls', timespan 2026-03-02T00:00:00Z..2026-03-03T00:00:00Z" in outcome.errors[0]
    assert "no such timespan" in outcome.errors[0]


@pytest.mark.parametrize("name", ["no_id", "cut_json", "not_json"])
def test_a_creation_is_given_up_when_all_responses_are_unexpected(
    start_sandbox, in_process, clock, days, name
):
    fault = Fault("create", name, ALWAYS, "calls")
    sandbox = start_sandbox(faults=[fault], clock=clock.now)
    config = sandbox.config | days

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, failed=["calls"], now=clock.now())
    assert len([entry for entry in sandbox.ledger if entry.fault]) <= 2 * 8
    assert "Talkdesk" in outcome.errors[0] or "expected" in outcome.errors[0]


def test_a_renewal_that_is_refused_leads_to_a_new_sign_in(start_sandbox, process, days):
    faults = [Fault("status", "forbidden"), Fault("renew", "renewal_refused")]
    sandbox = start_sandbox(faults=faults)
    config = sandbox.config | days

    outcome = process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config)
    signed_in = [entry.operation for entry in sandbox.ledger if entry.operation in {"token", "renew"}]
    assert signed_in == ["token", "renew", "token"]


def test_a_sign_in_that_is_refused_stops_all_streams(start_sandbox, process, days):
    faults = [Fault("token", "unauthorized")]
    sandbox = start_sandbox(faults=faults)
    config = sandbox.config | days

    outcome = process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, failed=["calls", "user_status"])
    assert sandbox.jobs == []
    assert len(outcome.errors) == 1


def test_a_sign_in_that_is_refused_in_the_middle_stops_all_streams(start_sandbox, in_process, clock, days):
    faults = [Fault("status", "forbidden"), Fault("renew", "renewal_refused"), Fault("token", "unauthorized")]
    sandbox = start_sandbox(faults=faults[:2], clock=clock.now)
    config = sandbox.config | days
    add, refusals = sandbox.ledger.add, faults[2:]

    def add_and_order(entry):
        add(entry)
        if entry.operation == "renew" and refusals:  # the refused sign-in is not the run's first
            sandbox.add_fault(refusals.pop())

    sandbox.ledger.add = add_and_order

    outcome = in_process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, failed=["calls", "user_status"], now=clock.now())
    # Two at once. If the second poll is refused, the first file is already read.
    assert len(sandbox.jobs) <= 3


def test_a_report_that_is_not_permitted_is_refused_once_more_with_a_new_token(start_sandbox, process, days):
    fault = Fault("create", "forbidden", ALWAYS, "calls")
    sandbox = start_sandbox(faults=[fault])
    config = sandbox.config | days | {"max_concurrent_jobs": 1}

    outcome = process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, failed=["calls"])
    assert len([entry for entry in sandbox.ledger if entry.fault]) == 2
    assert len([entry for entry in sandbox.ledger if entry.operation == "renew"]) == 1
    assert "permission" in outcome.errors[0]


def test_a_file_that_may_not_be_deleted_counts_as_deleted(start_sandbox, process, days):
    faults = [Fault("delete_file", "forbidden", times=2), Fault("delete_file", "not_found")]
    sandbox = start_sandbox(faults=faults)
    config = sandbox.config | days | {"delete_report_files": True}

    outcome = process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config)
    assert "could not be deleted" not in outcome.stderr
