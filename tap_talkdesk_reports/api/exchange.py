"""Makes one HTTP exchange: sends a request, and reads the response within limits of time and size."""

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

#: Most bytes of a body that are read, packed or unpacked. Pages of a list are longest: some 100 kB.
LONGEST_BODY = 16 << 20
CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Response:
    """A response whose body was read, unless it is a file."""

    #: Method and URL of the request, without the query.
    request: str
    url: str
    status: int
    headers: Mapping[str, str]
    #: The unpacked body; empty for a file, which is not read yet.
    body: bytes
    #: Whether the body is longer than the limit, or packed in an unknown way.
    is_cut: bool = False
    #: The open response of `requests`, if its body is a file, which is not read yet.
    file: requests.Response | None = None

    def __str__(self) -> str:
        """Formats request, status and body in one line, without secrets."""
        return f"{self.request} returned {self.status}: {self.excerpt}"

    def close(self) -> None:
        """Closes the response of a file."""
        if self.file is not None:
            self.file.close()

    @property
    def excerpt(self) -> str:
        """The start of the body, for a message."""
        if self.is_cut:  # a secret that is cut at the end would not be recognised
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
    """Sends a request, and reads its response.

    Args:
        session: Makes the connection.
        method: The HTTP method.
        url: The URL.
        timeout: Seconds from sending to the last byte of the body; for a file, to the last header.
        limit: Most bytes of the body that are read.
        files: The statuses whose body is a file; the caller reads it.
        request: Further arguments of `requests`, such as `json`, `data` and `params`.

    Raises:
        OSError: the request failed (the errors of requests derive from it), or a CA bundle is missing.
        urllib3.exceptions.HTTPError: the connection broke within the body.
        ValueError: a URL, such as a proxy's, is not valid.
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
    """Sends a request; sends it again if the server had closed the idle connection.

    A server may close an idle connection at the moment when the client uses it again. A POST is
    not repeated, because the server may have carried it out.
    """
    request |= {"stream": True, "allow_redirects": False}
    try:
        return session.request(method, url, **request)
    except requests.exceptions.ConnectionError as error:
        if method == "POST" or not was_closed_while_idle(error):
            raise
        return session.request(method, url, **request)


def open_connection(session: Session, url: str, *, timeout: float) -> None:
    """Opens a connection that the session's next request uses.

    It ignores errors, because the next request meets and reports them.
    """
    try:
        with Deadline(timeout):
            connect(session, url, timeout)
    except (OSError, ValueError, urllib3.exceptions.HTTPError):
        logger.debug("No connection could be opened before the first request")


def read_body(response: requests.Response, limit: int) -> tuple[bytes, bool]:
    """Reads at most `limit` bytes of a body, unpacked; also returns whether it has more.

    requests is not used for this: it unpacks without a limit, and 1 MB may unpack to 1 GB.
    """
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in {"", "identity", "gzip", "x-gzip"}:
        return b"", True  # a packing that the request did not accept
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
