"""Downloads a report file from its presigned URL: resumes by Range, stalls, proof that the file is whole.

A presigned URL is valid "for a short period of time" (seed document, "Downloading
a report file"; 900 s were seen), so each attempt gets a new one, even if the
old one may still be good; it is never kept and never shown. No token comes here.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from tap_talkdesk_reports.api.failures import describe_error
from tap_talkdesk_reports.api.redaction import redact
from tap_talkdesk_reports.api.session import Bearer, Sessions, is_loopback
from tap_talkdesk_reports.core.clock import pauses
from tap_talkdesk_reports.core.errors import (
    TruncatedFileError,
    UnavailableError,
    UnexpectedResponseError,
)
from tap_talkdesk_reports.core.spool import CHUNK_BYTES, drop, new_spool, spool_error, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_talkdesk_reports.core.clock import Clock

logger = logging.getLogger("tap-talkdesk-reports")

#: A connection that brings fewer bytes within so many seconds is as good as dead.
FLOOR_BYTES = 1 << 16
FLOOR_SECONDS = 60.0

#: So often in a row a download may bring less than that before it stops, and so often it may begin anew.
FRUITLESS_ATTEMPTS = 5
RESTARTS = 3
#: So often a request for the rest may get another part of the file.
MISPLACED_RESTS = 1

PARTIAL, NOT_SATISFIABLE = 206, 416


class DownloadInterrupted(Exception):  # noqa: N818 - retried here, never shown as an error
    """The download did not come to its end, or cannot begin yet; the next attempt resumes it."""


@dataclass
class _Part:
    """What has arrived so far."""

    file: BinaryIO
    size: int = 0
    #: A strong ETag, the only one with which a rest can be requested safely.
    etag: str | None = None
    #: The length that the server promised, if it did.
    promised: int | None = None
    #: Whether the end is known to be the end: by length, or by HTTP's own chunks.
    proven: bool = False
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


class Downloads:
    """Fetches report files with a session that knows no credentials and no cookies, one for each thread."""

    def __init__(self, clock: Clock, *, user_agent: str, timeout: float, spool_dir: str | None) -> None:
        """Keep files below `spool_dir`; None: the folder of the system for temporary files."""
        self._clock = clock
        self._sessions = Sessions(**{"User-Agent": user_agent, "Accept-Encoding": "identity"})
        self._timeout = timeout
        self._spool_dir = spool_dir

    def fetch(self, sign: Callable[[], str | requests.Response]) -> tuple[BinaryIO, bool]:
        """Download a file whole.

        Args:
            sign: Gives a new presigned URL, or the file as a response that is not yet
                read; raises `DownloadInterrupted` if there is none yet. Called again at each resume.

        Returns:
            The anonymous temporary file, unpacked if it was packed, and whether its
            length is proven; if it is not, only its content can show that it is whole.

        Raises:
            TruncatedFileError: it did not become whole.
            SpoolError: it cannot be kept.
            TalkdeskError: any error of `sign`.
        """
        spool = new_spool(self._spool_dir)
        try:
            part = _Part(spool)
            self._fill(part, sign)
            content = unpacked(spool, self._spool_dir)
        except BaseException:
            drop(spool)
            raise
        if content is not spool:
            spool.close()
        return content, part.proven

    def _fill(self, part: _Part, sign: Callable[[], str | requests.Response]) -> None:
        fruitless, waits = 0, pauses()
        while True:
            before = part.size
            try:
                self._go_on(part, sign())
            except DownloadInterrupted as interrupted:
                if part.size - before >= FLOOR_BYTES:
                    fruitless, waits = 0, pauses()
                fruitless += 1
                if fruitless >= FRUITLESS_ATTEMPTS:
                    msg = f"the download stopped {fruitless} times at byte {part.size}: {interrupted}"
                    raise TruncatedFileError(msg, position=part.size) from None
                logger.debug("download at byte %d: %s; going on", part.size, interrupted)
                self._clock.sleep(self._clock.jittered(next(waits)))
            else:
                return

    def _go_on(self, part: _Part, source: str | requests.Response) -> None:
        """Request the file, or its rest, and append what comes.

        Raises:
            DownloadInterrupted: it did not come to its end.
            UnavailableError: the TLS certificate of the file host is refused.
        """
        headers = {}
        if part.size and part.etag:
            headers = {"Range": f"bytes={part.size}-", "If-Range": part.etag}
        elif part.size:
            part.restart()
        try:
            with (
                source
                if isinstance(source, requests.Response)
                else self._request(source, headers) as response
            ):
                if self._is_begun(part, response):
                    self._append(part, response)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):  # no other attempt mends that
                msg = "the file host's TLS certificate is refused; REQUESTS_CA_BUNDLE names other authorities"
                raise UnavailableError(msg) from None
            raise DownloadInterrupted(describe_error(error)) from None

    def _request(self, url: str, headers: dict[str, str]) -> requests.Response:
        self._sessions.session.cookies.clear()
        return self._sessions.session.get(
            _checked(url),
            headers=headers,
            stream=True,
            auth=Bearer(None),
            allow_redirects=False,
            timeout=self._timeout,
        )

    def _is_begun(self, part: _Part, response: requests.Response) -> bool:
        """Judge a response by its status and headers; False if there is nothing left to read."""
        status, length = response.status_code, response.headers.get("Content-Length", "")
        begin, total = _content_range(response)
        if status == NOT_SATISFIABLE and part.size == (part.promised or total):
            part.proven = True
            return False
        if status == PARTIAL and response.headers.get("ETag") == part.etag and begin == part.size:
            part.promised = part.promised or total
            if total in {None, part.promised}:
                return True
        if status in {PARTIAL, NOT_SATISFIABLE}:
            part.misplaced += status == PARTIAL and begin != part.size
            part.restart()
            msg = f"the file host returned {status} for the rest of the file, and not that rest"
            raise DownloadInterrupted(msg)
        if status != 200:
            # 403 when the URL has expired, 404 right after the job is done, 500 and 503 when S3 is busy.
            msg = f"the file host returned {status}: {redact(_head(response))}"
            raise DownloadInterrupted(msg)
        if part.size:
            part.restart()
        etag = response.headers.get("ETag", "")
        part.etag = etag if etag.startswith('"') else None
        part.promised = int(length) if re.fullmatch("[0-9]+", length) else None
        part.proven = (
            part.promised is not None or response.headers.get("Transfer-Encoding", "").lower() == "chunked"
        )
        return True

    def _append(self, part: _Part, response: requests.Response) -> None:
        began, size = self._clock.monotonic(), part.size
        # Not `stream`: it holds back what it has until a chunk is full, and loses it if the rest stalls.
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=False):
            try:
                part.file.write(chunk)
                part.file.flush()  # else a full disk shows later, at an unexpected place
            except OSError as error:
                raise spool_error(error, part.promised) from None
            part.size += len(chunk)
            if (now := self._clock.monotonic()) - began >= FLOOR_SECONDS:
                if part.size - size < FLOOR_BYTES:
                    msg = f"only {part.size - size} bytes came in {now - began:.0f} s"
                    raise DownloadInterrupted(msg)
                began, size = now, part.size
        if part.promised is not None and part.size != part.promised:
            msg = f"{part.size} of {part.promised} bytes came"
            raise DownloadInterrupted(msg)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname
    except ValueError:
        scheme, host = "no", "url"
    if scheme == "https" or (scheme == "http" and is_loopback(host or "")):
        return url
    msg = f"Talkdesk gives a file URL that is not https: {scheme}://{host}"
    raise UnexpectedResponseError(msg)


def _content_range(response: requests.Response) -> tuple[int | None, int | None]:
    """First byte and total length of the file, if the response has them."""
    header = response.headers.get("Content-Range", "").strip()
    match = re.fullmatch(r"bytes (?:([0-9]+)-[0-9]+|\*)/([0-9]+|\*)", header)
    begin, total = match.groups() if match else (None, None)
    return None if begin is None else int(begin), None if total in {None, "*"} else int(total)


def _head(response: requests.Response) -> str:
    return bytes(response.raw.read(2048, decode_content=False)).decode(errors="replace")
