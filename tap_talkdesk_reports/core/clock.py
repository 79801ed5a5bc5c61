"""Time for one run: what it is now, how long things take, and sleep that a stop interrupts."""

from __future__ import annotations

import copy
import random
import threading
import time
from datetime import UTC, datetime


def in_words(seconds: float) -> str:
    """A duration as people say it, for messages."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    from pendulum import duration  # noqa: PLC0415 - takes a tenth of the time of each start

    return duration(seconds=round(seconds)).in_words()


class Stopped(BaseException):
    """Raised from any wait once the run was told to stop.

    Like `KeyboardInterrupt` it is no `Exception`, so nothing that catches errors
    takes it for one.
    """


class TimeIsUp(Stopped):
    """The run has lasted as long as the settings allow; what it has read is complete."""


class Clock:
    """The clock of one run, shared by all its threads.

    Tests give a clock that moves only when slept on; everything that waits or
    measures takes its clock as a parameter.
    """

    def __init__(self) -> None:
        """Start in the running state."""
        self._stopping = threading.Event()
        self._branches: list[Clock] = []

    def branch(self) -> Clock:
        """The same clock with a stop of its own; a stop of this one stops it, too."""
        branch = copy.copy(self)
        branch._stopping, branch._branches = threading.Event(), []  # noqa: SLF001 - a clock of our own
        self._branches.append(branch)
        if self._stopping.is_set():
            branch.stop()
        return branch

    def now(self) -> datetime:
        """The wall clock, in UTC. For plans only; durations come from `monotonic`."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that neither jump nor go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            Stopped: the run was told to stop before or while waiting.
        """
        if self._stopping.wait(max(0.0, seconds)):
            raise Stopped

    def jittered(self, seconds: float) -> float:
        """The same duration give or take a tenth, so that many waits do not fall into step."""
        return seconds * random.uniform(0.9, 1.1)

    def stop(self) -> None:
        """Tell the run to stop: every sleep, now and from now on, raises `Stopped`."""
        self._stopping.set()
        for branch in self._branches:
            branch.stop()
