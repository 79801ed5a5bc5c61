"""Fixtures for all tests. They need no account, no network except loopback, and no real waiting."""

from __future__ import annotations

import gc
import json
import logging
import signal
import socket
from contextlib import ExitStack
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from talkdesk_sandbox import Sandbox
from talkdesk_sandbox import sandbox as sandbox_module
from talkdesk_sandbox.centre.centre import Centre
from talkdesk_sandbox.reports.explore import report as report_module
from talkdesk_sandbox.reports.explore.workingday import WorkingDay
from tap_talkdesk_reports.api import redaction
from tap_talkdesk_reports.sync.sync_all import sync_all
from tap_talkdesk_reports.tap import TapTalkdeskReports
from tests.support import Outcome, SleptClock, assert_nothing_secret, sandboxes
from tests.support.forked_tap import close_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: No deadline for an example, because a busy machine is not an error of the code. `faulthandler_timeout`
#: shows a hang. A deadline of Hypothesis would not: it is checked only after the example has ended.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@lru_cache(maxsize=16)
def _shared_centre(*arguments: int) -> Centre:
    """Returns a contact centre that all sandboxes with these arguments share, with its cache of days.

    It never changes, and its days are the same each time. So sharing it only saves CPU time.
    """
    centre = Centre(*arguments)
    centre._day = lru_cache(maxsize=64)(centre._day.__wrapped__)
    centre._day_sessions = lru_cache(maxsize=64)(centre._day_sessions.__wrapped__)
    return centre


sandbox_module.Centre = _shared_centre
report_module.WorkingDay = lru_cache(maxsize=256)(WorkingDay)


def pytest_sessionstart() -> None:
    """Stops ignoring signals, so that processes of the tests inherit no ignored signal, such as from `nohup`.

    A handler that does nothing has the same effect for the tests, and programs do not inherit it.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def pytest_collection_finish() -> None:
    """Excludes everything that is imported from garbage collection, to save its time."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()  # some libraries check for leaks when Python ends
    close_server()


@pytest.fixture
def clock() -> SleptClock:
    return SleptClock()


@pytest.fixture
def start_sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Returns a function that starts a sandbox with a small contact centre. Sandboxes close with the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> Sandbox:
            sandbox = stack.enter_context(Sandbox(**{"calls_per_day": 60, "agents": 4} | options))
            sandboxes.append(sandbox)
            return sandbox

        yield start
        sandboxes.clear()


@pytest.fixture
def unused_port() -> int:
    """Returns a port of this machine that no process listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def in_process(clock: SleptClock, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture):
    """Returns a function that runs the tap in this process, over real HTTP. Only sleep moves its clock."""

    def run(config: dict[str, Any], **options: Any) -> Outcome:
        class Tap(TapTalkdeskReports):
            pass

        Tap.clock = clock
        caplog.clear()
        caplog.set_level(logging.DEBUG)
        redaction._secrets.clear()  # a new process has none, and a search for many takes long
        tap = Tap(config=config, **options)
        code = sync_all(tap.runs, tap.report_streams, lambda: tap.state, tap.in_force.refused, tap.evidence)
        stdout, stderr = capfd.readouterr()
        outcome = Outcome(code, stdout, stderr, [json.loads(line) for line in stdout.splitlines()])
        outcome.log = [(record.levelname, record.getMessage()) for record in caplog.records]
        shown = [*(message for _, message in outcome.log), caplog.text]
        assert_nothing_secret(stdout, stderr, *shown, settings=[config])
        return outcome

    return run
