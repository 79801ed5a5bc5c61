"""Polls a job until its status is final. Knows neither HTTP nor what comes before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_talkdesk_reports.core.clock import in_words
from tap_talkdesk_reports.core.errors import JobFailedError, JobTimeoutError
from tap_talkdesk_reports.core.report_job import DONE, RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_talkdesk_reports.core.clock import Clock
    from tap_talkdesk_reports.core.report_job import ReportJob

#: A pause is this part of the time waited so far, but not shorter or longer than these seconds.
PART = 1 / 8
SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 30.0
#: The first pause is shorter, and doubled until it is not: a job for an hour may be done in a moment.
FIRST_PAUSE = 0.05
LEAST_PAUSE = 0.001


def wait_until_done(
    job: ReportJob,
    get: Callable[[ReportJob], ReportJob],
    *,
    timeout: float,
    clock: Clock,
    on_unknown_status: Callable[[ReportJob], None],
) -> ReportJob:
    """Poll a job until its status is final.

    The pause is an eighth of the time waited so far, between 0.2 s and 30 s, so that the
    delay in noticing a job's end is in proportion to what the job took. The first two are
    shorter, 0.05 s and 0.1 s. The last poll is made at the deadline itself.

    Args:
        job: The job as last described.
        get: Gets the job as it is now.
        timeout: Seconds after which it is given up.
        clock: Measures and waits.
        on_unknown_status: Called with a job whose status is an unknown word; it counts as still running.

    Raises:
        JobFailedError: it ended without a file.
        JobTimeoutError: it had not ended by the deadline. Never to be taken for an empty report.
    """
    started, shortest = clock.monotonic(), FIRST_PAUSE
    while job.status != DONE:
        waited = clock.monotonic() - started
        if job.is_dead:
            msg = f"{job} ended as {job.status!r} after {in_words(waited)}"
            raise JobFailedError(msg, job=job)
        if job.status not in RUNNING:
            on_unknown_status(job)
        if waited >= timeout:
            msg = (
                f"{job} is still {job.status!r} after {in_words(waited)}; "
                "raise job_timeout_minutes, or lower timespan_hours"
            )
            raise JobTimeoutError(msg, job=job)
        pause = clock.jittered(min(max(waited * PART, shortest), LONGEST_PAUSE))
        shortest = min(2 * shortest, SHORTEST_PAUSE)
        # What is left may be too little to be seen on a clock that has run for long.
        clock.sleep(max(min(pause, timeout - waited), LEAST_PAUSE))
        job = get(job)
    return job
