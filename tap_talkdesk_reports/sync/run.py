"""The report files of one run: what is due, made ahead over all streams, and signs of life while waiting."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from tap_talkdesk_reports.core.clock import Stopped, TimeIsUp, in_words
from tap_talkdesk_reports.core.errors import TalkdeskError
from tap_talkdesk_reports.core.timespans import horizon, rfc3339
from tap_talkdesk_reports.jobs.adoption import plan
from tap_talkdesk_reports.jobs.lifecycle import Jobs
from tap_talkdesk_reports.jobs.report_files import ReportFile, ReportFiles
from tap_talkdesk_reports.sync.connect import connect, downloads
from tap_talkdesk_reports.sync.lookahead import LOOK_UP, LookAhead, Turn
from tap_talkdesk_reports.sync.progress import Progress, is_watched

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from tap_talkdesk_reports.api.auth import TokenSource
    from tap_talkdesk_reports.core.report_job import ReportJob
    from tap_talkdesk_reports.core.timespans import Timespan
    from tap_talkdesk_reports.sync.report_stream import ReportStream
    from tap_talkdesk_reports.tap import TapTalkdeskReports

T = TypeVar("T")

logger = logging.getLogger("tap-talkdesk-reports")

#: Where the clocks differ by more seconds it is told, and by more still it is an error.
TOLERATED_SKEW = 60
LARGEST_SKEW = 86_400
#: Cancelling jobs at a stop is worth so many seconds.
SECONDS_TO_CANCEL = 5


class Run:
    """Report files of some streams, made ahead of their turn.

    A context: leaving it ends all work and cancels own running jobs.
    """

    def __init__(self, tap: TapTalkdeskReports, streams: Sequence[ReportStream]) -> None:
        """Make the plan; sign in and begin only if anything is due.

        Raises:
            AuthenticationError: the credentials are not accepted.
            TalkdeskError: the sign-in fails in another way.
            Stopped: the process was told to end.
        """
        self._tap = tap
        self._settings = settings = tap.settings
        self._began = tap.clock.monotonic()
        self._over = threading.Event()
        self._lookahead: LookAhead[ReportFile] = LookAhead([], 1)
        #: How far it is.
        self.progress = Progress({}, lambda: (0, 0.0), tap.clock, watched=False)
        threading.Thread(target=self._watch, name="signals", daemon=True).start()
        api, tokens = connect(settings, tap.clock)
        jobs = Jobs(api, file_format=settings.format, timeout=settings.job_timeout)
        due = self._due(streams, tokens)
        adoptable = self._adoptable(due, jobs)
        planned = {stream: plan(due[stream], settings.timespan, adoptable[stream]) for stream in due}
        #: Oldest first, so that a long backfill of one stream does not starve the others.
        self.streams = sorted(streams, key=lambda s: due[s].start if s in due else tap.clock.now())
        logger.info(
            "Due: %s", ", ".join(f"{s.name}: {len(planned.get(s, ()))} timespans" for s in self.streams)
        )
        self._files = ReportFiles(
            api,
            jobs,
            downloads(settings, tap.clock),
            file_format=settings.format,
            delete=settings.delete_report_files,
        )
        self.progress = Progress(
            {stream.name: len(planned[stream]) for stream in self.streams if planned.get(stream)},
            lambda: jobs.running(tap.clock.monotonic()),
            tap.clock,
            watched=is_watched(),
        )
        turns = [self._turn(stream, *each) for stream in self.streams for each in planned.get(stream, ())]
        self._lookahead = LookAhead(turns, settings.max_concurrent_jobs)

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

    def check_time(self) -> None:
        """Go on with another file, or with waiting for one?

        Raises:
            TimeIsUp: the run has lasted as long as `stop_after_minutes` allows.
        """
        lasted = self._tap.clock.monotonic() - self._began
        if self._settings.stop_after is not None and lasted >= self._settings.stop_after:
            raise TimeIsUp

    def waiting(self, waited: float) -> None:
        """Called several times a second while a file is waited for, with the seconds waited so far.

        Raises:
            Stopped: the process was told to end, or the time of the run is up.
        """
        self.check()
        self.check_time()
        if not waited:
            self._tap.message_writer.flush()
        self.progress.show()

    def end(self) -> None:
        """Begin to end all work: no new jobs, and own ones that are running are cancelled."""
        self._over.set()
        self._lookahead.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the end of all work, as far as it comes within 5 s."""
        self.end()
        self.progress.close()
        self._tap.message_writer.flush()
        if not self._lookahead.is_over(SECONDS_TO_CANCEL):
            logger.warning("Some jobs could not be cancelled in time; Talkdesk will finish them")

    def _watch(self) -> None:
        """End the work after a signal, also while the main thread hangs in a write that nobody reads."""
        while not self._over.wait(LOOK_UP):
            if self._tap.stop_signal is not None:
                # Whoever waits for a job stops waiting, and cancels it. The rest is for the main thread,
                # which may be reading a file.
                self._tap.clock.stop()
                self._lookahead.halt()
                return

    def _due(self, streams: Sequence[ReportStream], tokens: TokenSource) -> dict[ReportStream, Timespan]:
        """What is due of each stream of which anything is. Signs in if anything is.

        Of the two clocks the one that is behind decides what is settled, so that no
        bookmark can come to lie in the future.
        """
        now = self._tap.clock.now()
        for signed_in in (False, True):
            settled = horizon(now, self._settings.availability_delay)
            all_due = {stream: stream.due(self._settings, settled) for stream in streams}
            due = {stream: each for stream, each in all_due.items() if each.end > each.start}
            if signed_in or not due:
                break
            turn = Turn("sign-in", once(tokens.token), self._tap.clock)
            turn.start()
            turn.result(self.waiting)
            skew = tokens.clock_skew
            if abs(skew) > LARGEST_SKEW:
                msg = f"The clocks of Talkdesk and of this machine differ by {in_words(abs(skew))}"
                raise TalkdeskError(f"{msg}; set this machine's clock")
            if abs(skew) > TOLERATED_SKEW:
                logger.warning(
                    "Talkdesk's clock is %+.0f s from this machine's; going by the one that is behind", skew
                )
                now += timedelta(seconds=min(0.0, skew))
        for stream, each in all_due.items():
            if each.start > now:
                words = "%s: its bookmark or start_date, %s, lies in the future, so that nothing is read"
                logger.warning(words, stream.name, rfc3339(each.start))
        return due

    def _adoptable(
        self, due: dict[ReportStream, Timespan], jobs: Jobs
    ) -> dict[ReportStream, list[ReportJob]]:
        """The jobs that an earlier run left, of each stream."""
        now = self._tap.clock.now()
        lists = LookAhead(
            [Turn(s.name, once(partial(jobs.adoptable, s.report, now)), self._tap.clock) for s in due],
            self._settings.max_concurrent_jobs,
        )
        return {s: turn.result(self.waiting) or [] for s in due for turn in lists.turns(s.name)}

    def _turn(self, stream: ReportStream, timespan: Timespan, adopted: ReportJob | None) -> Turn[ReportFile]:
        clock = self._tap.clock.branch()
        return Turn(stream.name, self._files.of(stream.report, timespan, clock, adopted), clock)


def once(call: Callable[[], T]) -> Generator[T, None, None]:
    """A call as work with one result."""
    yield call()
