"""Fixtures for all tests. No account, no network but loopback, no waiting where a clock can be given."""

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

#: An example may take as long as it takes: how busy the machine is says nothing of the code. A hang is shown
#: by `faulthandler_timeout`, which no deadline of Hypothesis would find: it looks when the example has ended.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@lru_cache(maxsize=16)
def _shared_centre(*arguments: int) -> Centre:
    """A contact centre that all sandboxes of its kind share, with the days that were simulated last.

    It never changes, and its days are the same each time, so nothing is shared but processor time.
    """
    centre = Centre(*arguments)
    centre._day = lru_cache(maxsize=64)(centre._day.__wrapped__)
    centre._day_sessions = lru_cache(maxsize=64)(centre._day_sessions.__wrapped__)
    return centre


sandbox_module.Centre = _shared_centre
report_module.WorkingDay = lru_cache(maxsize=256)(WorkingDay)


def pytest_sessionstart() -> None:
    """Let no process of the tests start with a signal ignored, as `nohup` and scripts have it.

    A handler that does nothing is the same for the tests themselves, and no program inherits it.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def pytest_collection_finish() -> None:
    """Leave all that was imported out of garbage collections, which would look at it again and again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()  # some libraries look for leaks when Python ends
    close_server()


@pytest.fixture
def clock() -> SleptClock:
    return SleptClock()


@pytest.fixture
def start_sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes, with a small contact centre unless told otherwise, and ends them with the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> Sandbox:
            sandbox = stack.enter_context(Sandbox(**{"calls_per_day": 60, "agents": 4} | options))
            sandboxes.append(sandbox)
            return sandbox

        yield start
        sandboxes.clear()


@pytest.fixture
def unused_port() -> int:
    """A port of this machine at which nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def in_process(clock: SleptClock, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture):
    """Runs the same tap inside the test, over real HTTP, with a clock that moves only when slept on."""

    def run(config: dict[str, Any], **options: Any) -> Outcome:
        class Tap(TapTalkdeskReports):
            pass

        Tap.clock = clock
        caplog.clear()
        caplog.set_level(logging.DEBUG)
        redaction._secrets.clear()  # a new process knows none, and to look for many takes long
        tap = Tap(config=config, **options)
        code = sync_all(tap.runs, tap.report_streams, lambda: tap.state, tap.in_force.refused, tap.evidence)
        stdout, stderr = capfd.readouterr()
        outcome = Outcome(code, stdout, stderr, [json.loads(line) for line in stdout.splitlines()])
        outcome.log = [(record.levelname, record.getMessage()) for record in caplog.records]
        shown = [*(message for _, message in outcome.log), caplog.text]
        assert_nothing_secret(stdout, stderr, *shown, settings=[config])
        return outcome

    return run
