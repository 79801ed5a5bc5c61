"""Works on each piece on a worker thread: begins the stream's plan, or makes a report file."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_talkdesk_reports.core.errors import (
    AuthenticationError,
    RequestRefusedError,
    TimespanMismatchError,
)
from tap_talkdesk_reports.core.timespans import horizon
from tap_talkdesk_reports.core.words import counted
from tap_talkdesk_reports.sync.plan import instead_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_talkdesk_reports.config.settings import Settings
    from tap_talkdesk_reports.core.clock import Clock
    from tap_talkdesk_reports.jobs.lifecycle import Jobs
    from tap_talkdesk_reports.jobs.report_files import ReportFile, ReportFiles
    from tap_talkdesk_reports.sync.connect import Connection
    from tap_talkdesk_reports.sync.plan import Piece, StreamPlan

logger = logging.getLogger("tap-talkdesk-reports")

HOUR = timedelta(hours=1)


class Work:
    """Works on the pieces of all streams of a run; several threads call it at once."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        connection: Connection,
        jobs: Jobs,
        files: ReportFiles,
        *,
        plans: Mapping[str, StreamPlan],
        is_test: bool,
    ) -> None:
        """Stores the parts; begins no work. A connection test adopts no job, and replaces no piece."""
        self._settings, self._clock, self._connection = settings, clock, connection
        self._jobs, self._files, self._plans = jobs, files, plans
        self._is_test = is_test
        self._refusal: AuthenticationError | None = None

    def __call__(self, piece: Piece) -> ReportFile | None:
        """Makes the report file of a piece; for a stream's first piece, begins its plan and returns None."""
        if self._refusal is not None:  # no job can be created any more
            raise self._refusal
        try:
            if piece.is_first:
                self._begin(self._plans[piece.stream])
                return None
            return self._make(piece)
        except AuthenticationError as error:
            self._refusal = error
            raise

    def _begin(self, plan: StreamPlan) -> None:
        """Begins the plan of a stream, with the jobs of earlier runs that may be adopted.

        What is due is known only now, because the responses so far show Talkdesk's clock.
        """
        stream = plan.stream
        settings = self._settings.of(stream.name)
        self._connection.open()
        jobs = (
            []
            if self._is_test
            else self._jobs.adoptable(stream.report, stream.bookmark, settings.availability_delay)
        )
        now = self._clock.now() - timedelta(seconds=self._connection.seconds_behind())
        plan.begin(stream.due(settings, horizon(now, settings.availability_delay)), jobs)

    def _make(self, piece: Piece) -> ReportFile:
        if piece.attempt:
            self._clock.sleep(self._clock.jittered(piece.attempt))
        is_proof = piece.was_empty and piece.job is None
        file = self._files.make(piece.report, piece.timespan, piece.job, may_be_empty=is_proof)
        if piece.job is None and self._plans[piece.stream].accept(piece.timespan):
            name, hours = piece.stream, piece.timespan.length // HOUR
            words = (
                "%s: Talkdesk accepts timespans of %s and refuses longer ones; "
                'set stream_settings to {"%s": {"timespan_hours": %d}}'
            )
            logger.warning(words, name, counted(hours, "hour"), name, hours)
        return file

    def instead_of(self, piece: Piece, error: Exception) -> Sequence[Piece]:
        """Returns the pieces that replace a failed one; none if its stream fails."""
        if self._is_test or piece.is_first:
            return []
        pieces, plan = instead_of(piece, error), self._plans[piece.stream]
        if len(pieces) > 1:
            if isinstance(error, RequestRefusedError | TimespanMismatchError):
                plan.refuse(piece.timespan)
            logger.warning("%s; trying both halves of the timespan", error)
        elif pieces and pieces[0].job:
            logger.warning("%s; downloading its file again", error)
        elif pieces:
            logger.warning("%s; creating a new job", error)
        if pieces:
            plan.replaced(by=len(pieces))
        return pieces

    def fitted(self, piece: Piece) -> Sequence[Piece]:
        """Returns a piece that is about to begin, cut in parts if it is longer than the API accepts."""
        return self._plans[piece.stream].fitted(piece)

    def is_narrow(self, stream: str) -> bool:
        """Whether only one piece of a stream may be in progress."""
        return self._plans[stream].is_narrow
