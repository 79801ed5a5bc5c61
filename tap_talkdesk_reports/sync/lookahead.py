"""Works on several pieces of the plans at once, on worker threads, and returns results in plan order.

A piece takes a slot before it begins, and frees it when its result is acked. So one number
limits both the jobs at Talkdesk and the unread files on this disk. Other pieces replace a
failed piece in place. This module depends neither on HTTP nor on reports.
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

#: Seconds between two calls of `on_wait` during a wait for a result.
LOOK_UP = 0.2


class LookAhead(Generic[P, R]):
    """Keeps up to `width` pieces in progress; as a context manager, ends all work at its exit.

    The worker threads are daemons, so that a hanging request cannot keep the process alive.
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
        """Prepares the worker threads; begins no work.

        Args:
            plans: The pieces of each stream, in the order in which they are read; read lazily.
            work: Makes the result of a piece, on a worker thread and in the entry's scope. None means
                that there is no result to return.
            width: The number of slots and of worker threads.
            instead_of: Returns the pieces that replace a failed one; if none, its error is raised.
            fitted: Returns a piece that is about to begin, whole or in parts.
            is_narrow: Whether only one piece of a stream may be in progress.
            brings_result: Whether successful work on a piece has a result.
            discard: Releases a result, read or not.
            after_ack: Finishes the work on an acked result, on a worker thread.
            has_ended: Waits for the job that failed or cancelled work left running. False: the slot is lost.
        """
        self._window = Window[P, R](plans, fitted=fitted, is_narrow=is_narrow, brings_result=brings_result)
        self._work, self._instead_of, self._brings_result = work, instead_of, brings_result
        self._discard, self._after_ack, self._has_ended = discard, after_ack, has_ended
        self._free = self._usable = width
        self._left_running = Scope()
        self._acked: list[Entry[P, R]] = []
        #: The idle threads, with the longest idle first.
        self._idle: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._is_drained = self._is_closed = False
        self._threads = [threading.Thread(target=self._loop, daemon=True) for _ in range(width)]

    def __enter__(self) -> Self:
        """Starts the worker threads."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends all work without waiting for it."""
        self.close(0)

    def start(self) -> None:
        """Starts the worker threads."""
        for thread in self._threads:
            thread.start()

    def next(self, stream: str, on_wait: Callable[[], None]) -> Entry[P, R] | None:
        """Waits for the next result of a stream; returns None at the stream's end.

        The caller acks or rejects the entry before it calls this method again.

        Args:
            stream: The stream; streams are consumed in the order of the plans.
            on_wait: Called several times a second during the wait; may raise.

        Raises:
            BaseException: the error of the work, if no other piece replaces it.
        """
        while True:
            with self._changed:
                entry = self._window.first(stream)
                self._changed.notify_all()  # the window may have read a new piece
                if entry is None or entry.state is State.READY:
                    return entry
                if entry.state is State.FAILED:
                    assert isinstance(entry.outcome, BaseException)
                    raise entry.outcome
                if entry.state is State.WAITING and not self._usable:
                    msg = "every slot is held by a job that does not end at Talkdesk; run again later"
                    raise UnavailableError(msg)
            on_wait()
            with self._changed:
                if entry in self._window.entries and entry.state not in {State.READY, State.FAILED}:
                    self._changed.wait(LOOK_UP)

    def ack(self, entry: Entry[P, R]) -> None:
        """Releases a result that was read, and frees its slot after `after_ack`."""
        self._discard(entry.result)
        with self._changed:
            if self._after_ack is None:
                self._remove(entry)
            else:
                entry.state = State.ACKED
                self._acked.append(entry)
                self._changed.notify_all()

    def reject(self, entry: Entry[P, R], error: Exception) -> None:
        """Releases a bad result, and replaces its piece.

        Raises:
            Exception: the error, if no other piece replaces it.
        """
        self._discard(entry.result)
        if not self._replace(entry, error):
            raise error

    def cancel(self, stream: str) -> None:
        """Ends the work for a stream; the slot of a piece in progress is free when its work has ended."""
        with self._changed:
            self._forget(stream, self._window.entries)

    def drain(self) -> None:
        """Begins no more work and ends each wait, but keeps results; works from any thread."""
        with self._changed:
            self._is_drained = True
            self._left_running.cancel()
            for entry in self._window.entries:
                if entry.state is State.RUNNING:
                    entry.scope.cancel()

    def close(self, seconds: float) -> bool:
        """Ends all work, waits up to `seconds` for its end, and returns whether it has ended.

        It does not wait for pieces without a result: their work leaves no job or file.
        """
        self.drain()
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
        """Waits for the next entry to work on; returns None at the end.

        The thread that was idle for the shortest time goes first, because its connections are open.
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
        """Returns the next entry to work on; None if there is none now."""
        if self._acked:
            return self._acked.pop(0)
        if self._free and not self._is_drained and (entry := self._window.waiting()):
            entry.state = State.RUNNING
            self._free -= 1
            return entry
        return None

    def _run(self, entry: Entry[P, R]) -> Entry[P, R] | None:
        """Works on an entry; returns the next entry if this thread should continue with it at once."""
        try:
            try:
                result = self._work(entry.piece)
            except Exception as error:  # noqa: BLE001 - `next` raises it again
                self._replace(entry, error)
            else:
                if result is None:
                    with self._changed:
                        self._remove(entry)
                        self._free += 1
                        return self._next()  # this thread's connections are open already
                if self._settle(entry, State.READY, result):
                    return None
                self._discard(result)
        except BaseException as error:  # noqa: BLE001 - `next` raises it, too, for example Stopped
            self._settle(entry, State.FAILED, error)
        self._give_back()
        return None

    def _give_back(self) -> None:
        """Frees the slot of work that failed or was cancelled, when its job has ended."""
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
        """Replaces a failed piece by others; returns False if there are none, and keeps the error."""
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
        """Stores the outcome of the work; returns False if its entry was cancelled."""
        with self._changed:
            if entry.state is State.CANCELLED:
                self._remove(entry)
                return False
            self._free += entry.state is State.READY  # it was rejected, and nothing replaces it
            entry.state, entry.outcome = state, outcome
            if state is State.FAILED:  # the entries after it will not be read
                self._forget(entry.stream, self._window.behind(entry))
            self._changed.notify_all()
            return True

    def _forget(self, stream: str, entries: Sequence[Entry[P, R]]) -> None:
        """Ends a stream's plan, and cancels those of the entries that belong to the stream."""
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
        """Removes an entry; frees its slot if it has a result, otherwise its worker thread frees it."""
        self._window.entries.remove(entry)
        self._free += entry.state in {State.READY, State.ACKED}
        self._changed.notify_all()
