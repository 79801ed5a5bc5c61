"""Faults that must be survived, run through the tap as a process; each was really met, says the ledger."""

from __future__ import annotations

from collections import Counter

import pytest

from tap_talkdesk_reports.sandbox import Fault, Pace
from tests.support import run_tap, utc
from tests.test_runs import as_set, truth

#: Two timespans for each of two streams.
DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-06", "timespan_hours": 48, "max_concurrent_jobs": 2}
PLANNED = 4
END = "2026-03-06T00:00:00Z"


def _listed(faults):
    return faults if isinstance(faults, list) else [faults]


SURVIVED = {
    "429 with Retry-After in seconds": Fault("create", "rate_limited", retry_after=1),
    "429 without Retry-After": Fault("create", "rate_limited", times=2),
    "429 while polling": Fault("status", "rate_limited", retry_after=0),
    "500 while ordering": Fault("create", "server_error"),
    "503 while polling": Fault("status", "unavailable", times=2),
    "500 at the sign-in": Fault("token", "server_error"),
    "reset before the answer to an order": Fault("create", "reset"),
    "order accepted and answer lost": Fault("create", "accepted_then_reset"),
    "order answered with a page": Fault("create", "not_json"),
    "poll answered with a page": Fault("status", "not_json", times=2),
    "token refused with 403": Fault("create", "forbidden"),
    "token refused with 401": Fault("status", "unauthorized"),
    "redirect of the poll without Location": Fault("status", "no_location"),
    "status word that nobody knows": Fault("status", "unknown_status", asks=2),
    "job failed": Fault("create", "job_failed"),
    "job failed twice": Fault("create", "job_failed", times=2, report="calls"),
    "job canceled by somebody": Fault("create", "job_canceled"),
    "signed address expired": Fault("files", "expired_url"),
    "body cut": Fault("object", "cut", after=2000),
    "body cut twice": Fault("object", "cut", after=2000, times=2),
    "body cut by a reset": Fault("object", "cut", after=2000, reset=True),
    "rest asked for, whole sent": [Fault("object", "cut", after=2000), Fault("object", "ignore_range")],
    "short body without a length": Fault("object", "short_without_length", after=2000),
    "page instead of the file": Fault("object", "html_page"),
    "S3 asks to slow down": Fault("object", "slow_down", times=2),
    "no such key at first": Fault("object", "no_such_key"),
    "total differs from the rows": Fault("create", "wrong_total"),
}


#: Each fault with JSON; with CSV those that concern the file.
CASES = [(name, "json") for name in SURVIVED] + [
    (name, "csv")
    for name, faults in SURVIVED.items()
    if any(fault.operation == "object" for fault in _listed(faults))
]


@pytest.mark.parametrize(("name", "file_format"), CASES)
def test_a_passing_fault_costs_no_row_and_no_repeat_of_a_bookmarked_one(
    start_sandbox, tmp_path, name, file_format
):
    faults = _listed(SURVIVED[name])
    sandbox = start_sandbox(faults=faults, pace=Pace.after_asks(1))

    outcome = run_tap(tmp_path, sandbox.config | DAYS | {"format": file_format})

    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []
    assert {entry.fault for entry in sandbox.ledger if entry.fault} >= {fault.name for fault in faults}
    for stream in ("calls", "user_status"):
        wanted, got = (
            as_set(truth(sandbox, stream, "2026-03-02", "2026-03-06")),
            as_set(outcome.records(stream)),
        )
        assert set(got) == set(wanted)
        # Only rows of a timespan whose count turned out wrong may come again, and its bookmark had not moved.
        assert got == wanted or name == "total differs from the rows"
        assert outcome.bookmark(stream) == END
    retries = {
        "job failed": 1,
        "job failed twice": 2,
        "job canceled by somebody": 1,
        "total differs from the rows": 1,
    }
    assert len(sandbox.jobs) <= PLANNED + retries.get(name, 0)
    assert sandbox.most_open_jobs <= 2


LASTING = {
    "job canceled again": ([Fault("create", "job_canceled", times=9, report="calls")], "ended as 'canceled'"),
    "page instead of each file": ([Fault("object", "html_page", times=99, report="calls")], "a page of HTML"),
    "file without its end": (
        [Fault("object", "short_without_length", after=2000, times=99, report="calls")],
        "without its closing bracket",
    ),
    "total always wrong": ([Fault("create", "wrong_total", times=9, report="calls")], "says that it has"),
}


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_fault_fails_its_stream_alone_and_moves_no_bookmark(start_sandbox, tmp_path, name):
    faults, says = LASTING[name]
    sandbox = start_sandbox(faults=faults)

    outcome = run_tap(tmp_path, sandbox.config | DAYS)

    assert outcome.code == 1
    assert any(entry.fault == faults[0].name for entry in sandbox.ledger)
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith("calls: report 'calls', job ")
    assert "timespan 2026-03-02T00:00:00Z..2026-03-04T00:00:00Z" in outcome.errors[0]
    assert says in outcome.errors[0]
    assert outcome.bookmark("calls") is None
    assert as_set(outcome.records("user_status")) == as_set(
        truth(sandbox, "user_status", "2026-03-02", "2026-03-06")
    )
    assert outcome.bookmark("user_status") == END


def test_an_answer_that_is_lost_makes_no_second_job(start_sandbox, tmp_path):
    sandbox = start_sandbox(faults=[Fault("create", "accepted_then_reset", times=2)], pace=Pace.after_asks(3))

    outcome = run_tap(tmp_path, sandbox.config | DAYS)

    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []
    assert max(Counter((job.report, job.timespan) for job in sandbox.jobs).values()) == 1


def test_a_renewal_that_is_refused_leads_to_a_new_sign_in(start_sandbox, tmp_path):
    faults = [Fault("status", "forbidden"), Fault("renew", "renewal_refused")]
    sandbox = start_sandbox(faults=faults)

    outcome = run_tap(tmp_path, sandbox.config | DAYS)

    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []
    assert [e.operation for e in sandbox.ledger if e.operation in {"token", "renew"}] == [
        "token",
        "renew",
        "token",
    ]


def test_a_timespan_that_fails_three_times_is_tried_in_halves(start_sandbox, in_process, clock):
    sandbox = start_sandbox(faults=[Fault("create", "job_failed", times=3, report="calls")], clock=clock.now)

    outcome = in_process(sandbox.config | DAYS | {"max_concurrent_jobs": 1})

    assert outcome.code == 0, outcome.errors
    assert sandbox.unmet_faults() == []
    lengths = [(job.timespan[1] - job.timespan[0]).total_seconds() / 3600 for job in sandbox.jobs]
    assert lengths[:5] == [48, 48, 48, 24, 24]
    assert as_set(outcome.records("calls")) == as_set(truth(sandbox, "calls", "2026-03-02", "2026-03-06"))


def test_a_timespan_that_fails_again_and_again_fails_its_stream(start_sandbox, in_process, clock):
    sandbox = start_sandbox(faults=[Fault("create", "job_failed", times=99, report="calls")], clock=clock.now)

    outcome = in_process(sandbox.config | DAYS | {"max_concurrent_jobs": 1})

    assert outcome.code == 1
    assert "timespan 2026-03-02T00:00:00Z..2026-03-02T00:45:00Z ended as 'failed'" in outcome.errors[0]
    assert outcome.bookmark("calls") is None
    assert outcome.bookmark("user_status") == END
    assert len([job for job in sandbox.jobs if job.report == "calls"]) == 3 * 7


def test_a_file_that_never_comes_up_fails_its_stream(start_sandbox, in_process, clock):
    sandbox = start_sandbox(
        faults=[Fault("object", "no_such_key", times=99, report="calls")], clock=clock.now
    )

    outcome = in_process(sandbox.config | DAYS)

    assert outcome.code == 1
    assert any(entry.fault for entry in sandbox.ledger)
    assert "NoSuchKey" in outcome.errors[0]
    assert outcome.bookmark("calls") is None
    assert outcome.bookmark("user_status") == END
    # The one that was planned, and a new one after the file of the first did not come; and those ahead.
    assert len([job for job in sandbox.jobs if job.report == "calls"]) <= 4


def test_a_job_that_does_not_end_is_cancelled_and_its_timespan_tried_in_halves(
    start_sandbox, in_process, clock
):
    sandbox = start_sandbox(faults=[Fault("create", "stuck", report="calls")], clock=clock.now)

    outcome = in_process(sandbox.config | DAYS | {"job_timeout_minutes": 10, "max_concurrent_jobs": 1})

    assert outcome.code == 0, outcome.errors
    assert sandbox.unmet_faults() == []
    stuck, *halves = (job for job in sandbox.jobs if job.report == "calls")
    assert stuck.status == "canceled"
    start, end = stuck.timespan
    middle = start + (end - start) / 2
    assert [job.timespan for job in halves[:2]] == [(start, middle), (middle, end)]
    assert as_set(outcome.records("calls")) == as_set(truth(sandbox, "calls", "2026-03-02", "2026-03-06"))


def test_jobs_that_never_end_are_given_up_and_are_no_empty_reports(start_sandbox, in_process, clock):
    sandbox = start_sandbox(faults=[Fault("create", "stuck", report="calls", times=99)], clock=clock.now)

    outcome = in_process(sandbox.config | DAYS | {"job_timeout_minutes": 10, "max_concurrent_jobs": 1})

    assert outcome.code == 1
    assert outcome.bookmark("calls") is None
    assert len(outcome.errors) == 1
    # Six times halved: 48 hours have become 45 minutes.
    assert "timespan 2026-03-02T00:00:00Z..2026-03-02T00:45:00Z" in outcome.errors[0]
    assert "is still 'processing' after 10 minutes" in outcome.errors[0]
    assert [job.status for job in sandbox.jobs if job.fault] == ["canceled"] * 7
    assert sandbox.most_open_jobs == 1
    assert outcome.bookmark("user_status") == END


def test_a_stalled_byte_is_noticed_and_the_rest_asked_for(start_sandbox, tmp_path):
    sandbox = start_sandbox(faults=[Fault("object", "stall", after=2000, seconds=30)])

    outcome = run_tap(tmp_path, sandbox.config | DAYS | {"request_timeout_seconds": 1})

    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []
    assert [entry.range for entry in sandbox.ledger if entry.range] == ["bytes=2000-"]
    assert as_set(outcome.records("calls")) == as_set(truth(sandbox, "calls", "2026-03-02", "2026-03-06"))


def test_the_rest_of_a_cut_file_is_asked_for_with_a_new_address(start_sandbox, tmp_path):
    sandbox = start_sandbox(faults=[Fault("object", "cut", after=2000)])

    outcome = run_tap(tmp_path, sandbox.config | DAYS)

    assert outcome.code == 0, outcome.stderr
    ranges = [entry for entry in sandbox.ledger if entry.range]
    assert [(entry.range, entry.status) for entry in ranges] == [("bytes=2000-", 206)]
    signed = [entry for entry in sandbox.ledger if entry.operation == "files" and entry.job == ranges[0].job]
    assert len(signed) == 2


def test_nothing_of_the_truth_is_needed_to_see_that_the_days_are_not_empty(start_sandbox):
    """The other tests compare sets, and empty sets are equal."""
    sandbox = start_sandbox()

    for stream in ("calls", "user_status"):
        assert len(sandbox.rows(stream, utc("2026-03-02"), utc("2026-03-06"))) > 50
