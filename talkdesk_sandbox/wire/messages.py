"""HTTP requests and answers as values, and the usual answers: JSON, text, errors, S3 XML."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class FileLike(Protocol):
    """A body too large to hold: its length, and any piece of it."""

    @property
    def length(self) -> int:
        """Bytes in all."""

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset` on."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file, the body of an answer."""

    file: FileLike
    offset: int
    length: int

    def pieces(self, start: int, stop: int, size: int = 1 << 18) -> Iterator[bytes]:
        """The bytes [start, stop) of the stretch, in pieces."""
        while start < stop:
            piece = self.file.read(self.offset + start, min(size, stop - start))
            yield piece
            start += len(piece)


@dataclass(frozen=True, slots=True)
class Request:
    """One request: names of headers in lower case, the path still percent-encoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """The body as JSON; None when it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Manner:
    """How a body is sent: cut, reset, paused, dripped, or without its length."""

    cut_after: int | None = None
    reset: bool = False
    #: From this byte on there are pauses: one, or one before each `drip_bytes`.
    stall_after: int | None = None
    stall_seconds: float = 0
    drip_bytes: int | None = None
    with_length: bool = True
    #: In chunks, which are no length; a cut body is still ended well.
    chunked: bool = False
    #: Statuses of answers before the final one, such as 103.
    interim: tuple[int, ...] = ()
    #: Seconds before each byte of one more header, and how many bytes it has.
    header_drip: tuple[float, int] | None = None


@dataclass(slots=True)
class Answer:
    """One answer; with status None the connection is reset after the pause, and nothing is sent."""

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
        """Bytes of the body."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.length


def no_answer() -> Answer:
    """The connection breaks before the first byte."""
    return Answer(None, manner=Manner(reset=True))


def late_answer(seconds: float) -> Answer:
    """Nothing is sent for a while, then the connection breaks."""
    return Answer(None, manner=Manner(reset=True, stall_seconds=seconds))


def json_answer(status: int, content: object, **headers: str) -> Answer:
    """`content` as JSON; further headers by keyword, `_` standing for `-`."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, {"Content-Type": "application/json"} | _headers(headers))


def text_answer(
    status: int, text: str, content_type: str = "text/plain; charset=utf-8", **headers: str
) -> Answer:
    """`text` as it is; further headers by keyword, `_` standing for `-`."""
    return Answer(status, text.encode(), {"Content-Type": content_type} | _headers(headers))


def error_answer(
    status: int, message: str, description: str = "", fields: Sequence[tuple[str, str]] = ()
) -> Answer:
    """An error in the form of Explore; `fields` are names, each with what is wrong with it.

    No literal code is published: these are the sandbox's own.
    """
    named = [{"name": name, "description": what} for name, what in fields]
    code = f"{status}{'001' if named else '000'}"
    return json_answer(
        status,
        {"code": code, "message": message, "description": description or message, "fields": named},
    )


def oauth_error(status: int, description: str, error: str = "invalid_request") -> Answer:
    """An error of Explore's sign-in."""
    return json_answer(status, {"error": error, "error_description": description})


def html_answer(status: int, title: str) -> Answer:
    """The page of a proxy or load balancer that speaks for the API."""
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return text_answer(status, page, "text/html; charset=utf-8")


def s3_error(status: int, code: str, message: str) -> Answer:
    """An error of the file host, in S3's XML."""
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message>"
        "<RequestId>4442587FB7D0A2F9</RequestId></Error>"
    )
    return text_answer(status, xml, "application/xml")


def _headers(keywords: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in keywords.items()}
