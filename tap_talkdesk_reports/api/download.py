"""Downloads a report file from its presigned URL: resumes by Range, stalls, proof that the file is whole.

A presigned URL is valid "for a short period of time" (seed document, "Downloading
a report file"; 900 s were seen), so each attempt gets a new one, even if the
old one may still be good; it is never kept and never shown. No token comes here.
"""

from __future__ import annotations

import logging
from contextlib import closing
from typing import TYPE_CHECKING, BinaryIO

import urllib3.exceptions

from tap_talkdesk_reports.api.exchange import Response, exchange
from tap_talkdesk_reports.api.failures import describe_error, is_lasting
from tap_talkdesk_reports.api.part import PARTIAL, DownloadInterrupted, Part
from tap_talkdesk_reports.api.session import Bearer, Sessions
from tap_talkdesk_reports.api.urls import is_loopback, read_url
from tap_talkdesk_reports.core.clock import pauses
from tap_talkdesk_reports.core.errors import (
    TruncatedFileError,
    UnavailableError,
    UnexpectedResponseError,
)
from tap_talkdesk_reports.core.spool import CHUNK_BYTES, drop, new_spool, spool_error, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from tap_talkdesk_reports.core.clock import Clock

logger = logging.getLogger("tap-talkdesk-reports")

#: A connection that brings fewer bytes within so many seconds is as good as dead.
FLOOR_BYTES = 1 << 16
FLOOR_SECONDS = 60.0
#: So often in a row a download may bring less than that before it stops.
FRUITLESS_ATTEMPTS = 5


class Downloads:
    """Fetches report files with a session that knows no credentials and no cookies, one for each thread."""

    def __init__(
        self,
        clock: Clock,
        *,
        user_agent: str,
        timeout: float,
        spool_dir: str | None,
        allow_loopback: bool = False,
    ) -> None:
        """Make no request yet.

        Args:
            clock: Measures and waits.
            user_agent: The header of that name.
            timeout: Seconds up to the last header of a response, and then without a byte.
            spool_dir: The folder for files; None: that of the system for temporary files.
            allow_loopback: Whether a file may come by plain http from this machine itself.
        """
        self._clock = clock
        self._sessions = Sessions(**{"User-Agent": user_agent, "Accept-Encoding": "identity"})
        self._timeout = timeout
        self._spool_dir = spool_dir
        self._allow_loopback = allow_loopback

    def fetch(self, open_file: Callable[[], str | Response]) -> tuple[BinaryIO, bool]:
        """Download a file whole.

        Args:
            open_file: Gives a new presigned URL, or the file as a response that is not yet
                read; raises `DownloadInterrupted` if there is none yet. Called again at each resume.

        Returns:
            The anonymous temporary file, unpacked if it was packed, and whether its
            length is proven; if it is not, only its content can show that it is whole.

        Raises:
            TruncatedFileError: it did not become whole.
            SpoolError: it cannot be kept.
            TalkdeskError: any error of `open_file`.
        """
        spool = new_spool(self._spool_dir)
        try:
            part = Part(spool)
            self._fill(part, open_file)
            content = unpacked(spool, self._spool_dir)
        except BaseException:
            drop(spool)
            raise
        if content is not spool:
            spool.close()
        return content, part.promised is not None

    def _fill(self, part: Part, open_file: Callable[[], str | Response]) -> None:
        fruitless, waits = 0, pauses()
        while True:
            before = part.size
            try:
                self._resume(part, open_file())
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

    def _resume(self, part: Part, source: str | Response) -> None:
        """Request the file, or its rest, and append what comes.

        Raises:
            DownloadInterrupted: it did not come to its end.
            UnavailableError: the file host cannot be reached, for a reason that lasts.
        """
        headers = {}
        if part.size and part.etag:
            headers = {"Range": f"bytes={part.size}-", "If-Range": part.etag}
        elif part.size:
            part.restart()
        try:
            response = self._request(source, headers) if isinstance(source, str) else source
            with closing(response):
                if part.is_begun_by(response) and response.file is not None:
                    self._append(part, response.file)
        except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
            if is_lasting(error):
                msg = f"The file host cannot be used: {describe_error(error)}"
                raise UnavailableError(msg, is_lasting=True) from None
            raise DownloadInterrupted(describe_error(error)) from None
        if not part.size and isinstance(source, Response):
            msg = "the files operation returned no byte"
            raise DownloadInterrupted(msg)

    def _request(self, url: str, headers: dict[str, str]) -> Response:
        self._sessions.session.cookies.clear()
        return exchange(
            self._sessions.session,
            "GET",
            self._checked(url),
            timeout=self._timeout,
            files=frozenset({200, PARTIAL}),
            headers=headers,
            auth=Bearer(None),
        )

    def _checked(self, url: str) -> str:
        """The URL as it is connected to.

        Raises:
            UnexpectedResponseError: it is none, or a connection to it would not be safe.
        """
        try:
            parsed = read_url(url)
        except ValueError as error:
            msg = f"Talkdesk names a file URL that cannot be used: {error}"
            raise UnexpectedResponseError(msg) from None
        is_safe = parsed.scheme == "https" or (self._allow_loopback and is_loopback(parsed.host or ""))
        if not is_safe:
            msg = f"Talkdesk names a file URL that is not https: {parsed.scheme}://{parsed.host}"
            raise UnexpectedResponseError(msg)
        return parsed.url

    def _append(self, part: Part, response: requests.Response) -> None:
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
