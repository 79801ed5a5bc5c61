"""Transient and permanent faults, with the tap as a process."""

from __future__ import annotations

import pytest

from talkdesk_sandbox import Fault, Pace
from tests.support import utc
from tests.support.courses import COURSES, COURSES_BY_FORMAT, LASTING, NEW_JOBS
from tests.support.invariants import ALWAYS, as_list, assert_invariants, assert_met


@pytest.mark.parametrize(
    ("name", "file_format"),
    [
        pytest.param(name, file_format, marks=pytest.mark.wide if file_format == "csv" else ())
        for name, file_format in COURSES_BY_FORMAT
    ],
)
def test_a_transient_fault_loses_no_row_and_repeats_no_bookmarked_row(
    start_sandbox, process, days, name, file_format
):
    faults = as_list(COURSES[name])
    sandbox = start_sandbox(faults=faults, pace=Pace.after_polls(1))
    config = sandbox.config | days | {"format": file_format}

    outcome = process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, new_jobs=NEW_JOBS.get(name, 0))
    # No row comes twice, except rows of a file that was found wrong at its end.
    repeated = len(outcome.records("calls")) - len({str(record) for record in outcome.records("calls")})
    assert not repeated or name == "total differs from the rows"
    # After a URL failed, another one is requested. The file host may get no token.
    objects = [entry for entry in sandbox.ledger if entry.operation == "object"]
    assert len(objects) <= len([entry for entry in sandbox.ledger if entry.operation == "files"])
    assert not any(entry.authorized for entry in objects)


@pytest.mark.parametrize("name", LASTING)
def test_a_permanent_fault_fails_only_its_stream_and_moves_no_bookmark(
    start_sandbox, in_process, clock, days, name
):
    fault, new_jobs, says = LASTING[name]
    fault = Fault(fault.operation, fault.name, ALWAYS, "calls", **fault.details)
    sandbox = start_sandbox(faults=[fault], clock=clock.now)
    config = sandbox.config | days

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    # The second timespan of `calls` ran ahead, and may have met the fault as often.
    assert_invariants(sandbox, outcome, config, failed=["calls"], new_jobs=2 * new_jobs, now=clock.now())
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith("calls: ")
    assert "report 'calls'" in outcome.errors[0].lower()
    assert says in outcome.errors[0]
    assert outcome.bookmark("calls") is None


def test_the_days_of_these_tests_are_not_empty(start_sandbox):
    """The other tests compare sets, and empty sets would be equal."""
    sandbox = start_sandbox()

    for stream in ("calls", "user_status"):
        assert len(sandbox.rows(stream, utc("2026-03-02"), utc("2026-03-06"))) > 50
