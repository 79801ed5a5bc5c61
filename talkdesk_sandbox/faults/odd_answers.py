"""Functions that apply hostile faults to an answer: to its content, headers, body, and how it is sent."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from talkdesk_sandbox.faults.spellings import SPELLINGS
from talkdesk_sandbox.wire.messages import Answer, Part, json_answer, text_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from talkdesk_sandbox.faults.kind import Context

#: An id in the form of each API.
_IDS = {"reporting": "0" * 24, "explore": "00000000-0000-4000-8000-000000000000"}
_MEBIBYTE = 1 << 20


# Timespans, ids and lists.


def narrower_request(body: dict[str, Any], context: Context) -> dict[str, Any]:
    """Shortens the timespan of a request."""
    try:
        return body | {"timespan": _narrower(body["timespan"], context)}
    except (KeyError, TypeError, ValueError):
        return body


def narrower_echo(answer: Answer, context: Context) -> None:
    """Shortens the timespan in an answer, but not that of the job."""
    _edit_job(answer, lambda job: job | {"timespan": _narrower(job["timespan"], context)})


def zoneless_echo(answer: Answer, context: Context) -> None:
    """Writes the times of an answer in the server's time zone, without an offset."""
    shift = timedelta(minutes=context.details["minutes"])

    def local(text: str) -> str:
        return _written(_read(text) + shift, text).removesuffix(" UTC").removesuffix("Z")

    _edit_job(
        answer, lambda job: job | {"timespan": {name: local(at) for name, at in job["timespan"].items()}}
    )


def odd_id(answer: Answer, context: Context) -> None:
    """Replaces the id everywhere in an answer."""
    content = _content(answer)
    old = content.get("job", content)["id"]
    new = json.dumps(context.details["id"])[1:-1].encode()
    assert isinstance(answer.body, bytes)
    answer.body = answer.body.replace(str(old).encode(), new)


def listed_job(answer: Answer, context: Context) -> None:
    """Adds a job at the beginning of a list."""
    details, content = context.details, _content(answer)
    embedded = next(value for name, value in content.items() if name.startswith("_emb"))
    job: dict[str, object] = {
        "id": details["id"] or _IDS[context.api or "explore"],
        "status": details["status"],
        "timespan": {"from": details["begins"], "to": details["ends"]},
    }
    if context.api == "explore":
        job |= {"name": details["job_name"], "format": "json", "created_at": details["created_at"]}
    embedded["jobs"].insert(0, job)
    answer.body = json.dumps(content).encode()


def odd_expiry(answer: Answer, context: Context) -> None:
    """Replaces the lifetime of a token with a value that is not a valid one."""
    content = _content(answer)
    name = "expires_in" if "expires_in" in content else "access_token_expires"
    answer.body = json.dumps(content | {name: context.details["value"]}).encode()


def _content(answer: Answer) -> dict[str, Any]:
    content = json.loads(answer.body) if isinstance(answer.body, bytes) else {}
    return content if isinstance(content, dict) else {}


def _edit_job(answer: Answer, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    content = _content(answer)
    content = content | {"job": edit(content["job"])} if "job" in content else edit(content)
    answer.body = json.dumps(content).encode()


def _narrower(timespan: dict[str, str], context: Context) -> dict[str, str]:
    begins, ends = (_read(timespan[name]) for name in ("from", "to"))
    cut = min(timedelta(seconds=context.details["seconds"]), ends - begins)
    if context.details["end"] == "to":
        return timespan | {"to": _written(ends - cut, timespan["to"])}
    return timespan | {"from": _written(begins + cut, timespan["from"])}


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix(" UTC"))


def _written(at: datetime, like: str) -> str:
    """Writes a time in the format of another."""
    if like.endswith(" UTC"):
        return f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return at.isoformat().replace("+00:00", "Z") if like.endswith("Z") else at.isoformat()


# Headers.


def skewed_date(answer: Answer, context: Context) -> None:
    """Sets the Date header to the time of another clock."""
    at = context.at + timedelta(seconds=context.details["seconds"])
    answer.headers["Date"] = format_datetime(at, usegmt=True)


def odd_header(answer: Answer, context: Context) -> None:
    """Replaces the value of a header. Content-Length is not sent a second time."""
    name = context.details["header"]
    answer.headers[name] = str(context.details["value"])
    if name == "Content-Length":
        answer.manner = replace(answer.manner, chunked=False, with_length=True)


def odd_location(answer: Answer, context: Context) -> None:
    """Replaces the target of a redirect. The file host redirects instead of sending the file."""
    answer.headers["Location"] = context.details["location"]
    if context.operation == "object":
        answer.status, answer.body = 307, b""


# Bodies.


@dataclass(frozen=True)
class Repeated:
    """A body of many repetitions of the same bytes and a tail, without the memory for all of it."""

    piece: bytes
    count: int
    tail: bytes

    @property
    def length(self) -> int:
        """Numbers of bytes."""
        return len(self.piece) * self.count + len(self.tail)

    def read(self, offset: int, size: int) -> bytes:
        """Reads up to `size` bytes from `offset`."""
        behind = offset - len(self.piece) * self.count
        if behind >= 0:
            return self.tail[behind : behind + size]
        start = offset % len(self.piece)
        return self.piece[start : start + size]


def huge_body(answer: Answer, context: Context) -> None:
    """Puts many spaces before the body, which stays the same JSON."""
    blanks, tail = b" " * _MEBIBYTE, answer.body if isinstance(answer.body, bytes) else b""
    if context.details["gzip"]:
        blanks, tail = gzip.compress(blanks, mtime=0), gzip.compress(tail, mtime=0)
        answer.headers["Content-Encoding"] = "gzip"
    body = Repeated(blanks, int(context.details["megabytes"]), tail)
    answer.body = Part(body, 0, body.length)


def empty_body(context: Context) -> Answer:
    """Returns a success with an empty body."""
    return Answer(context.success)


def not_ready(context: Context) -> Answer:
    """Returns that the file is not ready, with a success status."""
    status = int(context.details["status"])
    return Answer(status) if status == 204 else json_answer(status, {"status": "processing"})


def echo_secret(context: Context) -> Answer:
    """Returns an error that repeats a secret."""
    details = context.details
    spelled = SPELLINGS[details["spelling"]](_secret(details["secret"], context))
    blanks = " " * int(details["padding"])
    return text_answer(int(details["status"]), f"{blanks}Refused for <{spelled}>.")


def _secret(name: str, context: Context) -> str:
    """Returns a secret by its name. A secret that the request does not have is empty."""
    ours = context.credentials
    match name:
        case "access_token":
            return context.request.headers.get("authorization", "").partition(" ")[2]
        case "basic":
            return base64.b64encode(f"{ours['client_id']}:{ours['client_secret']}".encode()).decode()
        case "signature":
            return parse_qs(context.request.query).get("X-Amz-Signature", [""])[0]
    return ours[name]


# How an answer is sent.


def drip_header(answer: Answer, context: Context) -> None:
    """Sends an additional header, byte by byte."""
    drip = float(context.details["seconds"]), int(context.details["count"])
    answer.manner = replace(answer.manner, header_drip=drip)


def drip_body(answer: Answer, context: Context) -> None:
    """Sends the body a few bytes at a time."""
    seconds, size = float(context.details["seconds"]), int(context.details["size"])
    answer.manner = replace(answer.manner, stall_after=0, stall_seconds=seconds, drip_bytes=size)


def interim_answers(answer: Answer, context: Context) -> None:
    """Sends interim answers before the final one."""
    statuses = (int(context.details["status"]),) * int(context.details["count"])
    answer.manner = replace(answer.manner, interim=statuses)


def chunked(answer: Answer, context: Context) -> None:
    """Sends the body in chunks, without a length. A body that is cut still ends with a last chunk."""
    after = context.details["after"]
    cut = answer.manner.cut_after if after is None else min(int(after), answer.length)
    answer.manner = replace(answer.manner, chunked=True, cut_after=cut)
