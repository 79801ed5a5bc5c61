"""Hands a report file to its stream, which reads it and then acks or rejects it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from tap_talkdesk_reports.core.words import counted, in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_talkdesk_reports.core.clock import StopSignal
    from tap_talkdesk_reports.core.errors import ReportFileError
    from tap_talkdesk_reports.jobs.report_files import ReportFile
    from tap_talkdesk_reports.sync.entry import Entry
    from tap_talkdesk_reports.sync.lookahead import LookAhead
    from tap_talkdesk_reports.sync.plan import Piece, StreamPlan
    from tap_talkdesk_reports.sync.progress import Progress

Chunk = TypeVar("Chunk", bound="Sequence[object]")

logger = logging.getLogger("tap-talkdesk-reports")


class Delivery:
    """Gives a stream one report file to read and then to ack or reject."""

    def __init__(
        self,
        entry: Entry[Piece, ReportFile],
        lookahead: LookAhead[Piece, ReportFile],
        progress: Progress,
        plan: StreamPlan,
        stop: StopSignal,
    ) -> None:
        """Takes the file of an entry of the look-ahead."""
        self._entry, self._lookahead, self._progress = entry, lookahead, progress
        self._plan, self._stop = plan, stop
        self.file = entry.result
        self.size = self.file.size
        #: The number of the attempt that brought the file, from 1.
        self.attempt = entry.piece.attempt + 1
        self.is_acked = False
        #: Number of records that were read from the file.
        self.rows = 0

    @property
    def took(self) -> str:
        """The time that the file took, for messages."""
        since = "adoption" if self.file.is_adopted else "creation"
        return f"{in_words(self.file.seconds)} from the job's {since} to the last byte"

    def read(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Yields the file's chunks, counts them for the progress, and checks for a stop before each.

        Raises:
            Stopped: a stop signal has come.
        """
        for chunk in chunks:
            self._stop.check()
            self.rows += len(chunk)
            self._progress.add_rows(self._entry.stream, len(chunk))
            yield chunk

    def ack(self) -> None:
        """Releases a file that was read to its end and whose bookmark is written; frees its slot."""
        logger.info("%s: done, %s, %s", self.file.job, counted(self.rows, "row"), self.took)
        self.is_acked = True
        self._plan.was_read(self.file.timespan)
        self._lookahead.ack(self._entry)
        self._progress.add_timespan(self._entry.stream, planned=self._plan.total)

    def reject(self, error: ReportFileError) -> None:
        """Releases a corrupt file; the files of the pieces that replace it come next.

        Raises:
            ReportFileError: no other piece replaces it.
        """
        error.job = self.file.job
        self._lookahead.reject(self._entry, error)
