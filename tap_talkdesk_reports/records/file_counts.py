"""Counts the rows within the timespan while a report file is read, and keeps the file's `total`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tap_talkdesk_reports.core.timespans import rfc3339

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from tap_talkdesk_reports.core.timespans import Timespan

T = TypeVar("T")


class FileCounts:
    """Counts the rows of one report file; complete when the file is read to its end."""

    def __init__(self, timespan: Timespan) -> None:
        """Starts with no row; the end of the timespan is excluded."""
        # Compared as text without the Z: with it, 12:00:00.5Z would come before 12:00:00Z.
        self._start, self._end = (rfc3339(bound)[:-1] for bound in (timespan.start, timespan.end))
        #: Rows whose replication key is within the timespan.
        self.within = 0
        #: The file's own row count; None if it has none.
        self.total: int | None = None

    def total_of(self, chunks: Generator[T, None, int | None]) -> Generator[T, None, None]:
        """Yields the chunks of a file, and keeps the `total` that their generator returns at its end."""
        self.total = yield from chunks

    def add(self, stamps: Iterable[str | None]) -> None:
        """Counts rows by their values of the replication key."""
        start, end = self._start, self._end
        self.within += sum(stamp is not None and start <= stamp < end for stamp in stamps)
