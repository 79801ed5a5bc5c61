"""Provides the clock of a run, scopes that cancel waits, the stop signal and pauses between attempts."""

from __future__ import annotations

import os
import random
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import backoff

from tap_talkdesk_reports.core.signals import SIGNALLED

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from types import FrameType

#: Seconds. A repeated signal that comes sooner than this after the first belongs to the same stop.
SECONDS_APART = 1.0


class Stopped(BaseException):
    """Raised when the process received a stop signal, or the current scope was cancelled.

    Like `KeyboardInterrupt`, it is not an `Exception`: code that catches errors does not catch it.
    """


class TimeIsUp(Stopped):
    """Raised when the run has lasted `stop_after_minutes`; the rows read so far are complete."""


class Scope:
    """Cancels a unit of work as a whole. A thread enters the scope of the work that it does."""

    def __init__(self, stream: str | None = None) -> None:
        """Creates a scope that is not cancelled.

        Args:
            stream: The stream that the work belongs to, for log lines.
        """
        self.stream = stream
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Ends all current and future waits in this scope: they raise `Stopped`."""
        self._cancelled.set()

    def wait(self, seconds: float) -> None:
        """Waits a number of seconds, or until the scope is cancelled.

        Raises:
            Stopped: the scope was cancelled before or during the wait.
        """
        if self._cancelled.wait(max(0.0, seconds)):
            raise Stopped

    @contextmanager
    def entered(self) -> Generator[None, None, None]:
        """Makes this the current scope of the thread."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_outermost = Scope()
_current: ContextVar[Scope] = ContextVar("scope")


def current_scope() -> Scope:
    """Returns the scope that this thread is in; by default, one that is never cancelled."""
    return _current.get(_outermost)


class Clock:
    """Reads the time and sleeps; one run has one clock for all its threads.

    All code that waits or measures takes its clock as a parameter. Tests pass a
    clock that advances only when code sleeps on it.
    """

    def now(self) -> datetime:
        """Returns the wall-clock time in UTC, for plans only; measure durations with `monotonic`."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Returns the seconds of a clock that never jumps or goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits a number of seconds, or until the current scope is cancelled.

        Raises:
            Stopped: the current scope was cancelled.
        """
        current_scope().wait(seconds)

    def jittered(self, seconds: float) -> float:
        """Returns the duration plus or minus 10 % at random, so that threads do not wait in step."""
        return seconds * random.uniform(0.9, 1.1)


def pauses(longest: float = 30.0) -> Iterator[float]:
    """Yields the seconds to wait before the second attempt, the third and so on: 1, 2, 4 ... `longest`."""
    seconds = backoff.expo(max_value=longest)
    next(seconds)  # its first value is None
    return seconds


class StopSignal:
    """Records the first stop signal (TERM, INT or HUP) of the process.

    One stop may arrive as several signals. Ctrl-C reaches each process of a terminal, and the
    program that started the tap, such as Meltano, also sends TERM.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        """Creates a handler that has seen no signal.

        Args:
            monotonic: Returns the seconds of a monotonic clock.
            leave: Ends the process with an exit code.
        """
        self.number: int | None = None
        self._monotonic, self._leave = monotonic, leave
        #: When each signal number came first.
        self._first: dict[int, float] = {}

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """Records a signal; ends the process at once if the same one comes again after `SECONDS_APART`.

        It raises nothing, because an exception could cut a line that is being written.
        """
        self.number = self.number or number
        now = self._monotonic()
        if now - self._first.setdefault(number, now) >= SECONDS_APART:
            self._leave(SIGNALLED + self.number)

    def check(self) -> None:
        """Checks that no signal has come.

        Raises:
            Stopped: a signal has come.
        """
        if self.number is not None:
            raise Stopped
