"""Downloads a report file from its presigned URL, resumes it after an interruption, and checks its length.

A presigned URL is valid "for a short period of time" (seed document, "Downloading a report
file"; 900 s were seen). So each attempt gets a new URL, even if the old one may still be valid.
A URL is never stored or shown. This module has no token.
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
from tap_talkdesk_reports.core.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from tap_talkdesk_reports.core.clock import Clock

logger = logging.getLogger("tap-talkdesk-reports")

#: A connection that delivers fewer bytes than this in this many seconds counts as stalled.
FLOOR_BYTES = 1 << 16
FLOOR_SECONDS = 60.0
#: A download fails after this many attempts in a row that each bring fewer bytes than that.
FRUITLESS_ATTEMPTS = 5


class Downloads:
    """Downloads report files with one session for each thread, without credentials or cookies."""

    def __init__(
        self,
        clock: Clock,
        *,
        user_agent: str,
        timeout: float,
        spool_dir: str | None,
        allow_loopback: bool = False,
    ) -> None:
        """Stores the settings; makes no request.

        Args:
            clock: Measures and waits.
            user_agent: The User-Agent header.
            timeout: Seconds from sending to the last header, and then the longest time without a byte.
            spool_dir: The folder for files; None means the system's folder for temporary files.
            allow_loopback: Whether a file may come by plain http from this machine.
        """
        self._clock = clock
        self._sessions = Sessions(**{"User-Agent": user_agent, "Accept-Encoding": "identity"})
        self._timeout = timeout
        self._spool_dir = spool_dir
        self._allow_loopback = allow_loopback

    def fetch(self, open_file: Callable[[], str | Response]) -> tuple[BinaryIO, bool]:
        """Downloads a whole file to the spool.

        Args:
            open_file: Returns a new presigned URL, or a response whose body is the file.
                Raises `DownloadInterrupted` if the file is not ready. Called at each attempt.

        Returns:
            The spool file, unpacked if it was packed, and whether its length was checked. If not,
            only the content can show that the file is whole.

        Raises:
            TruncatedFileError: the file did not arrive whole.
            SpoolError: the file cannot be stored.
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
                    times = counted(fruitless, "time")
                    msg = f"the download stopped {times} at byte {part.size:,}: {interrupted}"
                    raise TruncatedFileError(msg, position=part.size) from None
                logger.debug("The download stopped at byte %d: %s; resuming it", part.size, interrupted)
                self._clock.sleep(self._clock.jittered(next(waits)))
            else:
                return

    def _resume(self, part: Part, source: str | Response) -> None:
        """Requests the file or the rest of it, and appends the bytes that arrive.

        Raises:
            DownloadInterrupted: the download stopped early.
            UnavailableError: the request fails for a reason that further attempts meet, too.
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
                msg = f"the file host cannot be used: {describe_error(error)}"
                raise UnavailableError(msg, is_lasting=True) from None
            raise DownloadInterrupted(describe_error(error)) from None
        if not part.size and isinstance(source, Response):
            msg = "Talkdesk returned an empty response in place of the file"
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
        """Returns the URL in the form in which the connection uses it.

        Raises:
            UnexpectedResponseError: the URL is not valid, or is neither https nor allowed loopback.
        """
        try:
            parsed = read_url(url)
        except ValueError as error:
            msg = f"the URL of the report file cannot be used: {error}; run again, then report it"
            raise UnexpectedResponseError(msg) from None
        is_safe = parsed.scheme == "https" or (self._allow_loopback and is_loopback(parsed.host or ""))
        if not is_safe:
            shown = f"{parsed.scheme}://{parsed.host}"
            msg = f"the URL of the report file is not https: {shown}; run again, then report it"
            raise UnexpectedResponseError(msg)
        return parsed.url

    def _append(self, part: Part, response: requests.Response) -> None:
        began, size = self._clock.monotonic(), part.size
        # `stream` is not used: it waits for a full chunk, and loses the bytes if the connection stalls.
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=False):
            try:
                part.file.write(chunk)
                part.file.flush()  # so that a full disk raises here
            except OSError as error:
                raise spool_error(error, part.promised) from None
            part.size += len(chunk)
            if (now := self._clock.monotonic()) - began >= FLOOR_SECONDS:
                if part.size - size < FLOOR_BYTES:
                    msg = f"only {counted(part.size - size, 'byte')} arrived in {now - began:.0f} s"
                    raise DownloadInterrupted(msg)
                began, size = now, part.size
        if part.promised is not None and part.size != part.promised:
            msg = f"{part.size:,} of {part.promised:,} bytes arrived"
            raise DownloadInterrupted(msg)
