"""One timespan becomes whole report files: create, wait, download, verify. Runs on a worker thread."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO

from tap_talkdesk_reports.api.download import Interrupted
from tap_talkdesk_reports.core.errors import (
    JobFailedError,
    JobTimeoutError,
    MalformedFileError,
    ReportFileError,
    RequestRefusedError,
    TalkdeskError,
    TruncatedFileError,
)
from tap_talkdesk_reports.records.json_file import check_ends, first_byte

if TYPE_CHECKING:
    from collections.abc import Generator

    from tap_talkdesk_reports.api.download import Downloads
    from tap_talkdesk_reports.core.clock import Clock
    from tap_talkdesk_reports.core.report_job import ReportJob
    from tap_talkdesk_reports.core.timespans import Timespan
    from tap_talkdesk_reports.jobs.lifecycle import Api, Jobs

logger = logging.getLogger("tap-talkdesk-reports")


#: So many times a timespan is cut in two before its stream fails: a week becomes hours.
HALVINGS = 6
#: No month is shorter. The Explore API takes a month at most, and nobody knows how it counts one.
SHORTEST_MONTH = timedelta(days=28)


@dataclass(frozen=True)
class ReportFile:
    """A report file on this machine, complete as far as its bytes tell."""

    job: ReportJob
    #: Which part of the plan it completes.
    timespan: Timespan
    content: BinaryIO
    is_json: bool
    #: Seconds from the order to the last byte.
    seconds: float

    @property
    def size(self) -> int:
        """Its length in bytes, unpacked."""
        return os.fstat(self.content.fileno()).st_size


class ReportFiles:
    """Makes report files, for all streams of a run."""

    def __init__(self, api: Api, jobs: Jobs, downloads: Downloads, *, file_format: str, delete: bool) -> None:
        """Delete own files at Talkdesk, once they were read, if `delete`."""
        self._api = api
        self._jobs = jobs
        self._downloads = downloads
        self._format = file_format
        self._delete = delete

    def of(
        self,
        report: str,
        timespan: Timespan,
        clock: Clock,
        adopted: ReportJob | None = None,
        halvings: int = HALVINGS,
    ) -> Generator[ReportFile, None, None]:
        """The files that cover a timespan, one after another: one, or those of its halves if that fails.

        Whoever reads a file and finds that it is corrupt throws the error in here. Going
        on instead means that its bookmark is out.

        Raises:
            TalkdeskError: there is no file to be had.
        """
        try:
            yield from self._whole(report, timespan, clock, adopted)
        except (JobFailedError, JobTimeoutError, RequestRefusedError) as error:
            halves = timespan.halves()
            if not (halves and halvings and _smaller_may_help(error, timespan)):
                raise
            logger.warning("%s; trying its halves", error)
            for half in halves:
                yield from self.of(report, half, clock, halvings=halvings - 1)

    def _whole(
        self, report: str, timespan: Timespan, clock: Clock, adopted: ReportJob | None
    ) -> Generator[ReportFile, None, None]:
        """The file of a timespan; one that is corrupt is downloaded again, then ordered again."""
        job, started = None, clock.monotonic()
        for last in (False, False, True):
            if job is None or last:
                job = self._jobs.done(report, timespan, clock, adopted)
                adopted = None
            content = None
            try:
                content, is_json = self.downloaded(job)
                yield ReportFile(job, timespan, content, is_json, clock.monotonic() - started)
            except ReportFileError as error:
                if last:
                    msg = f"{job}: {error}"
                    raise type(error)(msg, position=error.position) from None
                logger.warning("%s: %s; getting it again", job, error)
                clock.sleep(clock.jittered(1.0))
            else:
                break
            finally:
                if content is not None:
                    content.close()
        if self._delete and job is not None and self._jobs.is_own(job):
            try:
                self._api.delete_file(job)
            except TalkdeskError as error:
                logger.warning("%s: its file could not be deleted: %s", job, error)

    def _opened(self, job: ReportJob) -> Any:
        """A way to the job's file; right after its end there may be none yet."""
        try:
            return self._api.open(job)
        except RequestRefusedError as error:
            if error.status != 404:
                raise
            msg = f"the job is done, but there is no file: {error}"
            raise Interrupted(msg) from None

    def downloaded(self, job: ReportJob) -> tuple[BinaryIO, bool]:
        """The content of a job's file, and whether it is JSON.

        Raises:
            ReportFileError: there is none, or its bytes are not those of a whole report.
        """
        content, proven = self._downloads.fetch(lambda: self._opened(job))
        try:
            check_ends(content)
            first = first_byte(content)
            if not first and self._format == "json":
                msg = "the file has no byte, not even the brackets of an empty JSON report"
                raise MalformedFileError(msg, position=0)
            if first != b"{" and not proven:
                msg = "the CSV file came without a length, so that nothing tells whether it is whole"
                raise TruncatedFileError(msg)
        except BaseException:
            content.close()
            raise
        return content, first == b"{"


def _smaller_may_help(error: TalkdeskError, timespan: Timespan) -> bool:
    """Whether an order may fare better for less time.

    A job that was given up must be over before others take its place at Talkdesk.
    """
    if isinstance(error, JobTimeoutError):
        return error.job.is_over
    if isinstance(error, JobFailedError):
        return error.job.status == "failed"
    too_long = timespan.end - timespan.start > SHORTEST_MONTH
    return isinstance(error, RequestRefusedError) and error.status == 400 and too_long
