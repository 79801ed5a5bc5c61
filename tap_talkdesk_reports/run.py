"""The report files of one run: what is due, made ahead over all streams, and signs of life while waiting."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from tap_talkdesk_reports.clock import Stopped, in_words
from tap_talkdesk_reports.connection import connect
from tap_talkdesk_reports.download import Downloads
from tap_talkdesk_reports.jobs import Jobs
from tap_talkdesk_reports.lookahead import LookAhead, Turn
from tap_talkdesk_reports.report_files import ReportFile, ReportFiles
from tap_talkdesk_reports.timespans import horizon

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tap_talkdesk_reports.jobs import Api
    from tap_talkdesk_reports.report_stream import ReportStream
    from tap_talkdesk_reports.tap import TapTalkdeskReports
    from tap_talkdesk_reports.timespans import Timespan

logger = logging.getLogger("tap-talkdesk-reports")

#: Where the clocks differ by more seconds, the server's decides what is settled.
TOLERATED_SKEW = 60
#: Cancelling jobs at a stop is worth so many seconds.
SECONDS_TO_CANCEL = 5
SECONDS_BETWEEN_SIGNS_OF_LIFE = 60


class Run:
    """Report files of some streams, made ahead of their turn.

    A context: leaving it ends all work and cancels own running jobs.
    """

    def __init__(self, tap: TapTalkdeskReports, streams: Sequence[ReportStream]) -> None:
        """Make the plan; sign in and begin only if anything is due.

        Raises:
            AuthenticationError: the credentials are not accepted.
            TalkdeskError: the sign-in fails in another way.
        """
        self._tap = tap
        self._settings = tap.settings
        self._told_at = 0.0
        api, tokens = connect(self._settings, tap.clock)
        plan = self._plan(streams, tap.clock.now())
        if any(plan.values()):
            tokens.token()
            if abs(tokens.clock_skew) > TOLERATED_SKEW:
                logger.warning(
                    "Talkdesk's clock is %+.0f s from this machine's; going by Talkdesk's", tokens.clock_skew
                )
                plan = self._plan(streams, tap.clock.now() + timedelta(seconds=tokens.clock_skew))
        #: Oldest first, so that a long backfill of one stream does not starve the others.
        self.streams = sorted(
            plan, key=lambda stream: plan[stream][0].start if plan[stream] else tap.clock.now()
        )
        self._files = self._report_files(api)
        turns = [self._turn(stream, timespan) for stream in self.streams for timespan in plan[stream]]
        logger.info("Due: %s", ", ".join(f"{s.name}: {len(plan[s])} timespans" for s in self.streams))
        self._lookahead = LookAhead(turns, self._settings.max_concurrent_jobs)

    def turns(self, stream: ReportStream) -> Iterator[Turn[ReportFile]]:
        """The due timespans of a stream, oldest first, each with its files one after another."""
        return self._lookahead.turns(stream.name)

    def drop(self, stream: ReportStream) -> None:
        """A stream has failed: end the work that was done ahead for it."""
        self._lookahead.drop(stream.name)

    def check(self) -> None:
        """Go on?

        Raises:
            Stopped: the process was told to end.
        """
        if self._tap.stop_signal is not None:
            raise Stopped

    def waiting(self, waited: float) -> None:
        """Called several times a second while a file is waited for, with the seconds waited so far.

        Raises:
            Stopped: the process was told to end.
        """
        self.check()
        if not waited:
            self._tap.message_writer.flush()
            self._told_at = 0.0
        elif waited - self._told_at >= SECONDS_BETWEEN_SIGNS_OF_LIFE:
            self._told_at = waited
            logger.info("Waiting for Talkdesk for %s now", in_words(waited))

    def end(self) -> None:
        """Begin to end all work: no new jobs, and own ones that are running are cancelled."""
        self._lookahead.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the end of all work, as far as it comes within 5 s."""
        self.end()
        self._tap.message_writer.flush()
        if not self._lookahead.is_over(SECONDS_TO_CANCEL):
            logger.warning("Some jobs could not be cancelled in time; Talkdesk will finish them")

    def _plan(self, streams: Sequence[ReportStream], now: datetime) -> dict[ReportStream, list[Timespan]]:
        settled = horizon(now, self._settings.availability_delay)
        return {stream: stream.plan(self._settings, settled) for stream in streams}

    def _turn(self, stream: ReportStream, timespan: Timespan) -> Turn[ReportFile]:
        clock = self._tap.clock.branch()
        return Turn(stream.name, self._files.of(stream.report, timespan, clock), clock)

    def _report_files(self, api: Api) -> ReportFiles:
        settings = self._settings
        downloads = Downloads(
            self._tap.clock,
            user_agent=settings.user_agent,
            timeout=settings.request_timeout,
            spool_dir=settings.spool_dir,
        )
        jobs = Jobs(api, file_format=settings.format, timeout=settings.job_timeout)
        return ReportFiles(
            api, jobs, downloads, file_format=settings.format, delete=settings.delete_report_files
        )
