"""One run: signs in, plans what is due, makes report files ahead, and hands them out stream by stream."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from tap_talkdesk_reports.core.clock import TimeIsUp
from tap_talkdesk_reports.core.errors import (
    AuthenticationError,
    RequestRefusedError,
    TimespanMismatchError,
)
from tap_talkdesk_reports.core.timespans import horizon, rfc3339
from tap_talkdesk_reports.jobs.lifecycle import Jobs
from tap_talkdesk_reports.jobs.report_files import ReportFile, ReportFiles
from tap_talkdesk_reports.singer.logs import JobMeter
from tap_talkdesk_reports.sync.connect import connect, downloads, seconds_behind
from tap_talkdesk_reports.sync.delivery import Delivery
from tap_talkdesk_reports.sync.lookahead import LOOK_UP, LookAhead
from tap_talkdesk_reports.sync.plan import Due, Piece, StreamPlan, StreamToRead, instead_of
from tap_talkdesk_reports.sync.progress import Progress, is_watched

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_talkdesk_reports.config.settings import Settings
    from tap_talkdesk_reports.core.clock import Clock, StopSignal
    from tap_talkdesk_reports.core.report_job import ReportJob
    from tap_talkdesk_reports.singer.writer import MessageWriter


T = TypeVar("T")

logger = logging.getLogger("tap-talkdesk-reports")

#: Cancelling jobs at a stop may take so many seconds.
SECONDS_TO_CANCEL = 5
#: In a connection test a job that runs for longer was at least accepted.
TEST_SECONDS = 30
#: So many jobs may an account have at once.
MOST_JOBS = 15


class Run:
    """Report files of some streams, made ahead of their turn.

    A context: entering it signs in, plans and starts the work; leaving it ends all work and
    cancels own running jobs.
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
        """Do nothing yet. A connection test adopts no job, tries nothing twice and waits for less long."""
        if is_test:
            settings = replace(settings, job_timeout=TEST_SECONDS, max_concurrent_jobs=MOST_JOBS)
        self._settings, self._clock, self._stop, self._writer = settings, clock, stop, writer
        self._is_test = is_test
        self._began = clock.monotonic()
        self._over = threading.Event()
        self._refusal: AuthenticationError | None = None
        self._plans: dict[str, StreamPlan] = {}
        self._lookahead: LookAhead[Piece, ReportFile] = LookAhead({}, self._make, width=0)
        self._progress = Progress({}, lambda: (0, 0.0), clock, watched=False)
        api, self._tokens = connect(settings, clock)
        self._jobs = Jobs(
            api, clock, file_format=settings.format, timeout=settings.job_timeout, waits_for_end=not is_test
        )
        self._files = ReportFiles(
            api, self._jobs, downloads(settings, clock), clock, file_format=settings.format
        )
        #: In the order in which they are to be read.
        self.streams = [replace(stream, is_tested=stream.is_tested or is_test) for stream in streams]

    def __enter__(self) -> Self:
        """Sign in and plan, if anything is due, and start the work.

        Raises:
            AuthenticationError: the credentials are not accepted.
            TalkdeskError: the sign-in fails in another way.
            Stopped: the process was told to end.
        """
        self._stop.check()
        threading.Thread(target=self._watch, name="signals", daemon=True).start()
        try:
            self._plan(*self._due())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End all work, and wait for that up to 5 s."""
        self._over.set()
        has_ended = self._lookahead.close(SECONDS_TO_CANCEL)
        self._progress.close()
        self._warn_of_lookback()
        self._writer.flush()
        if not has_ended:
            logger.warning("Some jobs could not be cancelled in time; Talkdesk will finish them")

    def files(self, stream: str) -> Iterator[Delivery]:
        """The report files of a stream in plan order, each to be acked or rejected before the next.

        Raises:
            TalkdeskError: there is no file for a timespan.
            Stopped: the process was told to end.
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

    def cancel(self, stream: str) -> None:
        """A stream has failed: end the work for it, so that its slots are free for others."""
        self._lookahead.cancel(stream)

    # On worker threads

    def _make(self, piece: Piece) -> ReportFile:
        """Called by the look-ahead for each piece."""
        if self._refusal is not None:  # no job can be made any more
            raise self._refusal
        if piece.attempt:
            self._clock.sleep(self._clock.jittered(piece.attempt))
        is_proof = piece.was_empty and piece.job is None
        try:
            file = self._files.make(piece.report, piece.timespan, piece.job, may_be_empty=is_proof)
        except AuthenticationError as error:
            self._refusal = error
            raise
        if piece.job is None and (advice := self._plans[piece.stream].accept(piece.timespan)):
            logger.warning("%s", advice)
        return file

    def _instead_of(self, piece: Piece, error: Exception) -> Sequence[Piece]:
        """Called by the look-ahead for each piece that failed."""
        pieces = [] if self._is_test else instead_of(piece, error)
        if pieces:
            plan = self._plans[piece.stream]
            if isinstance(error, RequestRefusedError | TimespanMismatchError) and len(pieces) > 1:
                plan.refuse(piece.timespan)
            if len(pieces) > 1:
                logger.warning("%s; trying both halves of the timespan", error)
            elif pieces[0].job:
                logger.warning("%s; downloading its file again", error)
            else:
                logger.warning("%s; creating a new job", error)
            plan.replaced(by=len(pieces))
        return pieces

    # Waiting

    def _wait(self) -> None:
        """Called several times a second while something is awaited."""
        self._stop.check()
        self._check_time()
        self._writer.flush()
        self._progress.show()

    def _check_time(self) -> None:
        lasted = self._clock.monotonic() - self._began
        if self._settings.stop_after is not None and lasted >= self._settings.stop_after:
            raise TimeIsUp

    def _watch(self) -> None:
        """End the work after a signal, also while the main thread hangs in a write that nobody reads."""
        while not self._over.wait(LOOK_UP):
            if self._stop.number is not None:
                # What waits for a job stops waiting, and cancels it. The rest is for the main thread,
                # which may be reading a file.
                self._lookahead.halt()
                return

    # The plan

    def _due(self) -> tuple[dict[str, Due], dict[str, list[ReportJob]]]:
        """What is due of each stream of which anything is, and which jobs may be adopted. Signs in if so."""
        now = self._clock.now()
        due, adoptable = self._due_at(now), {}
        if due:
            self._call_all({"sign-in": self._tokens.token})
            adoptable = self._adoptable([stream for stream in self.streams if stream.name in due])
            if behind := seconds_behind(self._tokens):  # the responses so far show Talkdesk's clock
                now -= timedelta(seconds=behind)
                due = self._due_at(now)
        for stream in self.streams:
            start = stream.bookmark or self._settings.start_date
            if start > now:
                words = "%s: its bookmark or start_date, %s, lies in the future, so that nothing is read"
                logger.warning(words, stream.name, rfc3339(start))
        return due, adoptable

    def _due_at(self, now: datetime) -> dict[str, Due]:
        due = {}
        for stream in self.streams:
            settings = self._settings.of(stream.name)
            due[stream.name] = stream.due(settings, horizon(now, settings.availability_delay))
        return {name: each for name, each in due.items() if each.timespans}

    def _adoptable(self, streams: Sequence[StreamToRead]) -> dict[str, list[ReportJob]]:
        """The jobs that an earlier run left, of each stream."""
        if self._is_test:
            return {}
        calls = {}
        for each in streams:
            delay = self._settings.of(each.name).availability_delay
            calls[each.name] = partial(self._jobs.adoptable, each.report, each.bookmark, delay)
        return self._call_all(calls)

    def _plan(self, due: dict[str, Due], adoptable: dict[str, list[ReportJob]]) -> None:
        """Make the plan, and start the work on it."""
        now, settings = self._clock.now(), self._settings
        # Oldest first, so that a long backfill of one stream does not starve the others.
        self.streams.sort(key=lambda each: due[each.name].timespans[0].start if each.name in due else now)
        for stream in self.streams:
            if stream.name in due:
                jobs, length = adoptable.get(stream.name, ()), settings.of(stream.name).timespan
                self._plans[stream.name] = StreamPlan(stream, due[stream.name], length, jobs)
        totals = {name: plan.total for name, plan in self._plans.items()}
        if not self._is_test:
            counts = (f"{stream.name}: {totals.get(stream.name, 0)} timespans" for stream in self.streams)
            logger.info("Due: %s", ", ".join(counts))
            self._progress = Progress(totals, lambda: self._jobs.running, self._clock, watched=is_watched())
        self._lookahead = LookAhead(
            self._plans,
            self._make,
            width=settings.max_concurrent_jobs,
            instead_of=self._instead_of,
            fitted=lambda piece: self._plans[piece.stream].fitted(piece),
            is_narrow=lambda stream: self._plans[stream].is_probing,
            discard=ReportFile.close,
            after_ack=self._files.delete if settings.delete_report_files else None,
            has_ended=None if self._is_test else self._jobs.has_ended,
        )
        self._lookahead.start()

    def _warn_of_lookback(self) -> None:
        """Log which part of a lookback was not read again, if the run ends within it."""
        for name, plan in self._plans.items():
            if left := plan.lookback_left:
                logger.warning("%s: the run ended before its lookback: %s was not read again", name, left)

    def _call_all(self, calls: Mapping[str, Callable[[], T]]) -> dict[str, T]:
        """Make some calls at once, on threads that a stop does not wait for; their results by name."""
        pieces = {name: iter((call,)) for name, call in calls.items()}
        width = self._settings.max_concurrent_jobs
        results = {}
        with LookAhead[Callable[[], T], T](pieces, lambda call: call(), width=width) as ahead:
            for name in calls:
                if entry := ahead.next(name, self._wait):
                    results[name] = entry.result
                    ahead.ack(entry)
        return results
