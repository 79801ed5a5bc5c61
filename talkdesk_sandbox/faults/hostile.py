"""Faults of hostile or broken servers, seen or possible: unusual, but well-formed HTTP.

A client must handle them safely, but need not recover from each. The faults that it should
recover from are in `kinds.KINDS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talkdesk_sandbox.faults import odd_answers as odd
from talkdesk_sandbox.faults.kind import (
    ANSWER,
    API,
    BEFORE,
    CONTENT,
    INSTEAD,
    LOCATION,
    OPERATIONS,
    REPEAT,
    TOKENS,
    Kind,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_CREATE, _FILES, _LIST = frozenset({"create"}), frozenset({"files"}), frozenset({"list"})
_JOB = frozenset({"create", "status"})
_NARROWER = {"seconds": 3600.0, "end": "to"}

HOSTILE: Mapping[str, Kind] = {
    # Content of an answer.
    "narrower_timespan": Kind(
        "a server that shortens a timespan that is too long",
        _CREATE,
        BEFORE,
        _NARROWER,
        body=odd.narrower_request,
    ),
    "narrower_echo": Kind(
        "an answer for less than what was requested", _JOB, CONTENT, _NARROWER, change=odd.narrower_echo
    ),
    "zoneless_echo": Kind(
        "a server that returns times in its own time zone, without an offset",
        _JOB,
        CONTENT,
        {"minutes": 60},
        change=odd.zoneless_echo,
    ),
    "same_id": Kind("a cache that gives two requests the same answer", _CREATE, REPEAT),
    "odd_id": Kind("an id that is a path, or a part of one", _JOB, CONTENT, {"id": ".."}, change=odd.odd_id),
    "listed_job": Kind(
        "a job of another program in the list, with an unusual id, name or timespan",
        _LIST,
        CONTENT,
        {
            "id": None,
            "status": "done",
            "job_name": "All of it",
            "begins": "0001-01-01T00:00:00+05:00",
            "ends": "9999-12-31T23:59:59-08:00",
            "created_at": "2024-05-01T00:00:00.000",
        },
        change=odd.listed_job,
    ),
    "odd_expiry": Kind(
        "an invalid lifetime of a token", TOKENS, CONTENT, {"value": 10**400}, change=odd.odd_expiry
    ),
    "echo_secret": Kind(
        "an error that repeats a secret of the request, in one of several escaped forms",
        OPERATIONS,
        INSTEAD,
        {"status": 400, "secret": "client_secret", "spelling": "raw", "padding": 0},
        answer=odd.echo_secret,
    ),
    # Headers.
    "skewed_date": Kind(
        "a server whose clock is wrong", OPERATIONS, ANSWER, {"seconds": 3600.0}, change=odd.skewed_date
    ),
    "odd_date": Kind(
        "a Date header that is not a valid date",
        OPERATIONS,
        ANSWER,
        {"header": "Date", "value": "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"},
        change=odd.odd_header,
    ),
    "odd_length": Kind(
        "a Content-Length that is not a possible length",
        OPERATIONS,
        ANSWER,
        {"header": "Content-Length", "value": "1" + "0" * 30},
        change=odd.odd_header,
    ),
    "odd_header": Kind(
        "a header with a far date, a huge number, or any other value",
        OPERATIONS,
        ANSWER,
        {"header": "Retry-After", "value": "Fri, 31 Dec 9999 23:59:59 -0800"},
        change=odd.odd_header,
    ),
    "odd_location": Kind(
        "a redirect to a URL that parsers read differently, or reject",
        frozenset({"status", "files", "object"}),
        LOCATION,
        {"location": "http://files.invalid\\@127.0.0.1/x"},
        change=odd.odd_location,
    ),
    # Bodies, and how they are sent.
    "huge_body": Kind(
        "a huge body; `gzip`: a small one that expands to it",
        API,
        ANSWER,
        {"megabytes": 64, "gzip": False},
        change=odd.huge_body,
    ),
    "empty_body": Kind("a success with an empty body", OPERATIONS, INSTEAD, answer=odd.empty_body),
    "not_ready": Kind(
        "a file that is not ready, answered without an error",
        _FILES,
        INSTEAD,
        {"status": 202},
        answer=odd.not_ready,
    ),
    "drip_header": Kind(
        "a server that keeps a connection open with a slow header",
        OPERATIONS,
        ANSWER,
        {"seconds": 1.0, "count": 600},
        change=odd.drip_header,
    ),
    "drip_body": Kind(
        "a server that keeps a connection open with a slow body",
        API,
        ANSWER,
        {"seconds": 1.0, "size": 1},
        change=odd.drip_body,
    ),
    "chunked": Kind(
        "chunks instead of a length; `after`: a body that ends early with a correct last chunk",
        OPERATIONS,
        ANSWER,
        {"after": None},
        change=odd.chunked,
    ),
    "interim_answers": Kind(
        "interim answers before the final one, such as early hints",
        OPERATIONS,
        ANSWER,
        {"status": 103, "count": 1},
        change=odd.interim_answers,
    ),
}
