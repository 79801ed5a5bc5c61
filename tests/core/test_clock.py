"""The clock: sleep that a stop interrupts, for one branch or for all."""

from __future__ import annotations

import threading
import time
from datetime import UTC

import pytest

from tap_talkdesk_reports.core.clock import Clock, Stopped

LONG = 60
SOON = 5


class Sleeper(threading.Thread):
    """Sleeps long on a clock, and says how it woke up."""

    def __init__(self, clock):
        super().__init__(daemon=True)
        self._clock = clock
        self.stopped = False
        self.start()

    def run(self):
        try:
            self._clock.sleep(LONG)
        except Stopped:
            self.stopped = True


def test_sleep_takes_as_long_as_it_says():
    clock = Clock()
    before = time.monotonic()

    clock.sleep(0.05)

    assert 0.05 <= time.monotonic() - before < SOON


@pytest.mark.parametrize("seconds", [0, -1])
def test_sleep_returns_at_once_when_there_is_nothing_to_wait_for(seconds):
    before = time.monotonic()

    Clock().sleep(seconds)

    assert time.monotonic() - before < SOON


def test_a_stop_interrupts_all_sleeps_at_once():
    clock = Clock()
    sleepers = [Sleeper(clock) for _ in range(3)]
    time.sleep(0.05)

    clock.stop()

    for sleeper in sleepers:
        sleeper.join(SOON)
    assert all(sleeper.stopped for sleeper in sleepers)


@pytest.mark.parametrize("seconds", [0, LONG])
def test_sleep_raises_at_once_when_the_stop_came_before(seconds):
    clock = Clock()
    clock.stop()

    with pytest.raises(Stopped):
        clock.sleep(seconds)


def test_a_stop_of_the_clock_stops_its_branches_and_theirs():
    clock = Clock()
    sleepers = [Sleeper(clock.branch()), Sleeper(clock.branch().branch())]

    clock.stop()

    for sleeper in sleepers:
        sleeper.join(SOON)
    assert all(sleeper.stopped for sleeper in sleepers)


def test_a_branch_of_a_stopped_clock_is_stopped():
    clock = Clock()
    clock.stop()

    with pytest.raises(Stopped):
        clock.branch().sleep(0)


def test_a_stop_of_a_branch_stops_neither_the_clock_nor_another_branch():
    clock = Clock()
    branch, other = clock.branch(), clock.branch()

    branch.stop()

    clock.sleep(0)
    other.sleep(0)
    with pytest.raises(Stopped):
        branch.sleep(0)


def test_a_branch_tells_the_same_time(clock):
    branch = clock.branch()

    branch.sleep(10)

    assert clock.monotonic() == branch.monotonic() == 10
    assert clock.now() == branch.now()


def test_a_stop_is_taken_for_no_error():
    """Else whatever catches errors would carry on after it."""
    assert not issubclass(Stopped, Exception)


def test_jitter_stays_within_a_tenth():
    durations = [Clock().jittered(10.0) for _ in range(200)]

    assert 9.0 <= min(durations) < max(durations) <= 11.0


def test_now_is_utc_and_durations_do_not_come_from_it():
    clock = Clock()

    assert clock.now().tzinfo is UTC
    assert abs(clock.monotonic() - time.monotonic()) < SOON
