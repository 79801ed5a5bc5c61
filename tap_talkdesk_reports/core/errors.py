"""Defines every error of the tap, sorted by who can fix it.

    TalkdeskError                  its message ends the log; the run exits non-zero
    ├── CatalogError               the operator: the tap cannot read a stream as the catalog requires
    ├── AuthenticationError        the operator: credentials, account, scope or region
    ├── RequestRefusedError        the operator: 4xx; keeps the status and the API's message
    ├── UnexpectedResponseError    the developers: a response that the tap does not know
    ├── UnavailableError           the operator: a transient error that lasted
    │   └── ResponseLostError      ... and the request may have been carried out
    ├── BookmarkError              the operator: the state's bookmark of a stream cannot be used
    ├── SpoolError                 the operator: the disk is full or not writable
    ├── UnfitRowError              the operator: a row that the tap cannot or must not emit
    ├── JobError                   .job: report, timespan, id, last status
    │   ├── JobFailedError         ended as failed, canceled or deleted
    │   ├── TimespanMismatchError  covers less than was requested
    │   └── JobTimeoutError        still running at its deadline; never an empty report
    └── ReportFileError            .job, and .position: the byte or row of the problem
        ├── TruncatedFileError     stopped early; a new download may help
        └── MalformedFileError     ragged row, missing key, row count mismatch, not JSON or CSV
            └── EmptyFileError     0 bytes
    OutputError                    standard output cannot be written; ends the run
    └── ReaderGoneError            the program that reads it has ended

Wrong settings raise the SDK's `ConfigValidationError`. Transient errors (429,
5xx, a lost connection) are the SDK's `RetriableAPIError`; only `api/client.py`
raises and retries them.

No message contains a token, a password or a presigned URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.exceptions import FatalSyncError

if TYPE_CHECKING:
    from tap_talkdesk_reports.core.report_job import ReportJob


class TalkdeskError(FatalSyncError):
    """Base class of the tap's errors; each has one line on what went wrong and what to do."""

    def begin_with(self, where: object) -> None:
        """Puts what the error is about, such as a job, before its message."""
        self.args = (f"{where}: {self}",)


class CatalogError(TalkdeskError):
    """Raised when the tap cannot read a stream as the catalog requires; the stream is not read."""


class AuthenticationError(TalkdeskError):
    """Raised when Talkdesk does not accept the credentials; no stream can continue."""


class RequestRefusedError(TalkdeskError):
    """Raised when Talkdesk refuses a request (4xx); a retry does not help."""

    def __init__(self, message: str, *, status: int) -> None:
        """Stores the message and the HTTP status."""
        super().__init__(message)
        #: The HTTP status of the response.
        self.status = status


class UnexpectedResponseError(TalkdeskError):
    """Raised when no document or observation describes a response of Talkdesk."""


class UnavailableError(TalkdeskError):
    """Raised when all attempts of a request fail: no connection, or a retriable status."""

    def __init__(self, message: str, *, is_lasting: bool = False) -> None:
        """Stores the message, and whether a later attempt would fail, too."""
        super().__init__(message)
        #: Whether it lasts until the operator changes something, such as a limit of this machine.
        self.is_lasting = is_lasting


class ResponseLostError(UnavailableError):
    """Raised when no usable response came, and Talkdesk may have carried out the request."""

    def __init__(self, message: str, *, wait: float | None = None, is_unexpected: bool = False) -> None:
        """Stores the message, the wait that the API requested, and whether a response came."""
        super().__init__(message)
        #: Seconds that the API wants the client to wait, if it says so.
        self.wait = wait
        #: Whether an unexpected response came; then more than a few attempts do not help.
        self.is_unexpected = is_unexpected


class BookmarkError(TalkdeskError):
    """Raised when a stream's bookmark cannot be used; it never silently means "from the start"."""


class SpoolError(TalkdeskError):
    """Raised when the report file cannot be stored on this machine's disk."""


class UnfitRowError(TalkdeskError):
    """Raised when a row has no usable key, or when `unknown_fields` is `fail` and the row does not fit."""


class JobError(TalkdeskError):
    """Raised when a report job does not end with a report."""

    def __init__(self, message: str, *, job: ReportJob) -> None:
        """Stores the message and the job."""
        super().__init__(message)
        #: The job as the API last described it.
        self.job = job


class JobFailedError(JobError):
    """Raised when the job ended as failed, canceled or deleted."""


class JobTimeoutError(JobError):
    """Raised when the job is still running at its deadline; its report is unknown, not empty."""


class TimespanMismatchError(JobError):
    """Raised when the job covers less than was requested: rows would be missing."""


class ReportFileError(TalkdeskError):
    """Raised when a report file is incomplete or corrupt; no bookmark moves past it."""

    def __init__(self, message: str, *, position: int | None = None) -> None:
        """Stores the message and the position."""
        super().__init__(message)
        #: The byte or row of the problem, if known.
        self.position = position
        #: The job that the file belongs to. It is set later, because parsers see bytes only.
        self.job: ReportJob | None = None

    def __str__(self) -> str:
        """Returns the message, with the job if it is known."""
        return f"{self.job}: {self.args[0]}" if self.job else str(self.args[0])


class TruncatedFileError(ReportFileError):
    """Raised when the file ends too early."""


class MalformedFileError(ReportFileError):
    """Raised when the file is whole but is not a valid report."""


class EmptyFileError(MalformedFileError):
    """Raised when the file has 0 bytes; it is an empty report only if a new job's file has 0 bytes, too."""


class OutputError(OSError):
    """Raised when standard output cannot be written, for example on a full disk; ends the run."""


class ReaderGoneError(OutputError, BrokenPipeError):
    """Raised when the program that reads standard output has ended."""
