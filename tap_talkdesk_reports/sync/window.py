"""Holds the pieces that have a slot of the look-ahead or wait for one; reads the plans lazily."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from tap_talkdesk_reports.sync.entry import Entry, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

P = TypeVar("P")
R = TypeVar("R")


class Window(Generic[P, R]):
    """Holds the entries in progress, unread or next; the look-ahead uses it under its lock."""

    def __init__(
        self,
        plans: Mapping[str, Iterator[P]],
        *,
        fitted: Callable[[P], Sequence[P]],
        is_narrow: Callable[[str], bool],
        brings_result: Callable[[P], bool],
    ) -> None:
        """Stores the plans by stream, in the order of the streams; reads no piece."""
        self._plans, self._order = dict(plans), list(plans)
        self._fitted, self._is_narrow, self._brings_result = fitted, is_narrow, brings_result
        self.entries: list[Entry[P, R]] = []

    @property
    def streams(self) -> set[str]:
        """The streams that have entries or a plan left."""
        return {entry.stream for entry in self.entries} | self._plans.keys()

    def first(self, stream: str) -> Entry[P, R] | None:
        """Returns the stream's first entry that was not acked; None at the stream's end.

        If only acked entries are left, it returns one of them, whose `after_ack` is still to be done.
        """
        mine = [entry for entry in self.entries if entry.stream == stream]
        unread = next((entry for entry in mine if entry.state is not State.ACKED), None)
        return unread or self._pull(stream) or next(iter(mine), None)

    def waiting(self) -> Entry[P, R] | None:
        """Returns the next entry of all streams that may begin; None if there is none.

        Pieces of a stream go before those of later streams, also while the stream is narrow and one
        of its pieces is in progress. Otherwise the files of later streams would hold the slots until
        they are read. Meanwhile only pieces without a result may begin. If a piece does not fit, its
        parts replace it.
        """
        is_held = False
        for stream in self._order:
            mine = [entry for entry in self.entries if entry.stream == stream]
            if self._is_narrow(stream) and any(entry.state is State.RUNNING for entry in mine):
                is_held = True
                continue
            waiting = (entry for entry in mine if entry.state is State.WAITING)
            entry = next(waiting, None) or self._pull(stream)
            if entry is not None and not (is_held and self._brings_result(entry.piece)):
                return self._fit(entry)
        return None

    def _fit(self, entry: Entry[P, R]) -> Entry[P, R]:
        if len(pieces := self._fitted(entry.piece)) == 1:
            return entry
        parts = [Entry[P, R](entry.stream, piece) for piece in pieces]
        self.put_behind(entry, parts)
        self.entries.remove(entry)
        return parts[0]

    def put_behind(self, entry: Entry[P, R], others: Sequence[Entry[P, R]]) -> None:
        """Inserts entries directly after an entry."""
        place = self.entries.index(entry) + 1
        self.entries[place:place] = others

    def behind(self, entry: Entry[P, R]) -> list[Entry[P, R]]:
        """Returns the entries after an entry."""
        return self.entries[self.entries.index(entry) + 1 :]

    def end(self, stream: str) -> None:
        """Ends the reading of a stream's plan."""
        self._plans.pop(stream, None)

    def _pull(self, stream: str) -> Entry[P, R] | None:
        """Reads one piece of a stream's plan as a new entry; returns None at the plan's end."""
        for piece in self._plans.get(stream, ()):
            self.entries.append(Entry(stream, piece))
            return self.entries[-1]
        self._plans.pop(stream, None)
        return None
