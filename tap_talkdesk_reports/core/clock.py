"""Time and cancellation: the clock of a run, scopes whose waits can be cancelled, pauses between attempts."""

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

#: A signal that follows the first of its kind sooner belongs to the same stop.
SECONDS_APART = 1.0


def in_words(seconds: float) -> str:
    """A duration as people say it, for messages."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    from pendulum import duration  # noqa: PLC0415 - takes a tenth of the time of each start

    return duration(seconds=round(seconds)).in_words()


class Stopped(BaseException):
    """The process was told to end, or the scope of the thread that waits was cancelled.

    Like `KeyboardInterrupt` it is no `Exception`, so that nothing that catches errors catches it.
    """


class TimeIsUp(Stopped):
    """The run has lasted as long as the settings allow; what it has read is complete."""


class Scope:
    """Work that is cancelled as a whole. A thread enters the scope of the work that it does."""

    def __init__(self, stream: str | None = None) -> None:
        """A scope that is not cancelled; `stream` is whose work it is, for log lines."""
        self.stream = stream
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End each wait of the thread in this scope, now and from now on, with `Stopped`."""
        self._cancelled.set()

    def wait(self, seconds: float) -> None:
        """Wait.

        Raises:
            Stopped: the scope was cancelled before or meanwhile.
        """
        if self._cancelled.wait(max(0.0, seconds)):
            raise Stopped

    @contextmanager
    def entered(self) -> Generator[None, None, None]:
        """Make this the current scope of the thread."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_outermost = Scope()
_current: ContextVar[Scope] = ContextVar("scope")


def current_scope() -> Scope:
    """The scope that this thread is in; outside of all there is one that is never cancelled."""
    return _current.get(_outermost)


class Clock:
    """The clock of one run, shared by all its threads.

    Tests give a clock that moves only when slept on; everything that waits or
    measures takes its clock as a parameter.
    """

    def now(self) -> datetime:
        """The wall clock, in UTC. For plans only; durations come from `monotonic`."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that neither jump nor go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            Stopped: the current scope was cancelled.
        """
        current_scope().wait(seconds)

    def jittered(self, seconds: float) -> float:
        """The same duration plus or minus a tenth, so that many waits do not fall into step."""
        return seconds * random.uniform(0.9, 1.1)


def pauses(longest: float = 30.0) -> Iterator[float]:
    """Seconds to wait before the second attempt, the third and so on: 1, 2, 4 ... up to `longest`."""
    seconds = backoff.expo(max_value=longest)
    next(seconds)  # its first value is None
    return seconds


class StopSignal:
    """The signal that told the process to end, if one has come.

    Several signals are one stop: Ctrl-C reaches each process of a terminal, and what started the tap,
    such as Meltano, sends TERM besides.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        """No signal yet. `leave` ends the process with an exit code."""
        self.number: int | None = None
        self._monotonic, self._leave = monotonic, leave
        #: When each kind of signal came first.
        self._first: dict[int, float] = {}

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """Handle a signal, or leave at once if the same one comes again.

        It is only noted, as raising could tear a line that is being written.
        """
        self.number = self.number or number
        now = self._monotonic()
        if now - self._first.setdefault(number, now) >= SECONDS_APART:
            self._leave(SIGNALLED + self.number)

    def check(self) -> None:
        """Go on?

        Raises:
            Stopped: a signal has come.
        """
        if self.number is not None:
            raise Stopped
