"""Every error of the tap, sorted by who can do something about it.

    TalkdeskError                  its message ends the log; the run exits non-zero
    ├── CatalogError               the operator: what the catalog asks of a stream cannot be done
    ├── AuthenticationError        the operator: credentials, account, scope or region
    ├── RequestRefusedError        the operator: 4xx; keeps the status and the API's message
    ├── UnexpectedResponseError    us: a response that the tap does not know
    ├── UnavailableError           the operator: a transient error that lasted
    │   └── ResponseLostError      ... and the request may have been carried out
    ├── BookmarkError              the operator: the state's bookmark of a stream cannot be used
    ├── SpoolError                 the operator: the disk is full or not writable
    ├── UnfitRowError              the operator: a row that no rule lets through
    ├── JobError                   .job: report, timespan, id, last status
    │   ├── JobFailedError         ended as failed, canceled or deleted
    │   ├── TimespanMismatchError  covers less than was requested
    │   └── JobTimeoutError        still running at its deadline; never an empty report
    └── ReportFileError            .job, and .position: byte or row at which it went wrong
        ├── TruncatedFileError     stopped early; a new download may help
        └── MalformedFileError     ragged row, missing key, count unlike `total`, not JSON or CSV

Wrong settings are the SDK's `ConfigValidationError`. A transient error (429,
5xx, a lost connection) is the SDK's `RetriableAPIError`, raised and retried in
`api/client.py` only.

No message holds a token, a password or a presigned URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.exceptions import FatalSyncError

if TYPE_CHECKING:
    from tap_talkdesk_reports.core.report_job import ReportJob


class TalkdeskError(FatalSyncError):
    """An error with one line on what went wrong and what to do."""


class CatalogError(TalkdeskError):
    """The catalog asks of a stream what cannot be done; the stream is not read."""


class AuthenticationError(TalkdeskError):
    """Talkdesk does not accept the credentials; no stream can go on."""


class RequestRefusedError(TalkdeskError):
    """Talkdesk understood the request and refused it (4xx); repeating it will not help."""

    def __init__(self, message: str, *, status: int) -> None:
        """Keep the HTTP status beside the message."""
        super().__init__(message)
        #: The HTTP status of the refusal.
        self.status = status


class UnexpectedResponseError(TalkdeskError):
    """A response of Talkdesk that no document or observation describes."""


class UnavailableError(TalkdeskError):
    """Talkdesk could not be reached, or kept returning a retriable status, through all attempts."""

    def __init__(self, message: str, *, is_lasting: bool = False) -> None:
        """Keep beside the message whether asking again later would be of no use either."""
        super().__init__(message)
        #: Whether it is there until the operator changes something, such as a limit of this machine.
        self.is_lasting = is_lasting


class ResponseLostError(UnavailableError):
    """The response to a request that changes something was lost: it may have been carried out."""

    def __init__(self, message: str, *, wait: float | None = None, is_unexpected: bool = False) -> None:
        """Keep beside the message how long the API wants the client to wait, and whether it responded."""
        super().__init__(message)
        #: Seconds that the API wants the client to wait, if it sent any.
        self.wait = wait
        #: Whether a response came, and was unexpected; if so, more attempts than a few get the same.
        self.is_unexpected = is_unexpected


class BookmarkError(TalkdeskError):
    """The state's bookmark of a stream cannot be used; it never silently means "from the start"."""


class SpoolError(TalkdeskError):
    """The report file cannot be kept on this machine's disk."""


class UnfitRowError(TalkdeskError):
    """A row without a usable key, or with content that must stop the stream by the settings."""


class JobError(TalkdeskError):
    """A report job did not end with a report."""

    def __init__(self, message: str, *, job: ReportJob) -> None:
        """Keep the job beside the message."""
        super().__init__(message)
        #: The job as the API last described it.
        self.job = job


class JobFailedError(JobError):
    """The job ended as failed, canceled or deleted."""


class JobTimeoutError(JobError):
    """The job was still running when its time was over; its report is unknown, not empty."""


class TimespanMismatchError(JobError):
    """A response says that the job covers less than was requested; rows would be missing."""


class ReportFileError(TalkdeskError):
    """A report file is not what its job promised; no bookmark moves past it."""

    def __init__(self, message: str, *, position: int | None = None) -> None:
        """Keep the position beside the message."""
        super().__init__(message)
        #: The byte or row at which it went wrong, if it is known.
        self.position = position
        #: The job whose file it is, once that is known: parsers see bytes only.
        self.job: ReportJob | None = None

    def __str__(self) -> str:
        """The message, with the job."""
        return f"{self.job}: {self.args[0]}" if self.job else str(self.args[0])


class TruncatedFileError(ReportFileError):
    """The file stopped early."""


class MalformedFileError(ReportFileError):
    """The file arrived whole but does not read as the report it should be."""


class EmptyFileError(MalformedFileError):
    """The file has no byte: an empty report only if a new job's file has none either."""


class OutputError(OSError):
    """Standard output cannot be written, for example because its disk is full. Ends the run."""


class ReaderGoneError(OutputError, BrokenPipeError):
    """The program that reads standard output has ended."""
