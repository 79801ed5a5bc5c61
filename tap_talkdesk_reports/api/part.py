"""Tracks the part of a file that has arrived, and decides whether a download resumes or restarts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from tap_talkdesk_reports.api.headers import read_content_range, read_length
from tap_talkdesk_reports.core.errors import TruncatedFileError
from tap_talkdesk_reports.core.words import counted

if TYPE_CHECKING:
    from tap_talkdesk_reports.api.exchange import Response

#: How many times a download may restart.
RESTARTS = 3
#: How many times a Range request may get another part of the file.
MISPLACED_RESTS = 1

PARTIAL, NOT_SATISFIABLE = 206, 416


class DownloadInterrupted(Exception):  # noqa: N818 - retried here, never shown as an error
    """Raised when a download stops early or cannot begin yet; the next attempt resumes it."""


@dataclass
class Part:
    """Holds the bytes of a file that have arrived so far, and checks the responses that add to them."""

    file: BinaryIO
    size: int = 0
    #: The file's strong ETag. With a weak one, a Range request would not be safe.
    etag: str | None = None
    #: The file's length by the server's headers, if known. A file of this length is whole.
    promised: int | None = None
    restarts: int = 0
    misplaced: int = 0

    def restart(self) -> None:
        """Discards the bytes that have arrived.

        Raises:
            TruncatedFileError: the download restarted too often.
        """
        self.restarts += 1
        if self.restarts > RESTARTS or self.misplaced > MISPLACED_RESTS:
            times, size = counted(self.restarts, "time"), counted(self.size, "byte")
            msg = f"the download started over {times}, the last after {size}"
            raise TruncatedFileError(msg, position=self.size)
        self.file.seek(0)
        self.file.truncate()
        self.size, self.etag, self.promised = 0, None, None

    def is_begun_by(self, response: Response) -> bool:
        """Whether a response has bytes to append, by its status and headers; False if the file is whole.

        Raises:
            DownloadInterrupted: the response is neither the file nor the rest of it.
        """
        status, headers = response.status, response.headers
        begin, total = read_content_range(headers.get("Content-Range", ""))
        if status == NOT_SATISFIABLE and self.size == (self.promised or total):
            self.promised = self.size
            return False
        if status == PARTIAL and headers.get("ETag") == self.etag and begin == self.size:
            self.promised = self.promised or total
            if total in {None, self.promised}:
                return True
        if status in {PARTIAL, NOT_SATISFIABLE}:
            self.misplaced += status == PARTIAL and begin != self.size
            self.restart()
            msg = f"the file host returned {status}, but not the requested rest of the file"
            raise DownloadInterrupted(msg)
        if status != 200:
            # S3 returns 403 for an expired URL, 404 right after the job is done, 500 and 503 when busy.
            msg = f"the file host returned {status}: {response.excerpt}"
            raise DownloadInterrupted(msg)
        if self.size:
            self.restart()
        etag = headers.get("ETag", "")
        self.etag = etag if etag.startswith('"') else None
        self.promised = read_length(headers.get("Content-Length", ""))
        return True
