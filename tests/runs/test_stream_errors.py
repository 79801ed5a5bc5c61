"""Any error of a stream ends only that stream, in one line that shows no row."""

from __future__ import annotations

import re
import subprocess

import pytest

from talkdesk_sandbox import Fault, Pace
from tests.support import clean_environment, command, run_tap, utc

DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-12", "timespan_hours": 24}
DAY = {"start_date": "2026-03-02", "end_date": "2026-03-03"}


@pytest.mark.parametrize(
    ("case", "maps", "message"),
    [
        ("a function on a null", {"calls": {"n": "md5(notes)"}}, "stream_maps fails with"),
        (
            "a type that does not fit",
            {"calls": {"n": "int(user_name)"}},
            "stream_maps fails with",
        ),
        ("an unknown name", {"calls": {"n": "no_such_field"}}, "Failed to evaluate simpleeval expressions"),
        (
            "in a filter",
            {"calls": {"__filter__": "int(user_name) > 1"}},
            "stream_maps fails with",
        ),
    ],
)
def test_an_expression_that_fails_ends_only_its_stream(start_sandbox, tmp_path, case, maps, message):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.explore_config | DAY | {"stream_maps": maps})

    [error] = outcome.errors
    assert outcome.code == 1, case
    assert error.startswith("calls: ")
    assert message in error
    rows = sandbox.rows("calls", utc("2026-03-02"), utc("2026-03-03"), api="explore")
    assert not any(row["user_name"] and row["user_name"] in error for row in rows)
    assert len(outcome.records("user_status")) > 0
    assert outcome.messages[-1]["type"] == "STATE"


def test_a_stream_that_fails_leaves_no_more_jobs_open_than_there_are_slots(start_sandbox, in_process, clock):
    """Explore cannot cancel. The slots of the failed stream's jobs become free when these jobs have ended."""
    sandbox = start_sandbox(
        clock=clock.now,
        pace=Pace.after_seconds(60),
        faults=[Fault("create", "invalid", report="calls")],
    )

    outcome = in_process(sandbox.explore_config | DAYS | {"max_concurrent_jobs": 3})

    assert outcome.code == 1
    assert sandbox.unmet_faults() == []
    assert sandbox.most_open_jobs <= 3
    assert outcome.bookmark("user_status") == "2026-03-12T00:00:00Z"


def test_streams_fail_in_one_line_when_every_slot_is_held_by_a_job_that_does_not_end(
    start_sandbox, in_process, clock
):
    sandbox = start_sandbox(clock=clock.now, faults=[Fault("create", "stuck", report="calls")])
    config = sandbox.explore_config | DAYS | {"max_concurrent_jobs": 1, "job_timeout_minutes": 1}

    outcome = in_process(config)

    calls, statuses = outcome.errors
    assert outcome.code == 1
    assert sandbox.unmet_faults() == []
    assert len(sandbox.jobs) == 1
    assert "raise job_timeout_minutes" in calls
    assert "every slot is held" in statuses


@pytest.mark.parametrize("limit", [24, 32])
def test_a_limit_of_this_machine_is_named_with_what_to_do(start_sandbox, tmp_path, limit):
    """Each slot needs a connection and a file. With few descriptors one of them fails."""
    sandbox = start_sandbox()
    config = sandbox.explore_config | DAYS | {"max_concurrent_jobs": 15}

    ended = subprocess.run(
        ["bash", "-c", f'ulimit -n {limit}; exec "$@"', "bash", *command(tmp_path, config)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env=clean_environment(),
    )

    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    assert re.search("too many (open )?files", ended.stderr.splitlines()[-1], re.IGNORECASE)
