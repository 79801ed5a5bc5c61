"""However a run ends, its last STATE is true, and the next run brings what is missing."""

from __future__ import annotations

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


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("token", (503, {}, {"Retry-After": "600"})),
        ("token", None),
        ("list", None),
    ],
)
def test_a_signal_ends_a_run_that_has_not_got_further_than_its_first_requests(
    server, tmp_path, operation, answer
):
    server.answers[operation] = lambda n: answer
    tap = subprocess.Popen(
        command(tmp_path, server.config),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
    )
    while operation not in server.asked:
        time.sleep(0.05)
    time.sleep(0.3)

    tap.send_signal(signal.SIGTERM)
    tap.communicate(timeout=8)

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


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_no_explore_job_is_made_twice_however_often_a_run_is_ended(start_sandbox, tmp_path, kind):
    sandbox = start_sandbox(pace=Pace.after_seconds(0.3))

    arrived, _, codes = run_on(tmp_path, sandbox.explore_config | DAYS, kind, random.Random(7), ended=6)

    assert len(codes) > 3
    assert max(Counter((job.report, job.timespan) for job in sandbox.jobs).values()) == 1
    rows = sandbox.rows("calls", utc("2026-03-02"), utc("2026-03-16"), api="explore")
    assert {record["call_id"] for record in arrived["calls"]} == {row["call_id"] for row in rows}


def test_an_output_that_cannot_be_written_is_one_line(server, tmp_path, calls_only):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        tap = subprocess.run(
            command(tmp_path, server.config, **calls_only),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=clean_environment(),
        )

    assert tap.returncode == 1
    assert "No space left on device" in tap.stderr
    assert "Traceback" not in tap.stderr
