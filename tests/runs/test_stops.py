"""However a run ends, its last STATE is correct, and the next run loads the missing rows."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import threading
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from talkdesk_sandbox import Fault, Pace
from tap_talkdesk_reports.sync.sync_all import sync_all
from tap_talkdesk_reports.tap import TapTalkdeskReports
from tests.support import clean_environment, command, utc
from tests.support.forked_tap import TapProcess, run
from tests.support.processes import last_state, start, wait_until, wait_until_full, whole_lines
from tests.support.truth import as_set, truth

DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-16", "timespan_hours": 24, "max_concurrent_jobs": 4}
#: A run has more than a hundred requests. At the last of these, some jobs are read and others in progress.
REQUESTS = 30


def run_on(sandbox, tmp_path, config, kind, moments, *, ended):
    """Repeats runs from the last STATE until everything is read. The first runs are ended at a request.

    Returns the records of all runs by stream, the last state, and the exit code of each run.
    """
    spool = tmp_path / "spool"
    spool.mkdir()
    state, arrived, codes = None, {"calls": [], "user_status": []}, []
    while not codes or codes[-1] != 0:
        request, numbers = moments.randrange(REQUESTS), count()
        held = Held(sandbox, lambda _, numbers=numbers, request=request: next(numbers) == request)
        if len(codes) >= ended:
            held.let_go()
        with (tmp_path / "stdout").open("wb") as out:  # a file, so no reader slows it down
            tap = start(tmp_path, config | {"spool_dir": str(spool)}, state, stdout=out)
        if len(codes) < ended:
            wait_until(lambda held=held, tap=tap: held.count or tap.poll() is not None, "a request is held")
            tap.send_signal(kind)
            held.let_go()
        _, stderr = tap.communicate(timeout=60)
        codes.append(tap.returncode)
        messages = whole_lines((tmp_path / "stdout").read_bytes())
        for message in messages:
            if message["type"] == "RECORD":
                arrived[message["stream"]].append(message["record"])
        state = last_state(messages, state)
        assert codes[-1] in {0, -kind, 128 + kind}, stderr.decode()
        assert list(spool.iterdir()) == []
    return arrived, state, codes


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_the_next_runs_load_what_a_killed_run_did_not_load(start_sandbox, tmp_path, kind, seed):
    sandbox = start_sandbox(pace=Pace.after_seconds(0.1))

    arrived, state, codes = run_on(
        sandbox, tmp_path, sandbox.config | DAYS, kind, random.Random(seed), ended=4
    )

    assert any(codes), "no run was ended early, so this test is useless"
    for stream, records in arrived.items():
        assert set(as_set(records)) == set(as_set(truth(sandbox, stream, "2026-03-02", "2026-03-16")))
        assert state["bookmarks"][stream]["replication_key_value"] == "2026-03-16T00:00:00Z"


def operations(sandbox, name):
    return [entry for entry in sandbox.ledger if entry.operation == name]


def stopped(tap, sandbox, codes):
    """Stops a run while all its jobs are open, and waits for its end."""
    stdout, stderr = tap.communicate(timeout=60)

    assert tap.returncode in codes, stderr.decode()
    assert [job.status for job in sandbox.jobs] == ["canceled"] * DAYS["max_concurrent_jobs"], stderr.decode()
    assert whole_lines(stdout)[-1]["type"] == "STATE"
    assert stdout.endswith(b"\n")
    assert b"Traceback" not in stderr


@pytest.mark.parametrize(
    ("kind", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_a_signal_while_waiting_cancels_the_jobs_of_the_run_and_writes_the_last_state(
    start_sandbox, tmp_path, kind, code
):
    sandbox = start_sandbox(pace=Pace.after_seconds(3600))
    tap = start(tmp_path, sandbox.config | DAYS)
    wait_until(lambda: len(sandbox.jobs) == 4, "all jobs are created")

    tap.send_signal(kind)

    stopped(tap, sandbox, {code})


class Held:
    """Holds the responses to some requests, which are carried out, until they are released."""

    def __init__(self, sandbox, is_held):
        self.count = 0
        self._sandbox, self._is_held, self._let_go = sandbox, is_held, threading.Event()
        self._answer, sandbox._api.answer = sandbox._api.answer, self._answered

    def _answered(self, request):
        answer = self._answer(request)
        if self._is_held(request):
            self.count += 1
            self._let_go.wait(60)
        return answer

    def let_go(self):
        self._let_go.set()


@pytest.mark.parametrize(
    "kinds",
    [
        (signal.SIGINT, signal.SIGHUP, signal.SIGTERM),
        (signal.SIGTERM, signal.SIGINT, signal.SIGHUP),
        (signal.SIGHUP, signal.SIGTERM, signal.SIGINT),
    ],
    ids=lambda kinds: "-".join(kind.name for kind in kinds),
)
def test_several_signals_are_one_stop_that_cancels_all_jobs_at_once(start_sandbox, tmp_path, kinds):
    sandbox = start_sandbox(pace=Pace.after_seconds(3600))
    cancels = Held(sandbox, lambda request: request.method == "DELETE")
    tap = start(tmp_path, sandbox.config | DAYS)
    wait_until(lambda: len(sandbox.jobs) == 4, "all jobs are created")

    first, second, third = kinds
    tap.send_signal(first)
    tap.send_signal(second)
    wait_until(lambda: cancels.count == 4, "each job is being cancelled, and none waits for another")
    tap.send_signal(third)
    cancels.let_go()

    # If several come at once, any of them may be handled first.
    stopped(tap, sandbox, {128 + first, 128 + second})


def test_a_job_whose_creation_was_under_way_at_a_stop_is_cancelled(start_sandbox, tmp_path):
    sandbox = start_sandbox(pace=Pace.after_seconds(3600))
    numbers = count()
    creation = Held(sandbox, lambda request: request.path.endswith("/jobs") and next(numbers) == 0)
    tap = start(tmp_path, sandbox.config | DAYS)
    wait_until(lambda: creation.count and len(sandbox.jobs) == 4, "one creation alone is not answered")

    tap.send_signal(signal.SIGTERM)
    wait_until(lambda: operations(sandbox, "cancel"), "the stop is noted")
    creation.let_go()

    stopped(tap, sandbox, {143})


@pytest.mark.parametrize("fault", ["unavailable", "reset"])
def test_a_failed_cancellation_is_retried_at_a_stop(start_sandbox, tmp_path, fault):
    sandbox = start_sandbox(pace=Pace.after_seconds(3600), faults=[Fault("cancel", fault)])
    tap = start(tmp_path, sandbox.config | DAYS)
    wait_until(lambda: len(sandbox.jobs) == 4, "all jobs are created")

    tap.send_signal(signal.SIGTERM)

    stopped(tap, sandbox, {143})
    assert sandbox.unmet_faults() == []


def test_signals_that_are_ignored_when_the_tap_starts_stay_so(start_sandbox, tmp_path):
    """`nohup` ignores HUP, and a shell without job control ignores INT for its background jobs."""
    sandbox = start_sandbox(pace=Pace.after_seconds(3600))
    tap = subprocess.Popen(
        ["sh", "-c", 'trap "" INT HUP; exec "$@"', "sh", *command(tmp_path, sandbox.config | DAYS)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
    )
    wait_until(lambda: len(sandbox.jobs) == 4, "all jobs are created")

    for kind in (signal.SIGINT, signal.SIGHUP) * 2:
        tap.send_signal(kind)
    polls = len(operations(sandbox, "status"))
    wait_until(lambda: len(operations(sandbox, "status")) > polls + 12, "it goes on")
    tap.send_signal(signal.SIGTERM)

    stopped(tap, sandbox, {143})


@pytest.mark.parametrize("start_date", ["2026-03-02", "2026-03-16"], ids=["something due", "nothing due"])
def test_a_signal_before_the_run_begins_leaves_its_state_and_makes_no_request(
    start_sandbox, capfd, start_date
):
    sandbox = start_sandbox()
    bookmark = {"replication_key": "end_at", "replication_key_value": f"{start_date}T00:00:00Z"}
    config = sandbox.config | DAYS | {"start_date": start_date}
    tap = TapTalkdeskReports(config=config, state={"bookmarks": {"calls": bookmark}})

    tap.stop.note(signal.SIGHUP)
    code = sync_all(tap.runs, tap.report_streams, lambda: tap.state, tap.in_force.refused)

    [message] = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert code == 129
    assert message["type"] == "STATE"
    assert message["value"]["bookmarks"]["calls"] == bookmark
    assert len(sandbox.ledger) == 0


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
    tap = TapProcess(
        command(tmp_path, server.config),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
    )
    wait_until(lambda: operation in server.asked, "the request is made")
    if answer:
        assert any(b"503" in line for line in iter(tap.stderr.readline, b"")), "no pause has begun"

    tap.send_signal(signal.SIGTERM)
    tap.communicate(timeout=60)

    assert tap.returncode == 143


def test_the_state_arrives_whole_at_a_slow_reader_after_a_signal(start_sandbox, tmp_path):
    sandbox = start_sandbox(calls_per_day=1000)
    read_end, write_end = os.pipe()
    tap = start(tmp_path, sandbox.config | DAYS, stdout=write_end)
    with open(read_end, "rb", buffering=0) as reader:  # noqa: PTH123 - a descriptor
        output = b""
        while b'"replication_key_value"' not in output:
            assert select.select([reader], [], [], 60)[0], "the tap stopped writing"
            output += reader.read(65536)
        wait_until_full(write_end)
        os.close(write_end)

        tap.send_signal(signal.SIGTERM)
        while piece := reader.read(4096):
            output += piece
    _, stderr = tap.communicate(timeout=60)

    messages = whole_lines(output)
    assert tap.returncode == 143, stderr.decode()
    assert messages[-1]["type"] == "STATE"
    brought = [message["record"] for message in messages if message["type"] == "RECORD"]
    through = messages[-1]["value"]["bookmarks"]["calls"]["replication_key_value"][:10]
    assert set(as_set(truth(sandbox, "calls", "2026-03-02", through))) <= set(as_set(brought))


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_no_explore_job_is_created_twice_when_runs_are_ended_repeatedly(start_sandbox, tmp_path, kind):
    sandbox = start_sandbox(pace=Pace.after_seconds(0.3))

    arrived, _, codes = run_on(
        sandbox, tmp_path, sandbox.explore_config | DAYS, kind, random.Random(7), ended=6
    )

    assert len(codes) > 3
    assert max(Counter((job.report, job.timespan) for job in sandbox.jobs).values()) == 1
    rows = sandbox.rows("calls", utc("2026-03-02"), utc("2026-03-16"), api="explore")
    assert {record["call_id"] for record in arrived["calls"]} == {row["call_id"] for row in rows}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_an_output_that_cannot_be_written_is_one_line(server, tmp_path, calls_only):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        tap = run(
            command(tmp_path, server.config, **calls_only), stdout=full, text=True, env=clean_environment()
        )

    assert tap.returncode == 1
    assert "No space left on device" in tap.stderr
    assert "Traceback" not in tap.stderr
