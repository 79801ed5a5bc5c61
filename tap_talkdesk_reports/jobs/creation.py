"""Creates report jobs; if the response is lost, finds the job in the list of jobs."""

from __future__ import annotations

import logging
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from tap_talkdesk_reports.core.clock import pauses
from tap_talkdesk_reports.core.errors import (
    RequestRefusedError,
    ResponseLostError,
    UnavailableError,
    UnexpectedResponseError,
)
from tap_talkdesk_reports.core.report_job import JobName

if TYPE_CHECKING:
    from datetime import datetime

    from tap_talkdesk_reports.core.clock import Clock
    from tap_talkdesk_reports.core.report_job import ReportJob
    from tap_talkdesk_reports.core.timespans import Timespan
    from tap_talkdesk_reports.jobs.verbs import Api

logger = logging.getLogger("tap-talkdesk-reports")

#: What each status means when Talkdesk refuses to create a job, and what to do.
ADVICE = {
    400: (
        "Talkdesk does not accept this timespan, format or report; "
        "lower timespan_hours if the timespan is too long"
    ),
    403: "these credentials may not use the report; ask for the permission, or deselect the stream",
    404: "Talkdesk does not know the report; check its name and api_url, or deselect the stream",
}
#: Attempts to create a job if the responses are lost and the job is not in the list.
ATTEMPTS_TO_CREATE = 8
#: The same after unexpected responses. A proxy's error page may go away; a changed API does not.
ATTEMPTS_IF_UNEXPECTED = 3
#: Longest wait in seconds before the next attempt, even if the API requests a longer one.
LONGEST_WAIT = 300.0
#: A listed job with a name counts as created by the lost request only if it is younger than this.
RECENT = timedelta(minutes=10)
#: How many listed jobs are searched for the job.
LISTED_JOBS = 100


class Creation:
    """Creates the jobs of a run, and remembers their ids."""

    def __init__(self, api: Api, clock: Clock, *, file_format: str) -> None:
        """Prepares the creation of jobs; makes no request."""
        self._api, self._clock, self._format = api, clock, file_format
        #: The ids of all jobs that this run has used.
        self.seen: set[str] = set()
        #: The ids of the jobs that this run has certainly created.
        self.own: set[str] = set()

    def create(self, report: str, timespan: Timespan) -> ReportJob:
        """Creates a job, or finds the job whose response was lost.

        Raises:
            RequestRefusedError: Talkdesk refuses to create it.
            TalkdeskError: Talkdesk cannot be reached, or its response is unexpected.
        """
        for attempt, pause in enumerate(pauses(), 1):
            try:
                job = self._api.create(report, timespan, self._format)
            except ResponseLostError as lost:
                found = self._unseen(report, timespan, self._api.now())
                attempts = ATTEMPTS_IF_UNEXPECTED if lost.is_unexpected else ATTEMPTS_TO_CREATE
                if found is None and attempt >= attempts:
                    lost.begin_with(f"report {report!r}, timespan {timespan}")
                    raise
                next_step = f"found the job in the list: {found}" if found else "creating the job again"
                logger.warning("report %r, timespan %s: %s; %s", report, timespan, lost, next_step)
                if found is None:
                    jittered = self._clock.jittered(pause)
                    self._clock.sleep(min(lost.wait, LONGEST_WAIT) if lost.wait else jittered)
                    continue
                job = found
            except RequestRefusedError as refused:
                advice = ADVICE.get(refused.status, "Talkdesk refuses to create the job")
                msg = f"report {report!r}, timespan {timespan}: {advice}. {refused}"
                raise RequestRefusedError(msg, status=refused.status) from None
            else:
                if job.id in self.seen:
                    msg = (
                        f"{job}: Talkdesk's response has the id of an earlier job; run again, then report it"
                    )
                    raise UnexpectedResponseError(msg)
                self.own.add(job.id)
            self.seen.add(job.id)
            logger.info("%s: created", job)
            return job
        raise AssertionError

    def _unseen(self, report: str, timespan: Timespan, now: datetime) -> ReportJob | None:
        """Finds a listed job that the request with the lost response may have created."""
        try:
            for job in islice(self._api.list(report, per_page=LISTED_JOBS), LISTED_JOBS):
                if self._is_lost(job, timespan, now):
                    return job
        except (RequestRefusedError, UnavailableError, UnexpectedResponseError) as error:
            logger.warning("The jobs of report %r cannot be listed: %s", report, error)
        return None

    def _is_lost(self, job: ReportJob, timespan: Timespan, now: datetime) -> bool:
        """Whether a listed job may be the lost one. If jobs have no names, only a running job can be it."""
        if job.timespan != timespan or job.id in self.seen:
            return False
        if not self._api.names_jobs:
            return not job.is_over
        name = JobName.of(job)
        return (
            name is not None
            and not job.is_dead
            and name.format == self._format
            and now - name.created < RECENT
        )
