"""The pieces that hold a slot of the look-ahead or wait for one, in plan order; reads the plans lazily."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from tap_talkdesk_reports.sync.entry import Entry, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

P = TypeVar("P")
R = TypeVar("R")


class Window(Generic[P, R]):
    """A part of the plans: what is under way, unread, or next. Used under the lock of its look-ahead."""

    def __init__(self, plans: Mapping[str, Iterator[P]]) -> None:
        """Read nothing yet of the plans, which are by stream and in their order."""
        self._plans = dict(plans)
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
        """The next entry that waits for a slot, over all streams."""
        waiting = (entry for entry in self.entries if entry.state is State.WAITING)
        return next(waiting, None) or self._pull(list(self._plans))

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
