"""A report file that a run hands out to its stream, to be read and then acked or rejected."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from tap_talkdesk_reports.core.clock import in_words

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
    """A report file that is handed out: read it, then ack or reject it."""

    def __init__(
        self,
        entry: Entry[Piece, ReportFile],
        lookahead: LookAhead[Piece, ReportFile],
        progress: Progress,
        plan: StreamPlan,
        stop: StopSignal,
    ) -> None:
        """The file of an entry of the look-ahead."""
        self._entry, self._lookahead, self._progress = entry, lookahead, progress
        self._plan, self._stop = plan, stop
        self.file = entry.result
        self.size = self.file.size
        #: Which attempt at its piece brought the file, from 1 on.
        self.attempt = entry.piece.attempt + 1
        self.is_acked = False
        #: Records that were read of it.
        self.rows = 0

    def read(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Its chunks; shows progress, and stops between two of them.

        Raises:
            Stopped: the process was told to end.
        """
        for chunk in chunks:
            self._stop.check()
            self.rows += len(chunk)
            self._progress.add_rows(self._entry.stream, len(chunk))
            yield chunk

    def ack(self) -> None:
        """It was read to its end, and its bookmark is written: its slot is free."""
        words = "%s: done, %d rows, %s from the job's creation to the last byte"
        logger.info(words, self.file.job, self.rows, in_words(self.file.seconds))
        self.is_acked = True
        self._plan.was_read(self.file.timespan)
        self._lookahead.ack(self._entry)
        self._progress.add_timespan(self._entry.stream, planned=self._plan.total)

    def reject(self, error: ReportFileError) -> None:
        """It is corrupt; what replaces it comes next.

        Raises:
            ReportFileError: there is nothing to try instead.
        """
        error.job = self.file.job
        self._lookahead.reject(self._entry, error)
