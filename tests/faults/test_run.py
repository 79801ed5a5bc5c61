"""Faults 19 and 41 to 44: faults of a whole run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from itertools import product
from pathlib import Path

import pytest

from talkdesk_sandbox import Fault, Pace
from tests.support import clean_environment, command
from tests.support.forked_tap import TapProcess
from tests.support.invariants import ALWAYS, STREAMS, Measured, assert_invariants, assert_met
from tests.support.processes import wait_until


def state_of(**bookmarks):
    return {
        "bookmarks": {
            stream: {"replication_key": STREAMS[stream], "replication_key_value": value}
            for stream, value in bookmarks.items()
        }
    }


def operations(sandbox):
    return [(entry.operation, entry.report) for entry in sandbox.ledger]


@pytest.mark.parametrize(
    "case", list(product(["SIGKILL", "SIGTERM", "SIGINT"], ["reporting", "explore"])), ids="-".join
)
def test_a_run_that_is_ended_while_it_waits_leaves_no_file_and_the_next_run_continues(
    start_sandbox, tmp_path, process, days, case
):
    kind, api = signal.Signals[case[0]], case[1]
    faults = [Fault("create", "slow_job", report="calls", seconds=3600)]
    sandbox = start_sandbox(faults=faults)
    config = (sandbox.config if api == "reporting" else sandbox.explore_config) | days
    tap = TapProcess(
        command(tmp_path, config),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=clean_environment(),
    )
    wait_until(lambda: ("status", "calls") in operations(sandbox), "the slow job is polled")

    tap.send_signal(kind)
    stdout, stderr = (text.decode() for text in tap.communicate(timeout=60))

    messages = [json.loads(line) for line in stdout.splitlines() if line.endswith("}")]
    ended = Measured(tap.returncode, stdout, stderr, messages)
    assert_met(sandbox, faults)
    assert tap.returncode == (-kind if kind == signal.SIGKILL else 128 + kind)
    before = len(sandbox.jobs)
    for job in sandbox.jobs:
        job.fault = None  # so that the job is done when it is adopted
    state = (ended.states or [None])[-1]
    if api == "reporting":
        assert_invariants(sandbox, ended, config, failed=list(STREAMS))
        assert_invariants(sandbox, process(config, state=state), config, state=state, new_jobs=before)
    else:
        assert list(Path(config["spool_dir"]).iterdir()) == []
        assert process(config, state=state).code == 0
        # Explore's jobs have a name, so the next run recognizes them.
        assert len({(job.report, job.timespan) for job in sandbox.jobs}) == len(sandbox.jobs)


def test_a_reader_that_goes_away_ends_the_run(start_sandbox, tmp_path, days):
    sandbox = start_sandbox(calls_per_day=2000)
    config = sandbox.config | days
    tap = TapProcess(
        command(tmp_path, config),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=clean_environment(),
    )
    assert tap.stdout is not None
    assert tap.stderr is not None

    schema = tap.stdout.readline().decode()
    tap.stdout.close()
    stderr = tap.stderr.read().decode()
    tap.stderr.close()

    ended = Measured(tap.wait(timeout=60), schema, stderr, [json.loads(schema)])
    assert ended.code == 1
    assert "Traceback" not in stderr
    assert "BrokenPipe" not in stderr
    assert_invariants(sandbox, ended, config, failed=list(STREAMS))


def test_a_second_signal_leaves_at_once(start_sandbox, tmp_path, days):
    """The tap's output is not read, so it hangs in a write when the pipe is full."""
    faults = [Fault("create", "stuck", ALWAYS)]
    sandbox = start_sandbox(faults=faults)
    config = sandbox.config | days
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    filled = 0
    try:
        while True:
            filled += os.write(write_end, b"\n" * 4096)
    except BlockingIOError:
        os.set_blocking(write_end, True)
    tap = TapProcess(
        command(tmp_path, config), stdout=write_end, stderr=subprocess.PIPE, env=clean_environment()
    )
    os.close(write_end)
    wait_until(lambda: len(sandbox.jobs) == 2, "all jobs are created")
    time.sleep(0.5)

    tap.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    tap.send_signal(signal.SIGINT)
    time.sleep(0.5)
    first = tap.poll()
    # Within a second it counts as the first stop, and a busy machine may notice it late.
    for _ in range(20):
        if tap.poll() is None:
            tap.send_signal(signal.SIGTERM)
            time.sleep(1)
    _, stderr = tap.communicate(timeout=60)
    os.close(read_end)

    assert (first, tap.returncode) == (None, 143)
    assert_met(sandbox, faults)
    assert_invariants(sandbox, Measured(tap.returncode, "", stderr.decode()), config, failed=list(STREAMS))


def test_a_stream_that_fails_is_in_the_summary_and_the_other_stream_completes(start_sandbox, process, days):
    fault = Fault("create", "job_canceled", ALWAYS, "user_status")
    sandbox = start_sandbox(faults=[fault])
    config = sandbox.config | days
    state = state_of(calls="2026-03-02T00:00:00Z", user_status="2026-03-02T00:00:00Z")

    outcome = process(config, state=state)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, failed=["user_status"], new_jobs=2, state=state)
    assert outcome.bookmark("user_status") == "2026-03-02T00:00:00Z"
    assert "user_status: FAILED, " in outcome.stderr


@pytest.mark.parametrize(
    ("state", "start"),
    [
        (state_of(calls="2999-01-01T00:00:00Z", user_status="2999-01-01T00:00:00Z"), "2026-03-02"),
        (None, "2998-01-01"),
        (state_of(calls="2026-03-06T00:00:00Z", user_status="2026-03-06T00:00:00Z"), "2026-03-02"),
    ],
    ids=["state from the future", "start after the horizon", "nothing new"],
)
def test_no_request_is_made_when_nothing_is_due(start_sandbox, process, days, state, start):
    fault = Fault("token", "reset")
    sandbox = start_sandbox(faults=[fault])
    config = sandbox.config | days | {"start_date": start}
    if start > config["end_date"]:
        del config["end_date"]

    outcome = process(config, state=state)

    assert outcome.code == 0, outcome.stderr
    assert len(sandbox.ledger) == 0
    assert sandbox.unmet_faults() == [fault]  # no sign-in happened
    moved = {stream: outcome.bookmark(stream) for stream in STREAMS}
    assert moved == {
        stream: (state or state_of(**dict.fromkeys(STREAMS)))["bookmarks"][stream]["replication_key_value"]
        for stream in STREAMS
    }
    assert list(Path(config["spool_dir"]).iterdir()) == []


def test_a_timespan_of_a_second_ends_when_its_jobs_fail(start_sandbox, in_process, clock, days):
    fault = Fault("create", "job_failed", ALWAYS, "calls")
    sandbox = start_sandbox(faults=[fault], clock=clock.now)
    config = sandbox.config | days | {"start_date": "2026-03-05T23:59:58", "max_concurrent_jobs": 1}

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, failed=["calls"], new_jobs=3 * 7, now=clock.now())
    shortest = min(job.timespan[1] - job.timespan[0] for job in sandbox.jobs)
    assert shortest.total_seconds() >= 1


def test_two_taps_at_once_do_not_affect_each_other(start_sandbox, tmp_path, days):
    faults = [Fault("create", "slow_job", times=4, seconds=1)]
    sandbox = start_sandbox(faults=faults, pace=Pace.after_seconds(0.5))
    config = sandbox.config | days | {"delete_report_files": True}
    outcomes = []
    for number in range(2):
        place = tmp_path / str(number)
        place.mkdir()
        outcomes.append(
            TapProcess(
                command(place, config),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=clean_environment(),
            )
        )

    ended = [(tap.communicate(timeout=60), tap.returncode) for tap in outcomes]

    assert_met(sandbox, faults)
    both = config | {"max_concurrent_jobs": 2 * days["max_concurrent_jobs"]}
    for (stdout, stderr), code in ended:
        messages = [json.loads(line) for line in stdout.splitlines()]
        assert_invariants(sandbox, Measured(code, stdout, stderr, messages), both, new_jobs=4)
    assert not [entry for entry in sandbox.ledger if entry.operation == "cancel"]
    # Each deletes the files of its own four jobs, and no others.
    assert [entry.status for entry in sandbox.ledger if entry.operation == "delete_file"] == [204] * 8
