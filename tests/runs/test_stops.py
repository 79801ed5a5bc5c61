"""However a run ends, its last STATE is true, and the next run brings what is missing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter

import pytest

from talkdesk_sandbox import Pace
from tests.support import clean_environment, command, utc
from tests.support.processes import last_state, start, whole_lines
from tests.support.truth import as_set, truth

DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-16", "timespan_hours": 24, "max_concurrent_jobs": 4}


def run_on(tmp_path, config, kind, moments, *, ended):
    """Run again and again from the last STATE until all is read; the first runs are ended by a signal.

    Returns the records of all runs by stream, the last state, and the exit code of each run.
    """
    spool = tmp_path / "spool"
    spool.mkdir()
    state, arrived, codes = None, {"calls": [], "user_status": []}, []
    while not codes or codes[-1] != 0:
        tap = start(tmp_path, config | {"spool_dir": str(spool)}, state)
        if len(codes) < ended:
            time.sleep(moments.uniform(0.5, 2.0))
            tap.send_signal(kind)
        stdout, stderr = tap.communicate(timeout=60)
        codes.append(tap.returncode)
        messages = whole_lines(stdout)
        for message in messages:
            if message["type"] == "RECORD":
                arrived[message["stream"]].append(message["record"])
        state = last_state(messages, state)
        assert codes[-1] in {0, -kind, 128 + kind}, stderr.decode()
        assert list(spool.iterdir()) == []
    return arrived, state, codes


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_run_did_not_bring_the_next_ones_bring(start_sandbox, tmp_path, kind, seed):
    sandbox = start_sandbox(pace=Pace.after_seconds(0.1))

    arrived, state, codes = run_on(tmp_path, sandbox.config | DAYS, kind, random.Random(seed), ended=4)

    assert any(codes), "no run was ended before its time, so that this test says nothing"
    for stream, records in arrived.items():
        assert set(as_set(records)) == set(as_set(truth(sandbox, stream, "2026-03-02", "2026-03-16")))
        assert state["bookmarks"][stream]["replication_key_value"] == "2026-03-16T00:00:00Z"


@pytest.mark.parametrize(("kind", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_while_waiting_cancels_own_jobs_and_writes_the_last_state(
    start_sandbox, tmp_path, kind, code
):
    sandbox = start_sandbox(pace=Pace.after_seconds(60))
    tap = start(tmp_path, sandbox.config | DAYS)
    while len(sandbox.jobs) < 4:
        time.sleep(0.05)

    tap.send_signal(kind)
    stdout, stderr = tap.communicate(timeout=10)

    assert tap.returncode == code
    assert {job.status for job in sandbox.jobs} == {"canceled"}
    assert whole_lines(stdout)[-1]["type"] == "STATE"
    assert b"Traceback" not in stderr


def test_a_second_signal_leaves_at_once(start_sandbox, tmp_path):
    sandbox = start_sandbox(pace=Pace.after_seconds(60))
    # Nobody reads what the tap writes, so that it hangs in a write once the pipe is full.
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    try:
        while True:
            os.write(write_end, b"\n" * 4096)
    except BlockingIOError:
        os.set_blocking(write_end, True)
    tap = subprocess.Popen(
        command(tmp_path, sandbox.config | DAYS),
        stdout=write_end,
        stderr=subprocess.PIPE,
        env=clean_environment(),
    )
    while len(sandbox.jobs) < 4:
        time.sleep(0.05)
    time.sleep(0.5)

    tap.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    first = tap.poll()
    tap.send_signal(signal.SIGTERM)
    tap.communicate(timeout=2)
    os.close(read_end)
    os.close(write_end)

    assert first is None
    assert tap.returncode == 143


def test_the_state_arrives_whole_at_a_slow_reader_after_a_signal(start_sandbox, tmp_path):
    sandbox = start_sandbox(calls_per_day=3000)
    tap = start(tmp_path, sandbox.config | DAYS)
    assert tap.stdout is not None
    assert tap.stderr is not None
    head = tap.stdout.read(4 << 20)

    time.sleep(1)
    tap.send_signal(signal.SIGTERM)
    time.sleep(1)
    rest = tap.stdout.read()
    tap.wait(timeout=10)
    tap.stdout.close()
    tap.stderr.close()

    messages = whole_lines(head + rest)
    assert tap.returncode == 143
    assert messages[-1]["type"] == "STATE"
    brought = [message["record"] for message in messages if message["type"] == "RECORD"]
    through = messages[-1]["value"]["bookmarks"]["calls"]["replication_key_value"][:10]
    assert set(as_set(truth(sandbox, "calls", "2026-03-02", through))) <= set(as_set(brought))


def test_a_reader_that_goes_away_is_a_quiet_end(start_sandbox, tmp_path):
    sandbox = start_sandbox(calls_per_day=2000)
    tap = start(tmp_path, sandbox.config | DAYS)
    assert tap.stdout is not None
    assert tap.stderr is not None

    tap.stdout.readline()
    tap.stdout.close()
    stderr = tap.stderr.read().decode()
    tap.wait(timeout=20)
    tap.stderr.close()

    assert tap.returncode == 1
    assert "Traceback" not in stderr
    assert "BrokenPipe" not in stderr


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_no_explore_job_is_made_twice_however_often_a_run_is_ended(start_sandbox, tmp_path, kind):
    sandbox = start_sandbox(pace=Pace.after_seconds(0.3))

    arrived, _, codes = run_on(tmp_path, sandbox.explore_config | DAYS, kind, random.Random(7), ended=6)

    assert len(codes) > 3
    assert max(Counter((job.report, job.timespan) for job in sandbox.jobs).values()) == 1
    rows = sandbox.rows("calls", utc("2026-03-02"), utc("2026-03-16"), api="explore")
    assert {record["call_id"] for record in arrived["calls"]} == {row["call_id"] for row in rows}
