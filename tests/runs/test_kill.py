"""The tap is killed at each step and started again from its last STATE, and no row is lost.

A step is a request (before it is carried out, or after that and before its response), a body that is
partly sent, or a line of output after which the reader stops reading.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import threading
from collections import Counter
from dataclasses import replace
from itertools import count

import pytest

from talkdesk_sandbox.wire.messages import Manner, no_answer
from tests.support import assert_nothing_secret, clean_environment, command
from tests.support.forked_tap import TapProcess
from tests.support.processes import last_state, start, wait_until_full, whole_lines
from tests.support.truth import as_set, explore_truth, truth, without_digest

WIDTH = 2
PLANNED = 4
DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-06", "timespan_hours": 48}
CONFIG = DAYS | {"max_concurrent_jobs": WIDTH}
SPAN = ("2026-03-02", "2026-03-06")
END = "2026-03-06T00:00:00Z"
#: A sign-in, and for each of four jobs: create, poll, presigned URL, file. Explore's jobs are also listed.
REQUESTS = {"reporting": 17, "explore": 19}
OBJECTS = PLANNED


class Gate:
    """Counts the requests of a sandbox, and holds one of them until the tap is killed."""

    def __init__(self, sandbox, step=None, *, moment=None):
        self.reached, self.opened = threading.Event(), threading.Event()
        self._numbers, self._objects = count(1), count(1)
        self._step, self._moment = step, moment
        self.seen = 0
        self._server_of_files = sandbox._file_host
        for server in (sandbox._api, sandbox._file_host):
            server.answer = self._around(server.answer, is_file_host=server is sandbox._file_host)

    def _around(self, answer, *, is_file_host):
        def held(request):
            self.seen = number = next(self._numbers)
            is_due = number == self._step and not self.opened.is_set()
            if self._moment == "body":
                is_due = is_file_host and next(self._objects) == self._step and not self.opened.is_set()
            if is_due and self._moment == "before":
                self._hold()
                return no_answer()
            answered = answer(request)
            if is_due and self._moment == "after":
                self._hold()
            if is_due and self._moment == "body":
                half = answered.length // 2
                assert half > 1000
                answered.manner = replace(Manner(), stall_after=half, stall_seconds=60)
                self._server_of_files.sleep = lambda _: self._hold()
            return answered

        return held

    def _hold(self):
        self.reached.set()
        assert self.opened.wait(60)


def config_of(sandbox, api, tmp_path):
    spool = tmp_path / "spool"
    spool.mkdir(exist_ok=True)
    own = sandbox.config if api == "reporting" else sandbox.explore_config
    return own | CONFIG | {"spool_dir": str(spool)}


def launch(tmp_path, config, state=None):
    """Starts the tap. Its output goes to a file, so no reader slows it down."""
    with (tmp_path / "stdout").open("wb") as out:
        return TapProcess(
            command(tmp_path, config, state=state),
            stdout=out,
            stderr=subprocess.PIPE,
            env=clean_environment(TAP_TALKDESK_REPORTS_LOGLEVEL="DEBUG"),
            cwd=tmp_path,
            start_new_session=True,
        )


def finished(tap, config, tmp_path):
    """Waits for the end of a tap that must leave no file or process, and returns its complete messages."""
    _, stderr = tap.communicate(timeout=60)
    stdout = (tmp_path / "stdout").read_bytes()
    assert_nothing_secret(stdout.decode(), stderr.decode(), settings=[config])
    assert list((tmp_path / "spool").iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.killpg(tap.pid, 0)
    return whole_lines(stdout), stderr.decode()


def assert_complete(sandbox, api, messages, state):
    """Asserts that the rows of all runs together are the truth."""
    for stream in ("calls", "user_status"):
        records = [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == stream]
        schema = next(m["schema"] for m in messages if m["type"] == "SCHEMA" and m["stream"] == stream)
        wanted = (
            truth(sandbox, stream, *SPAN)
            if api == "reporting"
            else explore_truth(sandbox, stream, schema, *SPAN)
        )
        got = as_set(without_digest(records)) if api == "explore" else as_set(records)
        assert set(got) == set(as_set(wanted))
        assert len(wanted) > 50
        assert state["bookmarks"][stream]["replication_key_value"] == END
    made = Counter((job.report, job.timespan) for job in sandbox.jobs)
    if api == "explore":
        assert max(made.values()) == 1
    assert sum(made.values()) <= PLANNED + WIDTH


def go_on(sandbox, api, config, tmp_path, messages):
    """Starts again from the last complete STATE, and compares."""
    state = last_state(messages)
    tap = launch(tmp_path, config, state)
    rest, stderr = finished(tap, config, tmp_path)
    assert tap.returncode == 0, stderr
    assert_complete(sandbox, api, messages + rest, last_state(rest, state))


STEPS = [
    (api, moment, step)
    for api, requests in REQUESTS.items()
    for moment, steps in (("before", requests), ("after", requests), ("body", OBJECTS))
    for step in range(1, steps + 1)
]
#: One step of each kind, for `make test`.
SAMPLE = {
    ("reporting", "before", 3),
    ("explore", "before", 4),
    ("reporting", "after", 3),
    ("explore", "after", 4),
}
SAMPLE |= {("reporting", "body", 2), ("explore", "body", 2)}


@pytest.mark.parametrize(
    ("api", "moment", "step"),
    [pytest.param(*step, marks=() if step in SAMPLE else pytest.mark.wide) for step in STEPS],
)
def test_nothing_is_lost_when_the_tap_is_killed_at_a_request(start_sandbox, tmp_path, api, moment, step):
    sandbox = start_sandbox()
    gate = Gate(sandbox, step, moment=moment)
    config = config_of(sandbox, api, tmp_path)

    tap = launch(tmp_path, config)
    is_met = gate.reached.wait(60)
    tap.send_signal(signal.SIGKILL)
    messages, stderr = finished(tap, config, tmp_path)
    gate.opened.set()

    assert is_met, f"the step was never reached, so this test is useless: {stderr}"
    assert tap.returncode == -signal.SIGKILL
    go_on(sandbox, api, config, tmp_path, messages)


@pytest.mark.parametrize(
    "lines",
    [1, *(pytest.param(lines, marks=pytest.mark.wide) for lines in (2, 3, 60, 100, 130, 200, 260, 300)), 350],
)
@pytest.mark.parametrize("api", REQUESTS)
def test_nothing_is_lost_when_the_tap_is_killed_in_a_write_without_a_reader(
    start_sandbox, tmp_path, api, lines
):
    sandbox = start_sandbox()
    config = config_of(sandbox, api, tmp_path)
    read_end, write_end = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 8192)
    tap = start(tmp_path, config, stdout=write_end, start_new_session=True)

    head = b""
    while head.count(b"\n") < lines:
        assert select.select([read_end], [], [], 60)[0], "the tap stopped writing"
        head += os.read(read_end, 512)
    wait_until_full(write_end)
    os.close(write_end)
    assert tap.poll() is None, "the tap ended before, so this test is useless"
    tap.send_signal(signal.SIGKILL)
    with open(read_end, "rb") as reader:  # noqa: PTH123 - a descriptor
        rest = reader.read()
    _, stderr = tap.communicate(timeout=60)
    assert_nothing_secret((head + rest).decode(), stderr.decode(), settings=[config])

    assert tap.returncode == -signal.SIGKILL
    go_on(sandbox, api, config, tmp_path, whole_lines(head + rest))


@pytest.mark.parametrize("api", REQUESTS)
def test_the_steps_of_this_file_are_all_that_there_are(start_sandbox, tmp_path, api):
    sandbox = start_sandbox()
    gate = Gate(sandbox)
    config = config_of(sandbox, api, tmp_path)

    tap = launch(tmp_path, config)
    messages, stderr = finished(tap, config, tmp_path)

    assert tap.returncode == 0, stderr
    assert gate.seen == REQUESTS[api] == len(sandbox.ledger)
    assert len([entry for entry in sandbox.ledger if entry.api == "files"]) == OBJECTS
    assert_complete(sandbox, api, messages, last_state(messages))
