"""Runs the pieces of a plan ahead of their turn, on worker threads, and hands the results out in plan order.

A slot is taken before a piece begins and given back when its result is acknowledged, so
one number bounds both the jobs at Talkdesk and the unread files on this disk. A piece that
fails is replaced in place by other pieces. Knows no HTTP and no report.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from tap_talkdesk_reports.core.clock import Scope, Stopped
from tap_talkdesk_reports.core.errors import UnavailableError
from tap_talkdesk_reports.sync.entry import Entry, State
from tap_talkdesk_reports.sync.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

P = TypeVar("P")
R = TypeVar("R")

#: Seconds between two calls of `on_wait` while a result is awaited.
LOOK_UP = 0.2


class LookAhead(Generic[P, R]):
    """Keeps up to `width` pieces under way. A context: leaving it ends all work.

    The worker threads are daemons: a request that hangs must not keep the process from ending.
    """

    def __init__(
        self,
        plans: Mapping[str, Iterator[P]],
        work: Callable[[P], R | None],
        *,
        width: int,
        instead_of: Callable[[P, Exception], Sequence[P]] = lambda _piece, _error: (),
        fitted: Callable[[P], Sequence[P]] = lambda piece: (piece,),
        is_narrow: Callable[[str], bool] = lambda _stream: False,
        brings_result: Callable[[P], bool] = lambda _piece: True,
        discard: Callable[[R], object] = lambda _result: None,
        after_ack: Callable[[R], object] | None = None,
        has_ended: Callable[[], bool] | None = None,
    ) -> None:
        """Begin nothing yet.

        Args:
            plans: The pieces of each stream, in the order in which they are read; read lazily.
            work: Makes the result of a piece, on a worker thread and in a scope of its own; None: there
                is nothing to hand out.
            width: The number of slots, and of worker threads.
            instead_of: The pieces to try in place of one that failed; none: its error is raised.
            fitted: A piece that is about to begin, as it is or in parts.
            is_narrow: Whether no piece of a stream may begin while another of it is under way.
            brings_result: Whether the work on a piece has a result, if it goes well.
            discard: Releases a result, read or not.
            after_ack: What remains to be done with a result behind its ack, on a worker thread.
            has_ended: Waits for what work without a result left running; False: its slot is lost.
        """
        self._window = Window[P, R](plans, fitted=fitted, is_narrow=is_narrow, brings_result=brings_result)
        self._work, self._instead_of, self._brings_result = work, instead_of, brings_result
        self._discard, self._after_ack, self._has_ended = discard, after_ack, has_ended
        self._free = self._usable = width
        self._left_running = Scope()
        self._acked: list[Entry[P, R]] = []
        #: The threads without work, those that were so for the longest time first.
        self._idle: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._is_halted = self._is_closed = False
        self._threads = [threading.Thread(target=self._loop, daemon=True) for _ in range(width)]

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End all work without waiting for it."""
        self.close(0)

    def start(self) -> None:
        """Start the worker threads."""
        for thread in self._threads:
            thread.start()

    def next(self, stream: str, on_wait: Callable[[], None]) -> Entry[P, R] | None:
        """The next entry of a stream, to be acked or rejected before the one behind it; None at the end.

        Args:
            stream: The stream; streams are consumed in the order of the plans.
            on_wait: Called several times a second while waiting; may raise.

        Raises:
            BaseException: what the work raised, if there is nothing to try instead.
        """
        while True:
            with self._changed:
                entry = self._window.first(stream)
                self._changed.notify_all()  # it may be a new one
                if entry is None or entry.state is State.READY:
                    return entry
                if entry.state is State.FAILED:
                    assert isinstance(entry.outcome, BaseException)
                    raise entry.outcome
                if entry.state is State.WAITING and not self._usable:
                    msg = "every slot is held by a job that Talkdesk does not end; run again later"
                    raise UnavailableError(msg)
            on_wait()
            with self._changed:
                if entry in self._window.entries and entry.state not in {State.READY, State.FAILED}:
                    self._changed.wait(LOOK_UP)

    def ack(self, entry: Entry[P, R]) -> None:
        """The result was read: release it, do what follows an ack, and give the slot back."""
        self._discard(entry.result)
        with self._changed:
            if self._after_ack is None:
                self._remove(entry)
            else:
                entry.state = State.ACKED
                self._acked.append(entry)
                self._changed.notify_all()

    def reject(self, entry: Entry[P, R], error: Exception) -> None:
        """The result is no good: try something instead.

        Raises:
            Exception: the error, if there is nothing to try.
        """
        self._discard(entry.result)
        if not self._replace(entry, error):
            raise error

    def cancel(self, stream: str) -> None:
        """Forget a stream; the slot of a piece that is under way is free once its thread has ended."""
        with self._changed:
            self._forget(stream, self._window.entries)

    def halt(self) -> None:
        """Begin nothing more and end each wait; results stay. May be called from any thread."""
        with self._changed:
            self._is_halted = True
            self._left_running.cancel()
            for entry in self._window.entries:
                if entry.state is State.RUNNING:
                    entry.scope.cancel()

    def close(self, seconds: float) -> bool:
        """End all work, and wait for that up to so many seconds; whether it has ended.

        Work that brings no result leaves nothing behind, and is not waited for.
        """
        self.halt()
        with self._changed:
            self._is_closed = True
            for stream in self._window.streams:
                self.cancel(stream)
            self._changed.notify_all()
            return self._changed.wait_for(self._has_ended_all, seconds)

    def _has_ended_all(self) -> bool:
        return not any(self._brings_result(entry.piece) for entry in self._window.entries)

    def _loop(self) -> None:
        entry = self._take()
        while entry is not None:
            following = None
            with entry.scope.entered():
                if entry.state is State.ACKED:
                    self._finish(entry)
                else:
                    following = self._run(entry)
            entry = following or self._take()

    def _take(self) -> Entry[P, R] | None:
        """The entry to work on next, once there is one; None at the end.

        The thread that was idle for the shortest time goes first: its connections are open.
        """
        me = threading.current_thread()
        with self._changed:
            self._idle.append(me)
            entry = None
            while entry is None and (self._acked or not self._is_closed):
                if self._idle[-1] is not me or (entry := self._next()) is None:
                    self._changed.wait()
            self._idle.remove(me)
            self._changed.notify_all()
        return entry

    def _next(self) -> Entry[P, R] | None:
        """The entry to work on next; None if there is none now."""
        if self._acked:
            return self._acked.pop(0)
        if self._free and not self._is_halted and (entry := self._window.waiting()):
            entry.state = State.RUNNING
            self._free -= 1
            return entry
        return None

    def _run(self, entry: Entry[P, R]) -> Entry[P, R] | None:
        """Work on an entry; the one to work on next, if this thread is the best for it."""
        try:
            try:
                result = self._work(entry.piece)
            except Exception as error:  # noqa: BLE001 - it is raised again where the result is awaited
                self._replace(entry, error)
            else:
                if result is None:
                    with self._changed:
                        self._remove(entry)
                        self._free += 1
                        return self._next()  # the connections of this thread are open already
                if self._settle(entry, State.READY, result):
                    return None
                self._discard(result)
        except BaseException as error:  # noqa: BLE001 - as is Stopped, and what goes wrong here
            self._settle(entry, State.FAILED, error)
        self._give_back()
        return None

    def _give_back(self) -> None:
        """Give back the slot of work without a result, once nothing that it left is running."""
        is_free = True
        if self._has_ended is not None:
            with self._left_running.entered(), suppress(Exception, Stopped):
                is_free = self._has_ended()
        with self._changed:
            self._free += is_free
            self._usable -= not is_free
            self._changed.notify_all()

    def _finish(self, entry: Entry[P, R]) -> None:
        assert self._after_ack is not None
        with suppress(Exception, Stopped):
            self._after_ack(entry.result)
        with self._changed:
            self._remove(entry)

    def _replace(self, entry: Entry[P, R], error: Exception) -> bool:
        """Put other pieces in the place of one that failed; False if there are none: the error stands."""
        instead = [Entry[P, R](entry.stream, piece) for piece in self._instead_of(entry.piece, error)]
        if not instead:
            self._settle(entry, State.FAILED, error)
            return False
        with self._changed:
            if entry.state is not State.CANCELLED:
                self._window.put_behind(entry, instead)
            self._remove(entry)
        return True

    def _settle(self, entry: Entry[P, R], state: State, outcome: R | BaseException) -> bool:
        """Note how the work ended; False if its result is unwanted."""
        with self._changed:
            if entry.state is State.CANCELLED:
                self._remove(entry)
                return False
            self._free += entry.state is State.READY  # rejected, with nothing to try instead
            entry.state, entry.outcome = state, outcome
            if state is State.FAILED:  # what is behind it will not be read
                self._forget(entry.stream, self._window.behind(entry))
            self._changed.notify_all()
            return True

    def _forget(self, stream: str, entries: Sequence[Entry[P, R]]) -> None:
        """Read no more of a stream's plan, and drop those of some entries that are its own."""
        self._window.end(stream)
        for entry in [entry for entry in entries if entry.stream == stream]:
            if entry.state is State.RUNNING:
                entry.state = State.CANCELLED
                entry.scope.cancel()
            elif entry.state not in {State.ACKED, State.CANCELLED}:
                if entry.state is State.READY:
                    self._discard(entry.result)
                self._remove(entry)

    def _remove(self, entry: Entry[P, R]) -> None:
        """Forget an entry, and give its slot back if it has a result; else its worker thread does that."""
        self._window.entries.remove(entry)
        self._free += entry.state in {State.READY, State.ACKED}
        self._changed.notify_all()
