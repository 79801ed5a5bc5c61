"""The clock and cancel scopes: cancelling a scope ends the sleeps in it, and no others."""

from __future__ import annotations

import threading
import time
from datetime import UTC
from itertools import islice
from signal import SIGHUP, SIGINT, SIGTERM

import pytest

from tap_talkdesk_reports.core.clock import (
    Clock,
    Scope,
    Stopped,
    StopSignal,
    current_scope,
    pauses,
)

LONG = 60
SOON = 20


class Sleeper(threading.Thread):
    """A thread that sleeps in a scope, and records how it woke up."""

    def __init__(self, scope):
        super().__init__(daemon=True)
        self._scope = scope
        self.is_asleep = threading.Event()
        self.stopped = False
        self.start()
        self.is_asleep.wait(SOON)

    def run(self):
        with self._scope.entered():
            try:
                self.is_asleep.set()
                Clock().sleep(LONG)
            except Stopped:
                self.stopped = True


def test_sleep_takes_the_given_time():
    before = time.monotonic()

    Clock().sleep(0.05)

    assert time.monotonic() - before >= 0.05


@pytest.mark.parametrize("seconds", [0, -1])
def test_sleep_returns_at_once_when_there_is_nothing_to_wait_for(seconds):
    before = time.monotonic()

    Clock().sleep(seconds)

    assert time.monotonic() - before < SOON


def test_cancelling_a_scope_ends_all_sleeps_in_it():
    scope = Scope()
    sleepers = [Sleeper(scope) for _ in range(3)]

    scope.cancel()

    for sleeper in sleepers:
        sleeper.join(SOON)
    assert all(sleeper.stopped for sleeper in sleepers)


@pytest.mark.parametrize("seconds", [0, LONG])
def test_sleep_raises_at_once_in_a_scope_that_was_cancelled_before(seconds):
    scope = Scope()
    scope.cancel()

    with scope.entered(), pytest.raises(Stopped):
        Clock().sleep(seconds)


def test_cancelling_a_scope_ends_no_sleep_in_another():
    scope, other = Scope(), Scope()
    sleeper = Sleeper(other)

    scope.cancel()
    with other.entered():
        Clock().sleep(0)
    is_alive = sleeper.is_alive()
    other.cancel()
    sleeper.join(SOON)

    assert is_alive
    assert sleeper.stopped


def test_a_thread_leaves_a_scope_as_it_entered_it():
    outer, inner = Scope("outer"), Scope("inner")

    with outer.entered():
        with inner.entered():
            assert current_scope() is inner
        assert current_scope() is outer
    assert current_scope().stream is None


def test_a_thread_in_no_scope_is_never_cancelled():
    scope = Scope()
    scope.cancel()

    Clock().sleep(0)


def test_stopped_is_no_exception():
    """Otherwise, code that catches exceptions would continue after it."""
    assert not issubclass(Stopped, Exception)


def test_a_stop_signal_stops_each_thread_that_checks():
    stop = StopSignal()
    stop.check()

    stop.number = 15

    with pytest.raises(Stopped):
        stop.check()


@pytest.fixture
def noted():
    """Returns a function that notes signals at given times, and returns the stop's signal and the exits."""

    def note(*signals):
        left, now = [], [0.0]
        stop = StopSignal(monotonic=lambda: now[0], leave=left.append)
        for now[0], number in signals:
            stop.note(number)
        return stop.number, left

    return note


@pytest.mark.parametrize(
    "signals",
    [
        [(5, SIGTERM)],
        [(5, SIGTERM), (5, SIGTERM), (5.9, SIGTERM)],
        [(5, SIGTERM), (5.5, SIGINT), (60, SIGHUP)],
        [(5, SIGTERM), (60, SIGINT), (60.9, SIGINT)],
    ],
)
def test_several_signals_are_one_stop(noted, signals):
    assert noted(*signals) == (SIGTERM, [])


@pytest.mark.parametrize(
    "signals",
    [
        [(5, SIGINT), (6, SIGINT)],
        [(5, SIGINT), (5.4, SIGINT), (6.2, SIGINT)],
        [(5, SIGINT), (5.5, SIGTERM), (6.2, SIGINT)],
        [(5, SIGINT), (60, SIGTERM), (61, SIGTERM)],
    ],
)
def test_the_same_signal_leaves_at_once_a_second_or_more_after_the_first_of_its_kind(noted, signals):
    assert noted(*signals) == (SIGINT, [128 + SIGINT])


def test_jitter_stays_within_a_tenth():
    durations = [Clock().jittered(10.0) for _ in range(200)]

    assert 9.0 <= min(durations) < max(durations) <= 11.0


def test_pauses_double_up_to_the_longest():
    assert list(islice(pauses(longest=30), 7)) == [1, 2, 4, 8, 16, 30, 30]


def test_now_is_utc_and_durations_do_not_come_from_it():
    clock = Clock()

    assert clock.now().tzinfo is UTC
    assert abs(clock.monotonic() - time.monotonic()) < SOON
