"""The part of a file that has arrived: how a download resumes by Range, and when it has to begin anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from tap_talkdesk_reports.api.headers import read_content_range, read_length
from tap_talkdesk_reports.core.errors import TruncatedFileError

if TYPE_CHECKING:
    from tap_talkdesk_reports.api.exchange import Response

#: So often a download may begin anew.
RESTARTS = 3
#: So often a request for the rest may get another part of the file.
MISPLACED_RESTS = 1

PARTIAL, NOT_SATISFIABLE = 206, 416


class DownloadInterrupted(Exception):  # noqa: N818 - retried here, never shown as an error
    """The download did not come to its end, or cannot begin yet; the next attempt resumes it."""


@dataclass
class Part:
    """What has arrived so far of a file."""

    file: BinaryIO
    size: int = 0
    #: A strong ETag, the only one with which a rest can be requested safely.
    etag: str | None = None
    #: The length that the server promised, if it did; one that is kept proves that the file is whole.
    promised: int | None = None
    restarts: int = 0
    misplaced: int = 0

    def restart(self) -> None:
        """Forget what has arrived.

        Raises:
            TruncatedFileError: that happened too often.
        """
        self.restarts += 1
        if self.restarts > RESTARTS or self.misplaced > MISPLACED_RESTS:
            msg = f"the download had to begin anew {self.restarts} times, at last after {self.size} bytes"
            raise TruncatedFileError(msg, position=self.size)
        self.file.seek(0)
        self.file.truncate()
        self.size, self.etag, self.promised = 0, None, None

    def is_begun_by(self, response: Response) -> bool:
        """Judge a response by its status and headers; False if there is nothing left to read.

        Raises:
            DownloadInterrupted: it is neither the file nor its rest.
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
            msg = f"the file host returned {status} for the rest of the file, and not that rest"
            raise DownloadInterrupted(msg)
        if status != 200:
            # 403 when the URL has expired, 404 right after the job is done, 500 and 503 when S3 is busy.
            msg = f"the file host returned {status}: {response.excerpt}"
            raise DownloadInterrupted(msg)
        if self.size:
            self.restart()
        etag = headers.get("ETag", "")
        self.etag = etag if etag.startswith('"') else None
        self.promised = read_length(headers.get("Content-Length", ""))
        return True
