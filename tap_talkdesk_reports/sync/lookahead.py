"""Work done ahead of its turn, on threads, and handed out in order. Knows no HTTP and no report.

A slot is taken before a piece of work begins, and given back when its last result is
consumed; so one number bounds both what runs elsewhere and what lies here unread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future, wait
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tap_talkdesk_reports.core.clock import Clock

T = TypeVar("T")

#: Whose work a thread does.
OWNER: ContextVar[str | None] = ContextVar("owner", default=None)

#: How often a consumer that waits looks up, in seconds.
LOOK_UP = 0.2


class Turn(Generic[T]):
    """One piece of work, and its results one after another.

    The work is a generator, which advances on a thread of its own each time the
    consumer asks for the next result. The threads are daemons: a request that hangs
    must not keep the process from ending.
    """

    def __init__(self, owner: str, work: Generator[T, None, None], clock: Clock) -> None:
        """Work that may wait on `clock`, which is its own to stop."""
        self.owner = owner
        self._work = work
        self._clock = clock
        self._future: Future[T | None] = Future()

    def start(self) -> None:
        """Begin with the first result."""
        self._advance(self._future, lambda: next(self._work))

    def result(self, on_wait: Callable[[float], None]) -> T | None:
        """Wait for the next result, also for a slot; None when there are no more.

        Args:
            on_wait: Called while waiting, with the seconds waited so far; may raise.

        Raises:
            Exception: whatever the work raised.
        """
        waited = 0.0
        while not self._future.done():
            on_wait(waited)
            wait([self._future], LOOK_UP)
            waited += LOOK_UP
        return self._future.result()

    def go_on(self) -> None:
        """The result is consumed: begin with the next."""
        self._future = Future()
        self._advance(self._future, lambda: next(self._work))

    def refuse(self, error: Exception) -> None:
        """The result is no good: let the work see the error, and do something about it."""
        self._future = Future()
        self._advance(self._future, lambda: self._work.throw(error))

    def drop(self, freed: Callable[[], None]) -> None:
        """Nobody wants the results any more; `freed` is called once the work has ended."""

        def end(_: object) -> None:
            try:
                self._work.close()
            finally:
                freed()

        self._clock.stop()
        self._future.add_done_callback(end)

    def is_over(self, seconds: float) -> bool:
        """Wait a while for dropped work to end; whether it has."""
        return bool(wait([self._future], max(0.0, seconds)).done)

    def _advance(self, future: Future[T | None], step: Callable[[], T]) -> None:
        def run() -> None:
            OWNER.set(self.owner)
            try:
                future.set_result(step())
            except StopIteration:
                future.set_result(None)
            except BaseException as error:  # noqa: BLE001 - it is raised again where the result is awaited
                future.set_exception(error)

        threading.Thread(target=run, name=f"{self.owner}-ahead", daemon=True).start()


class LookAhead(Generic[T]):
    """Keeps up to `width` pieces of work under way, in the order of the plan.

    Owners consume in the order of the plan, too: a turn that has no slot yet waits
    for one that only an earlier turn can give back.
    """

    def __init__(self, turns: Iterable[Turn[T]], width: int) -> None:
        """Begin with the first `width` turns."""
        self._lock = threading.Lock()
        self._width = width
        #: Turns without a slot, and turns with one; both in the order of the plan.
        self._ahead = deque(turns)
        self._begun: list[Turn[T]] = []
        self._top_up()

    def turns(self, owner: str) -> Iterator[Turn[T]]:
        """The turns of one owner in order; each gives its slot back when the next is asked for."""
        with self._lock:
            mine = [turn for turn in (*self._begun, *self._ahead) if turn.owner == owner]
        for turn in mine:
            yield turn
            self._free(turn)

    def drop(self, owner: str) -> None:
        """An owner has failed: end its turns, and give each slot to others once its work has ended."""
        with self._lock:
            self._ahead = deque(turn for turn in self._ahead if turn.owner != owner)
            dropped = [turn for turn in self._begun if turn.owner == owner]
        for turn in dropped:
            turn.drop(partial(self._free, turn))

    def halt(self) -> None:
        """Begin nothing more; what is being consumed stays as it is. May be called from any thread."""
        with self._lock:
            self._ahead.clear()

    def close(self) -> None:
        """End all work; does not wait."""
        self.halt()
        dropped = list(self._begun)
        for turn in dropped:
            turn.drop(lambda: None)

    def is_over(self, seconds: float) -> bool:
        """After `close`: wait up to so many seconds for all work to end; whether it has."""
        deadline = time.monotonic() + seconds
        return all(turn.is_over(deadline - time.monotonic()) for turn in self._begun)

    def _free(self, turn: Turn[T]) -> None:
        with self._lock:
            if turn in self._begun:
                self._begun.remove(turn)
        self._top_up()

    def _top_up(self) -> None:
        with self._lock:
            while self._ahead and len(self._begun) < self._width:
                turn = self._ahead.popleft()
                self._begun.append(turn)
                turn.start()
