"""Makes a whole report file on this disk for a timespan: job, download, first checks."""

from __future__ import annotations

import hashlib
import io
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from tap_talkdesk_reports.api.part import DownloadInterrupted
from tap_talkdesk_reports.core.errors import (
    EmptyFileError,
    MalformedFileError,
    ReportFileError,
    RequestRefusedError,
    SpoolError,
    TalkdeskError,
    TruncatedFileError,
    UnavailableError,
    UnexpectedResponseError,
)
from tap_talkdesk_reports.core.spool import drop
from tap_talkdesk_reports.core.words import counted

if TYPE_CHECKING:
    from datetime import datetime

    from tap_talkdesk_reports.api.download import Downloads
    from tap_talkdesk_reports.core.clock import Clock
    from tap_talkdesk_reports.core.report_job import ReportJob
    from tap_talkdesk_reports.core.timespans import Timespan
    from tap_talkdesk_reports.jobs.lifecycle import Jobs
    from tap_talkdesk_reports.jobs.verbs import Api

logger = logging.getLogger("tap-talkdesk-reports")

BOM = b"\xef\xbb\xbf"
SPACE = b" \t\r\n"
#: Bytes that are read at a time to compare a file or to compute its digest.
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class ReportFile:
    """A report file on this disk that has passed the first checks; its rows are not parsed yet."""

    job: ReportJob
    #: The timespan of the plan that the file completes.
    timespan: Timespan
    content: BinaryIO
    is_json: bool
    #: Whether another run created the job.
    is_adopted: bool
    #: When the tap saw that the job was done.
    ready_at: datetime
    #: Seconds from creating or adopting the job to the last byte.
    seconds: float

    @property
    def size(self) -> int:
        """The length in bytes, unpacked."""
        return os.fstat(self.content.fileno()).st_size

    def sha256(self) -> str:
        """Returns the SHA-256 digest of the unpacked bytes in hexadecimal."""
        digest = hashlib.sha256()
        self.content.seek(0)
        while chunk := self.content.read(READ_BYTES):
            digest.update(chunk)
        return digest.hexdigest()

    def close(self) -> None:
        """Closes the spool file, which frees its disk space."""
        drop(self.content)


class ReportFiles:
    """Makes report files for all streams of a run."""

    def __init__(self, api: Api, jobs: Jobs, downloads: Downloads, clock: Clock, *, file_format: str) -> None:
        """Prepares the work; makes no request. Jobs are created for `file_format`."""
        self._api = api
        self._jobs = jobs
        self._downloads = downloads
        self._clock = clock
        self._format = file_format

    def make(
        self, report: str, timespan: Timespan, job: ReportJob | None = None, *, may_be_empty: bool = False
    ) -> ReportFile:
        """Makes the file of a timespan from a new job or a given one.

        Args:
            report: The report.
            timespan: The timespan.
            job: A job to adopt, or a job whose file is downloaded again; None creates a job.
            may_be_empty: Whether a CSV file of 0 bytes counts as an empty report, because the
                previous job's file had 0 bytes, too.

        Raises:
            ReportFileError: the file is corrupt; `.job` is its job.
            TalkdeskError: any error of `Jobs.done`.
            Stopped: the scope was cancelled.
        """
        started = self._clock.monotonic()
        job = self._jobs.done(report, timespan, job)
        ready_at = self._clock.now()
        content, is_json = self._download(job, may_be_empty=may_be_empty)
        return ReportFile(
            job,
            timespan,
            content,
            is_json,
            is_adopted=not self._jobs.is_own(job),
            ready_at=ready_at,
            seconds=self._clock.monotonic() - started,
        )

    def delete(self, file: ReportFile) -> None:
        """Deletes the file at Talkdesk if this run created its job."""
        if self._jobs.is_own(file.job):
            try:
                self._api.delete_file(file.job)
            except TalkdeskError as error:
                logger.warning("%s: its file could not be deleted: %s", file.job, error)

    def _download(self, job: ReportJob, *, may_be_empty: bool) -> tuple[BinaryIO, bool]:
        """Downloads and checks a job's file; returns its content and whether it is JSON."""
        sources: list[object] = []

        def open_file() -> Any:
            sources.append(self._open(job))
            return sources[-1]

        content = None
        try:
            content, is_proven = self._downloads.fetch(open_file)
            # An empty response of the files operation itself may have other reasons than an empty report.
            is_json = self._check(content, may_be_empty=may_be_empty and isinstance(sources[-1], str))
            if not is_json and not is_proven:
                self._compare_with_another(content, job)
        except BaseException as error:
            if content is not None:
                drop(content)
            if isinstance(error, ReportFileError):
                error.job = job
            elif isinstance(error, SpoolError | UnavailableError | UnexpectedResponseError):
                error.begin_with(job)
            raise
        return content, is_json

    def _compare_with_another(self, content: BinaryIO, job: ReportJob) -> None:
        """Downloads a CSV file of unknown length once more: only equal bytes prove that it is whole.

        Chunked encoding does not prove the length, because a proxy may end the chunks early.
        """
        other, _ = self._downloads.fetch(lambda: self._open(job))
        try:
            if not _are_equal(content, other):
                msg = "the CSV file has no declared length, and two downloads of it differ"
                raise TruncatedFileError(msg)
        finally:
            drop(other)

    def _open(self, job: ReportJob) -> Any:
        """Returns the file's presigned URL, or a response whose body is the file."""
        try:
            return self._api.open(job)
        except RequestRefusedError as error:
            if error.status != 404:
                raise
            # Right after the job's end the file may not exist yet.
            msg = f"the job is done, but there is no file: {error}"
            raise DownloadInterrupted(msg) from None

    def _check(self, content: BinaryIO, *, may_be_empty: bool) -> bool:
        """Whether a downloaded file is JSON; checks its start and end before any row is read."""
        check_ends(content)
        first = first_byte(content)
        if not first and self._format == "json":
            msg = "the file is empty; even an empty JSON report has brackets"
            raise MalformedFileError(msg, position=0)
        if not first and not may_be_empty:
            msg = "the CSV file is empty and has no header"
            raise EmptyFileError(msg, position=0)
        return first == b"{"


def _are_equal(one: BinaryIO, other: BinaryIO) -> bool:
    """Whether two files have the same bytes."""
    one.seek(0)
    other.seek(0)
    while True:
        chunk = one.read(READ_BYTES)
        if chunk != other.read(READ_BYTES):
            return False
        if not chunk:
            return True


def first_byte(file: BinaryIO) -> bytes:
    """Returns the first byte that is not white space; `b""` for an empty file. `{` means JSON."""
    file.seek(0)
    return file.read(4096).removeprefix(BOM).lstrip(SPACE)[:1]


def check_ends(file: BinaryIO) -> None:
    """Checks the first byte and the last bracket before any row is emitted.

    Raises:
        MalformedFileError: the file is a page of HTML or XML, or a JSON array.
        TruncatedFileError: the file is JSON and does not end with a bracket.
    """
    first = first_byte(file)
    if first == b"<":
        msg = "the file is an HTML or XML page, not a report"
        raise MalformedFileError(msg, position=0)
    if first == b"[":
        msg = "the file is a JSON array, not a report object with `entries`"
        raise MalformedFileError(msg, position=0)
    if first == b"{":
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - 4096))
        if not file.read().rstrip(SPACE).endswith(b"}"):
            msg = f"the JSON ends after {counted(size, 'byte')}, without its closing bracket"
            raise TruncatedFileError(msg, position=size)
