"""Counts the rows of one report file while it is read: those within its timespan, and its `total`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tap_talkdesk_reports.core.timespans import rfc3339

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from tap_talkdesk_reports.core.timespans import Timespan

T = TypeVar("T")


class FileCounts:
    """What is known of the rows of one report file once it was read to its end."""

    def __init__(self, timespan: Timespan) -> None:
        """Begin with no row; the end of the timespan does not count in."""
        # Without the Z: as text, 12:00:00.5Z comes before 12:00:00Z, but not before 12:00:00.
        self._start, self._end = (rfc3339(bound)[:-1] for bound in (timespan.start, timespan.end))
        #: Rows stamped within the timespan.
        self.within = 0
        #: The file's own count; None if it has none.
        self.total: int | None = None

    def total_of(self, chunks: Generator[T, None, int | None]) -> Generator[T, None, None]:
        """The chunks of a file; keeps the `total` that their generator returns at its end."""
        self.total = yield from chunks

    def add(self, stamps: Iterable[str | None]) -> None:
        """Count rows, by their values of the replication key."""
        start, end = self._start, self._end
        self.within += sum(stamp is not None and start <= stamp < end for stamp in stamps)
