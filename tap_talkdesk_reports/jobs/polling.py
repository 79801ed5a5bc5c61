"""Polls a job until its status is final or its deadline is reached, without HTTP details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_talkdesk_reports.core.errors import JobFailedError, JobTimeoutError
from tap_talkdesk_reports.core.report_job import DONE, RUNNING
from tap_talkdesk_reports.core.words import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_talkdesk_reports.core.clock import Clock
    from tap_talkdesk_reports.core.report_job import ReportJob

#: A pause is this fraction of the time waited so far, within these limits in seconds.
PART = 1 / 8
SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 30.0
#: The first pause in seconds, doubled up to SHORTEST_PAUSE: the job of a short timespan may be done at once.
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
    """Polls a job until it is done, and returns it.

    The pause is an eighth of the time waited so far, between 0.2 s and 30 s. So the delay
    in noticing a job's end is proportional to the job's duration. The first two pauses are
    shorter, 0.05 s and 0.1 s. The last poll is made at the deadline.

    Args:
        job: The job as last described.
        get: Gets the job with its current status.
        timeout: Seconds until the deadline.
        clock: Measures and waits.
        on_unknown_status: Called with a job that has an unknown status; it counts as still running.

    Raises:
        JobFailedError: the job ended without a file.
        JobTimeoutError: the job was still running at the deadline. This never means an empty report.
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
        # A very short sleep could leave a long-running clock unchanged, and the loop would spin.
        clock.sleep(max(min(pause, timeout - waited), LEAST_PAUSE))
        job = get(job)
    return job
