"""Manages one run: signs in, plans what is due, makes report files ahead, hands them out by stream."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from tap_talkdesk_reports.core.clock import TimeIsUp
from tap_talkdesk_reports.core.timespans import horizon, rfc3339
from tap_talkdesk_reports.core.words import counted
from tap_talkdesk_reports.jobs.lifecycle import Jobs
from tap_talkdesk_reports.jobs.report_files import ReportFile, ReportFiles
from tap_talkdesk_reports.singer.logs import JobMeter
from tap_talkdesk_reports.sync.connect import Connection, downloads
from tap_talkdesk_reports.sync.delivery import Delivery
from tap_talkdesk_reports.sync.lookahead import LOOK_UP, LookAhead
from tap_talkdesk_reports.sync.plan import Piece, StreamPlan, StreamToRead
from tap_talkdesk_reports.sync.progress import NO_JOB, Progress, is_watched
from tap_talkdesk_reports.sync.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_talkdesk_reports.config.settings import Settings
    from tap_talkdesk_reports.core.clock import Clock, StopSignal
    from tap_talkdesk_reports.singer.writer import MessageWriter
    from tap_talkdesk_reports.sync.plan import Due

logger = logging.getLogger("tap-talkdesk-reports")

#: Longest time in seconds for cancelling jobs at the end of a run.
SECONDS_TO_CANCEL = 5
#: Seconds that a connection test waits for a job. A job that runs longer was at least accepted.
TEST_SECONDS = 30
#: The number of jobs that an account may have at once.
MOST_JOBS = 15


class Run:
    """Makes the report files of some streams ahead, and hands them out.

    As a context manager, it signs in and starts the work. At its exit it ends all work, and
    cancels the running jobs that this run created.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        stop: StopSignal,
        writer: MessageWriter,
        streams: Sequence[StreamToRead],
        *,
        is_test: bool = False,
    ) -> None:
        """Plans the run; makes no request. A connection test adopts no job, and replaces no piece."""
        if is_test:
            settings = replace(settings, job_timeout=TEST_SECONDS, max_concurrent_jobs=MOST_JOBS)
        self._settings, self._clock, self._stop, self._writer = settings, clock, stop, writer
        self._began = clock.monotonic()
        self._over = threading.Event()
        self._complete: set[str] = set()
        streams = [replace(stream, is_tested=stream.is_tested or is_test) for stream in streams]
        due = {stream.name: self._due(stream) for stream in streams}
        #: The streams in the order of reading: shortest due first, so that daily streams precede a backfill.
        self.streams = sorted(streams, key=lambda each: (each.is_full_table, due[each.name].new.length))
        self._plans = {
            stream.name: StreamPlan(stream, due[stream.name], settings.of(stream.name).timespan)
            for stream in self.streams
            if due[stream.name].timespans
        }
        self._connection = Connection(settings, clock)
        api = self._connection.api
        jobs = Jobs(
            api, clock, file_format=settings.format, timeout=settings.job_timeout, waits_for_end=not is_test
        )
        files = ReportFiles(api, jobs, downloads(settings, clock), clock, file_format=settings.format)
        work = Work(settings, clock, self._connection, jobs, files, plans=self._plans, is_test=is_test)
        self._lookahead = LookAhead[Piece, ReportFile](
            self._plans,
            work,
            width=settings.max_concurrent_jobs,
            instead_of=work.instead_of,
            fitted=work.fitted,
            is_narrow=work.is_narrow,
            brings_result=lambda piece: not piece.is_first,
            discard=ReportFile.close,
            after_ack=files.delete if settings.delete_report_files else None,
            has_ended=None if is_test else jobs.has_ended,
        )
        shown = {} if is_test else {name: plan.total for name, plan in self._plans.items()}
        self._progress = Progress(shown, lambda: jobs.running, clock, watched=is_watched())
        if not is_test:
            counts = (
                f"{stream.name}: {counted(shown.get(stream.name, 0), 'timespan')}" for stream in self.streams
            )
            logger.info("Due: %s", ", ".join(counts))

    def __enter__(self) -> Self:
        """Signs in if anything is due, and starts the work.

        Raises:
            AuthenticationError: Talkdesk does not accept the credentials.
            TalkdeskError: the sign-in fails in another way.
            Stopped: a stop signal has come.
        """
        try:
            self._stop.check()
            threading.Thread(target=self._watch, name="signals", daemon=True).start()
            if self._plans:
                self._sign_in()
            self._warn_of_future()
        except BaseException as error:
            self.__exit__(type(error))
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None = None, *_: object) -> None:
        """Ends all work, and waits up to 5 s for its end."""
        self._over.set()
        has_ended = self._lookahead.close(SECONDS_TO_CANCEL)
        self._progress.close()
        self._warn_of_lookback()
        if kind is TimeIsUp:
            self._warn_of_full_tables()
        self._writer.flush()
        if not has_ended:
            logger.warning("Some jobs could not be cancelled in time; they end at Talkdesk by themselves")

    def files(self, stream: str) -> Iterator[Delivery]:
        """Yields the report files of a stream in plan order; the caller acks or rejects each.

        Raises:
            TalkdeskError: the file of a timespan cannot be made.
            Stopped: a stop signal has come.
            TimeIsUp: the run has lasted as long as `stop_after_minutes` allows.
        """
        with JobMeter(stream) as meter:
            while (entry := self._lookahead.next(stream, self._wait)) is not None:
                plan = self._plans[stream]
                delivery = Delivery(entry, self._lookahead, self._progress, plan, self._stop)
                yield delivery
                if delivery.is_acked:
                    meter.add(delivery.file.seconds, delivery.size)
                    self._check_time()
            self._complete.add(stream)

    def cancel(self, stream: str) -> None:
        """Ends the work for a failed stream, so that other streams can use its slots."""
        self._lookahead.cancel(stream)

    def _due(self, stream: StreamToRead) -> Due:
        """Returns what is due for a stream by this machine's clock."""
        settings = self._settings.of(stream.name)
        return stream.due(settings, horizon(self._clock.now(), settings.availability_delay))

    def _sign_in(self) -> None:
        """Signs in on a separate thread, while the worker threads connect to the API."""
        pieces = {"sign-in": iter((None,))}
        self._progress.idle = "signing in"
        with LookAhead[None, str](pieces, lambda _: self._connection.tokens.token(), width=1) as sign_in:
            self._lookahead.start()
            entry = sign_in.next("sign-in", self._wait)
            assert entry is not None
            sign_in.ack(entry)
        self._progress.idle = NO_JOB

    def _wait(self) -> None:
        """Checks for a stop, and shows progress; called several times a second during each wait."""
        self._stop.check()
        self._check_time()
        self._writer.flush()
        self._progress.show()

    def _check_time(self) -> None:
        lasted = self._clock.monotonic() - self._began
        if self._settings.stop_after is not None and lasted >= self._settings.stop_after:
            raise TimeIsUp

    def _watch(self) -> None:
        """Ends the work after a stop signal, even if the main thread hangs in a write to a full pipe."""
        while not self._over.wait(LOOK_UP):
            if self._stop.number is not None:
                # The worker threads stop waiting and cancel their jobs. The main thread, which may be
                # reading a file, does the rest.
                self._lookahead.drain()
                return

    def _warn_of_future(self) -> None:
        now = self._clock.now()
        if self._plans:
            now -= timedelta(seconds=self._connection.seconds_behind())
        for stream in self.streams:
            start = stream.bookmark or self._settings.start_date
            if start > now:
                words = "%s: its bookmark or start_date, %s, is in the future, so nothing is read; correct it"
                logger.warning(words, stream.name, rfc3339(start))

    def _warn_of_full_tables(self) -> None:
        for stream in self.streams:
            if stream.is_full_table and stream.name not in self._complete:
                words = (
                    "%s: stop_after_minutes is over before the end of this FULL_TABLE stream; "
                    "the next run reads it from the start"
                )
                logger.warning(words, stream.name)

    def _warn_of_lookback(self) -> None:
        """Logs which part of a lookback was not read again, if the run ends within it."""
        for name, plan in self._plans.items():
            if left := plan.lookback_left:
                logger.warning(
                    "%s: the run ended before the end of the lookback; %s was not read again", name, left
                )
