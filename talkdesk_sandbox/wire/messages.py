"""Classes for HTTP requests and answers, and functions for usual answers: JSON, text, errors, S3 XML."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class FileLike(Protocol):
    """A body that is too large for memory, read in pieces."""

    @property
    def length(self) -> int:
        """Numbers of bytes."""

    def read(self, offset: int, size: int) -> bytes:
        """Reads up to `size` bytes from `offset`."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file, as the body of an answer."""

    file: FileLike
    offset: int
    length: int

    def pieces(self, start: int, stop: int, size: int = 1 << 18) -> Iterator[bytes]:
        """Yields the bytes [start, stop) of the part, in pieces."""
        while start < stop:
            piece = self.file.read(self.offset + start, min(size, stop - start))
            yield piece
            start += len(piece)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are in lower case; the path is still percent-encoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """Parses the body as JSON; returns None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Manner:
    """How an answer is sent: cut, reset, paused, in drops, chunked, or without its length."""

    cut_after: int | None = None
    reset: bool = False
    #: From this byte on the server pauses: once, or before each `drip_bytes`.
    stall_after: int | None = None
    stall_seconds: float = 0
    drip_bytes: int | None = None
    with_length: bool = True
    #: Chunked, without Content-Length. A cut body still ends with a correct last chunk.
    chunked: bool = False
    #: Statuses of interim answers before the final one, such as 103.
    interim: tuple[int, ...] = ()
    #: For an additional header: seconds before each byte, and number of bytes.
    header_drip: tuple[float, int] | None = None


@dataclass(slots=True)
class Answer:
    """One answer. If the status is None, nothing is sent, and the connection is reset after the pause."""

    status: int | None
    body: bytes | Part = b""
    headers: dict[str, str] = field(default_factory=dict)
    manner: Manner = field(default_factory=Manner)

    @property
    def has_body(self) -> bool:
        """Whether an answer of this status may have a body."""
        return self.status not in (None, 204, 304)

    @property
    def length(self) -> int:
        """Numbers of bytes of the body."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.length


def no_answer() -> Answer:
    """Resets the connection before the first byte."""
    return Answer(None, manner=Manner(reset=True))


def late_answer(seconds: float) -> Answer:
    """Sends nothing for so many seconds, then resets the connection."""
    return Answer(None, manner=Manner(reset=True, stall_seconds=seconds))


def json_answer(status: int, content: object, **headers: str) -> Answer:
    """Returns `content` as JSON. Keywords are further headers, with `_` for `-`."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, {"Content-Type": "application/json"} | _headers(headers))


def text_answer(
    status: int, text: str, content_type: str = "text/plain; charset=utf-8", **headers: str
) -> Answer:
    """Returns `text`. Keywords are further headers, with `_` for `-`."""
    return Answer(status, text.encode(), {"Content-Type": content_type} | _headers(headers))


def error_answer(
    status: int, message: str, description: str = "", fields: Sequence[tuple[str, str]] = ()
) -> Answer:
    """Returns an error in the form of Explore. `fields` are names of members, each with its error.

    Talkdesk publishes no literal codes: these are the sandbox's own.
    """
    named = [{"name": name, "description": what} for name, what in fields]
    code = f"{status}{'001' if named else '000'}"
    return json_answer(
        status,
        {"code": code, "message": message, "description": description or message, "fields": named},
    )


def oauth_error(status: int, description: str, error: str = "invalid_request") -> Answer:
    """Returns an error of the OAuth sign-in."""
    return json_answer(status, {"error": error, "error_description": description})


def html_answer(status: int, title: str) -> Answer:
    """Returns an HTML page, as a proxy or load balancer sends instead of the API's answer."""
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return text_answer(status, page, "text/html; charset=utf-8")


def s3_error(status: int, code: str, message: str) -> Answer:
    """Returns an error of the file host, in S3's XML."""
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message>"
        "<RequestId>4442587FB7D0A2F9</RequestId></Error>"
    )
    return text_answer(status, xml, "application/xml")


def _headers(keywords: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in keywords.items()}
