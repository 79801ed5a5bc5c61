"""Faults that pass, and faults that last, run through the tap as a process."""

from __future__ import annotations

import pytest

from talkdesk_sandbox import Fault, Pace
from tests.support import utc
from tests.support.courses import FILES, NEW_JOBS, SURVIVED
from tests.support.invariants import ALWAYS, as_list, assert_invariants, assert_met

COURSES = SURVIVED | FILES

#: Each fault with JSON; with CSV those that concern the file.
CASES = [(name, "json") for name in COURSES] + [
    (name, "csv")
    for name, faults in COURSES.items()
    if any(fault.operation == "object" or fault.name == "packed" for fault in as_list(faults))
]


@pytest.mark.parametrize(("name", "file_format"), CASES)
def test_a_passing_fault_costs_no_row_and_no_repeat_of_a_bookmarked_one(
    start_sandbox, process, days, name, file_format
):
    faults = as_list(COURSES[name])
    sandbox = start_sandbox(faults=faults, pace=Pace.after_asks(1))
    config = sandbox.config | days | {"format": file_format}

    outcome = process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, new_jobs=NEW_JOBS.get(name, 0))
    # Nothing comes twice, but for rows of a file that turned out wrong at its end.
    repeated = len(outcome.records("calls")) - len({str(record) for record in outcome.records("calls")})
    assert not repeated or name == "total differs from the rows"
    # Once an address has failed another one is asked for, whose bytes no token may touch.
    objects = [entry for entry in sandbox.ledger if entry.operation == "object"]
    assert len(objects) <= len([entry for entry in sandbox.ledger if entry.operation == "files"])
    assert not any(entry.authorized for entry in objects)


#: What lasts, how many jobs it costs beyond those that were planned, and what is said of it.
LASTING = {
    "order refused": (Fault("create", "invalid", message="no such timespan"), 0, "no such timespan"),
    "order answered without an id": (Fault("create", "no_id"), 0, "expected a job with id and status"),
    "not permitted": (Fault("create", "forbidden"), 0, "may not use the report"),
    "job canceled again": (Fault("create", "job_canceled"), 1, "ended as 'canceled'"),
    "job deleted again": (Fault("create", "job_deleted"), 1, "ended as 'deleted'"),
    "page instead of each file": (Fault("object", "html_page"), 1, "a page of HTML"),
    "error instead of each file": (Fault("object", "error_with_200"), 1, "a page of HTML or XML"),
    "file without its end": (
        Fault("object", "short_without_length", after=2000),
        1,
        "without its closing bracket",
    ),
    "packed file without its end": (Fault("create", "packed", cut=9), 1, "the packed file is not whole"),
    "total always wrong": (Fault("create", "wrong_total"), 1, "says that it has"),
    "file without a byte": (Fault("create", "no_bytes"), 1, "the file has no byte"),
    "address always over": (Fault("object", "expired_token"), 1, "ExpiredToken"),
}


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_fault_fails_its_stream_alone_and_moves_no_bookmark(
    start_sandbox, in_process, clock, days, name
):
    fault, new_jobs, says = LASTING[name]
    fault = Fault(fault.operation, fault.name, ALWAYS, "calls", **fault.details)
    sandbox = start_sandbox(faults=[fault], clock=clock.now)
    config = sandbox.config | days

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    # The second timespan of `calls` was ahead, and may have met the fault as often.
    assert_invariants(sandbox, outcome, config, failed=["calls"], new_jobs=2 * new_jobs, now=clock.now())
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith("calls: ")
    assert "report 'calls'" in outcome.errors[0].lower()
    assert says in outcome.errors[0]
    assert outcome.bookmark("calls") is None


def test_nothing_of_the_truth_is_needed_to_see_that_the_days_are_not_empty(start_sandbox):
    """The other tests compare sets, and empty sets are equal."""
    sandbox = start_sandbox()

    for stream in ("calls", "user_status"):
        assert len(sandbox.rows(stream, utc("2026-03-02"), utc("2026-03-06"))) > 50
