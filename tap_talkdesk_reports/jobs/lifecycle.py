"""Waits for new and adopted report jobs, checks their timespan, cancels them, and tracks the open ones."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from tap_talkdesk_reports.core.clock import Scope, current_scope
from tap_talkdesk_reports.core.errors import (
    JobFailedError,
    JobTimeoutError,
    RequestRefusedError,
    TalkdeskError,
    TimespanMismatchError,
    UnavailableError,
    UnexpectedResponseError,
)
from tap_talkdesk_reports.jobs.adoption import adoptable, brings_new_rows
from tap_talkdesk_reports.jobs.creation import LISTED_JOBS, Creation
from tap_talkdesk_reports.jobs.polling import wait_until_done

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tap_talkdesk_reports.core.clock import Clock
    from tap_talkdesk_reports.core.report_job import ReportJob
    from tap_talkdesk_reports.core.timespans import Timespan
    from tap_talkdesk_reports.jobs.verbs import Api

logger = logging.getLogger("tap-talkdesk-reports")

#: A new job may be unknown to the API (404) for this many seconds.
SECONDS_UNTIL_KNOWN = 60


class _OpenJob(threading.local):
    """The open job of each thread, and whether the thread has already stopped waiting for its end."""

    job: ReportJob | None = None
    is_given_up = False


class Jobs:
    """Creates jobs, waits for them and cancels them, for all streams of a run."""

    def __init__(
        self, api: Api, clock: Clock, *, file_format: str, timeout: float, waits_for_end: bool = True
    ) -> None:
        """Prepares the work with jobs; makes no request.

        Args:
            api: The operations of a report API.
            clock: Measures and waits.
            file_format: `json` or `csv`.
            timeout: Seconds after which a job times out.
            waits_for_end: Whether to wait further, after a timeout, until the job's status is final.
        """
        self._api = api
        self._clock = clock
        self._waits_for_end = waits_for_end
        self._format = file_format
        self._timeout = timeout
        self._creation = Creation(api, clock, file_format=file_format)
        self._unknown_statuses: set[str] = set()
        self._knows_echo = False
        #: When the wait for each job began, by job id.
        self._running: dict[str, float] = {}
        #: The job that each thread created last, until its end is known.
        self._open = _OpenJob()

    def adoptable(self, report: str, bookmark: datetime | None, delay: timedelta) -> list[ReportJob]:
        """Returns the jobs of earlier runs that this run may adopt, newest first.

        Args:
            report: The report.
            bookmark: The time up to which the stream is complete; None if unknown.
            delay: How long after the end of a timespan its rows are available.
        """
        if not self._api.names_jobs:
            return []
        age = timedelta(seconds=2 * self._timeout)
        listed = self._api.list(report, per_page=LISTED_JOBS)
        try:
            return [
                job
                for job in adoptable(
                    islice(listed, LISTED_JOBS),
                    report=report,
                    file_format=self._format,
                    now=self._api.now,
                    age=age,
                )
                if brings_new_rows(job, bookmark, delay)
            ]
        except (RequestRefusedError, UnavailableError, UnexpectedResponseError) as error:
            logger.warning("The jobs of report %r cannot be listed, so none is adopted: %s", report, error)
            return []

    def done(self, report: str, timespan: Timespan, adopted: ReportJob | None = None) -> ReportJob:
        """Creates or adopts a job, waits until it is done, and returns it.

        Raises:
            JobFailedError: the job ended without a file.
            JobTimeoutError: the job was still running at its deadline; `.job` has its latest status.
            TimespanMismatchError: the job covers less than was requested; it was cancelled if possible.
            RequestRefusedError: Talkdesk refuses to create the job.
            TalkdeskError: Talkdesk cannot be reached, or its response is unexpected.
            Stopped: the scope was cancelled; a job that this run created was cancelled if possible.
        """
        job = adopted or self.create(report, timespan)
        if job.id not in self._creation.seen:
            self._creation.seen.add(job.id)
            logger.info("%s: adopted from an earlier run", job)
        try:
            return self._wait(self._check_timespan(job), check=self._check_timespan)
        except JobTimeoutError as error:
            return self._end(error)
        except JobFailedError:
            raise
        except BaseException:
            self.cancel(job)
            raise

    def _end(self, timed_out: JobTimeoutError) -> ReportJob:
        """Cancels a job that timed out, if possible, and waits until its status is final.

        A running job counts against the account's limit. If the job is done after all, it is returned.

        Raises:
            JobTimeoutError: the job ended without a file, or is still running.
        """
        self.cancel(timed_out.job)
        if not self._waits_for_end:
            raise timed_out
        try:
            return self._wait(timed_out.job)
        except JobFailedError as ended:
            raise JobTimeoutError(str(timed_out), job=ended.job) from None
        except JobTimeoutError:
            self._open.is_given_up = True
            raise

    def is_own(self, job: ReportJob) -> bool:
        """Whether this run created the job. Only then may it cancel the job or delete its file."""
        return job.id in self._creation.own

    def create(self, report: str, timespan: Timespan) -> ReportJob:
        """Creates a job with `Creation.create`; the job is this thread's open job until it has ended."""
        job = self._creation.create(report, timespan)
        if self.is_own(job):
            self._open.job, self._open.is_given_up = job, False
        return job

    def _wait(self, job: ReportJob, check: Callable[[ReportJob], ReportJob] = lambda job: job) -> ReportJob:
        clock = self._clock
        created = self._running[job.id] = clock.monotonic()
        try:
            job = wait_until_done(
                job,
                lambda job: check(self._get(job, clock.monotonic() - created)),
                timeout=self._timeout,
                clock=clock,
                on_unknown_status=self._warn_of_status,
            )
        except JobFailedError:
            self._open.job = None
            raise
        finally:
            del self._running[job.id]
        self._open.job = None
        return job

    def has_ended(self) -> bool:
        """Whether this thread's open job has ended; waits for its end first.

        An open job counts against the account's limit, even if its file is not needed any more.
        Without an open job, or if its status is not available, it counts as ended.

        Raises:
            Stopped: the scope was cancelled.
        """
        job, self._open.job = self._open.job, None
        if job is None:
            return True
        try:
            if not self._open.is_given_up:
                self._wait(job)
                return True
        except JobTimeoutError:
            pass
        except TalkdeskError as error:
            logger.debug("%s: its status cannot be read any more: %s", job, error)
            return True
        logger.warning("%s: the job does not end, so this run continues with one job slot less", job)
        return False

    @property
    def running(self) -> tuple[int, float]:
        """The number of jobs that threads wait for, and the seconds of the longest wait."""
        began, now = list(self._running.values()), self._clock.monotonic()
        return len(began), now - min(began, default=now)

    def _get(self, job: ReportJob, age: float) -> ReportJob:
        """Polls a job once; returns it unchanged if its status is not available at the moment."""
        try:
            return self._api.get(job)
        except (UnavailableError, UnexpectedResponseError) as error:
            if isinstance(error, UnavailableError) and error.is_lasting:
                raise
            logger.warning("%s: a poll failed and is repeated: %s", job, error)
        except RequestRefusedError as error:
            if error.status != 404:
                raise
            if age > SECONDS_UNTIL_KNOWN:
                msg = f"{job}: Talkdesk does not know the job any more"
                raise JobFailedError(msg, job=job) from None
        return job

    def cancel(self, job: ReportJob) -> None:
        """Cancels a job if this run created it and the API can cancel jobs."""
        if self.is_own(job) and self._api.can_cancel:
            try:
                # A new scope allows retries: in a cancelled scope every wait raises.
                with Scope(current_scope().stream).entered():
                    self._api.cancel(job)
            except TalkdeskError as error:
                logger.debug("%s: could not be cancelled: %s", job, error)
            else:
                self._open.job = None

    def _check_timespan(self, job: ReportJob) -> ReportJob:
        """Returns the job if it covers the requested timespan.

        Raises:
            TimespanMismatchError: by the response it covers less, so its file would lack rows.
        """
        echo = job.echo
        if echo is None or not echo.differs_from(job.timespan):
            return job
        if not echo.covers(job.timespan):
            covered = echo.timespan
            msg = f"{job}: Talkdesk's response has the timespan {covered}, which is less than was requested"
            raise TimespanMismatchError(msg, job=job)
        if not self._knows_echo:
            self._knows_echo = True
            words = "%s: Talkdesk writes this timespan as %s; the tap treats the two as the same"
            logger.info(words, job, echo.timespan)
        return job

    def _warn_of_status(self, job: ReportJob) -> None:
        if job.status not in self._unknown_statuses:
            self._unknown_statuses.add(job.status)
            logger.warning(
                "%s: unknown status %r, treated as still running; please report it", job, job.status
            )
