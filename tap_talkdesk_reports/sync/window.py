"""The pieces that hold a slot of the look-ahead or wait for one, in plan order; reads the plans lazily."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from tap_talkdesk_reports.sync.entry import Entry, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

P = TypeVar("P")
R = TypeVar("R")


class Window(Generic[P, R]):
    """A part of the plans: what is under way, unread, or next. Used under the lock of its look-ahead."""

    def __init__(
        self,
        plans: Mapping[str, Iterator[P]],
        fitted: Callable[[P], Sequence[P]],
        is_narrow: Callable[[str], bool],
    ) -> None:
        """Read nothing yet of the plans, which are by stream and in their order."""
        self._plans, self._fitted, self._is_narrow = dict(plans), fitted, is_narrow
        self.entries: list[Entry[P, R]] = []

    @property
    def streams(self) -> set[str]:
        """The streams of which anything is left."""
        return {entry.stream for entry in self.entries} | self._plans.keys()

    def first(self, stream: str) -> Entry[P, R] | None:
        """The stream's first entry that was not acked; else one whose ack is not over; else None."""
        mine = [entry for entry in self.entries if entry.stream == stream]
        unread = next((entry for entry in mine if entry.state is not State.ACKED), None)
        return unread or self._pull([stream]) or next(iter(mine), None)

    def waiting(self) -> Entry[P, R] | None:
        """The next entry that may begin, over all streams; one that does not fit is replaced by its parts."""
        waiting = (e for e in self.entries if e.state is State.WAITING and self._may_begin(e.stream))
        entry = next(waiting, None) or self._pull([each for each in self._plans if self._may_begin(each)])
        if entry is None or len(pieces := self._fitted(entry.piece)) == 1:
            return entry
        parts = [Entry[P, R](entry.stream, piece) for piece in pieces]
        self.put_behind(entry, parts)
        self.entries.remove(entry)
        return parts[0]

    def _may_begin(self, stream: str) -> bool:
        return not self._is_narrow(stream) or not any(
            entry.stream == stream and entry.state is State.RUNNING for entry in self.entries
        )

    def put_behind(self, entry: Entry[P, R], others: Sequence[Entry[P, R]]) -> None:
        """Insert entries right behind one."""
        place = self.entries.index(entry) + 1
        self.entries[place:place] = others

    def behind(self, entry: Entry[P, R]) -> list[Entry[P, R]]:
        """The entries behind one."""
        return self.entries[self.entries.index(entry) + 1 :]

    def end(self, stream: str) -> None:
        """Read no more of a stream's plan."""
        self._plans.pop(stream, None)

    def _pull(self, streams: Sequence[str]) -> Entry[P, R] | None:
        """A new entry of the first of some streams whose plan is not at its end."""
        for stream in streams:
            for piece in self._plans.get(stream, ()):
                self.entries.append(Entry(stream, piece))
                return self.entries[-1]
            self._plans.pop(stream, None)
        return None
