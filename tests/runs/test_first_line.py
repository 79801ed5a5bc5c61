"""The first line of progress comes after 10 s, whatever the run waits for."""

from __future__ import annotations

import re

import pytest

from talkdesk_sandbox import Fault, Pace
from tap_talkdesk_reports.sync.progress import SECONDS_TO_FIRST_LINE
from tests.support import SleptClock
from tests.support.processes import wait_until

DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-06", "timespan_hours": 24}
WAITS = {
    "the sign-in is retried": ({"faults": [Fault("token", "rate_limited", retry_after=12)]}, "signing in"),
    "the first job is polled": (
        {"pace": Pace.after_seconds(15)},
        "1 job at Talkdesk, the oldest for 10.0 s",
    ),
}


def lines_of_progress(lines):
    return [line for line in lines if re.match(r"signing in|\d+ jobs? at Talkdesk", line)]


@pytest.fixture
def clock(caplog):
    """A clock that stops when the first line is due, until that line is logged."""

    class Clock(SleptClock):
        def sleep(self, seconds):
            left = SECONDS_TO_FIRST_LINE - self.monotonic()
            if 0 < left <= seconds:
                super().sleep(left)
                wait_until(lambda: lines_of_progress(caplog.messages), "the line is logged")
                seconds -= left
            super().sleep(seconds)

    return Clock()


@pytest.mark.parametrize("wait", WAITS)
def test_a_wait_of_more_than_10_seconds_has_a_line(start_sandbox, in_process, clock, wait):
    options, words = WAITS[wait]
    sandbox = start_sandbox(clock=clock.now, **options)

    outcome = in_process(sandbox.config | DAYS | {"max_concurrent_jobs": 1})

    assert outcome.code == 0
    assert sandbox.unmet_faults() == []
    first, *_ = lines_of_progress(line for level, line in outcome.log if level == "INFO")
    assert first == words
