"""One HTTP exchange: sends a request, and reads the response within a deadline, unpacked and bounded."""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests.exceptions
import urllib3.exceptions

from tap_talkdesk_reports.api.deadline import Deadline
from tap_talkdesk_reports.api.failures import was_closed_while_idle
from tap_talkdesk_reports.api.redaction import TOO_LONG, redact
from tap_talkdesk_reports.api.session import connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import Session

logger = logging.getLogger("tap-talkdesk-reports")

#: So much of a body is read at most, packed or not. Pages of a list are the longest: some 100 kB.
LONGEST_BODY = 16 << 20
CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Response:
    """A response, its body read."""

    #: Method and URL, without the query.
    request: str
    url: str
    status: int
    headers: Mapping[str, str]
    #: The body, unpacked; of a file that is not read yet, nothing.
    body: bytes
    #: Whether the body is longer than what was read of it, or packed in an unknown way.
    is_cut: bool = False
    #: The response itself, if its body is a file that is not read yet.
    file: requests.Response | None = None

    def __str__(self) -> str:
        """Request, status and body in one line; nothing secret."""
        return f"{self.request} returned {self.status}: {self.excerpt}"

    def close(self) -> None:
        """Let go of a file that is not read to its end."""
        if self.file is not None:
            self.file.close()

    @property
    def excerpt(self) -> str:
        """The begin of the body, for a message."""
        if self.is_cut:  # its end may hold the begin of a secret
            return TOO_LONG
        return redact(self.body.decode(errors="replace")) or "(nothing)"


def exchange(
    session: Session,
    method: str,
    url: str,
    *,
    timeout: float,
    limit: int = LONGEST_BODY,
    files: frozenset[int] = frozenset(),
    **request: Any,
) -> Response:
    """Send a request, and read its response.

    Args:
        session: Makes the connection.
        method: The HTTP method.
        url: The URL.
        timeout: Seconds from sending to the last byte, or to the last header if a file begins there.
        limit: So many bytes of the body are read.
        files: The statuses whose body is a file, which is left to be read.
        request: What `requests` calls `json`, `data`, `params` and so on.

    Raises:
        OSError: the errors of requests are of this kind; also for a CA bundle that is not there.
        urllib3.exceptions.HTTPError: the connection broke within the body.
        ValueError: a URL, such as that of a proxy, is none.
    """
    with Deadline(timeout):
        response = _send(session, method, url, timeout=timeout, **request)
        is_file = response.status_code in files
        if not is_file:
            with response:
                body, is_cut = read_body(response, limit)
    sent = f"{method} {url.partition('?')[0]}"
    status, headers = response.status_code, response.headers
    if is_file:
        return Response(sent, response.url, status, headers, b"", file=response)
    return Response(sent, response.url, status, headers, body, is_cut)


def _send(session: Session, method: str, url: str, **request: Any) -> requests.Response:
    """Send a request; once more if its kept connection turns out to be closed, and nothing came of it.

    A server may close a connection that was not used for a while, at the very moment at which
    it is used again. A POST may have been carried out all the same, so it is not repeated.
    """
    request |= {"stream": True, "allow_redirects": False}
    try:
        return session.request(method, url, **request)
    except requests.exceptions.ConnectionError as error:
        if method == "POST" or not was_closed_while_idle(error):
            raise
        return session.request(method, url, **request)


def open_connection(session: Session, url: str, *, timeout: float) -> None:
    """Open a connection that the next request of this session takes.

    Whatever goes wrong, the request that follows finds it, too, and says so.
    """
    try:
        with Deadline(timeout):
            connect(session, url, timeout)
    except (OSError, ValueError, urllib3.exceptions.HTTPError):
        logger.debug("No connection could be opened ahead")


def read_body(response: requests.Response, limit: int) -> tuple[bytes, bool]:
    """The first bytes of a body, unpacked, and whether it has more.

    Not by requests: it unpacks what it has got whole, and a body of 1 MB may unpack to 1 GB.
    """
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in {"", "identity", "gzip", "x-gzip"}:
        return b"", True  # no request accepts it
    unpacker = zlib.decompressobj(wbits=31) if "gzip" in packing else None
    body = bytearray()
    received = 0
    try:
        for chunk in response.raw.stream(CHUNK_BYTES, decode_content=False):
            received += len(chunk)
            body += unpacker.decompress(chunk, limit + 1 - len(body)) if unpacker else chunk
            if max(len(body), received) > limit:
                return bytes(body[:limit]), True
    except zlib.error:
        raise requests.exceptions.ContentDecodingError from None
    if unpacker and received and not unpacker.eof:
        raise requests.exceptions.ContentDecodingError
    return bytes(body), False
