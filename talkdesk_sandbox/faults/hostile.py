"""Kinds of faults that a hostile or broken server was seen to cause, or could: odd, but well-formed HTTP.

They are apart from `kinds.KINDS`, the faults that a client is expected to get over.
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
    # What an answer says.
    "narrower_timespan": Kind(
        "a server that shortens a timespan which it finds too long",
        _CREATE,
        BEFORE,
        _NARROWER,
        body=odd.narrower_request,
    ),
    "narrower_echo": Kind(
        "an answer for less than what was requested", _JOB, CONTENT, _NARROWER, change=odd.narrower_echo
    ),
    "zoneless_echo": Kind(
        "a server that answers times in a zone of its own, without naming it",
        _JOB,
        CONTENT,
        {"minutes": 60},
        change=odd.zoneless_echo,
    ),
    "same_id": Kind("a cache that answers two requests alike", _CREATE, REPEAT),
    "odd_id": Kind("an id that is a path, or part of one", _JOB, CONTENT, {"id": ".."}, change=odd.odd_id),
    "listed_job": Kind(
        "a job of another program in the list, with an odd id, name or timespan",
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
        "a lifetime of a token that is no time", TOKENS, CONTENT, {"value": 10**400}, change=odd.odd_expiry
    ),
    "echo_secret": Kind(
        "an error that repeats what it was sent, escaped by one writer or another",
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
        "a Date that is no time",
        OPERATIONS,
        ANSWER,
        {"header": "Date", "value": "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"},
        change=odd.odd_header,
    ),
    "odd_length": Kind(
        "a Content-Length that is no length",
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
        "a redirect to a URL that parsers read differently, or not at all",
        frozenset({"status", "files", "object"}),
        LOCATION,
        {"location": "http://files.invalid\\@127.0.0.1/x"},
        change=odd.odd_location,
    ),
    # Bodies, and how they are sent.
    "huge_body": Kind(
        "a body without a bound; `gzip`: of a few bytes on the way",
        API,
        ANSWER,
        {"megabytes": 64, "gzip": False},
        change=odd.huge_body,
    ),
    "empty_body": Kind("a success without a byte", OPERATIONS, INSTEAD, answer=odd.empty_body),
    "not_ready": Kind(
        "a file that does not exist yet, without an error",
        _FILES,
        INSTEAD,
        {"status": 202},
        answer=odd.not_ready,
    ),
    "drip_header": Kind(
        "a server that keeps a connection open with a header",
        OPERATIONS,
        ANSWER,
        {"seconds": 1.0, "count": 600},
        change=odd.drip_header,
    ),
    "drip_body": Kind(
        "a server that keeps a connection open with a body",
        API,
        ANSWER,
        {"seconds": 1.0, "size": 1},
        change=odd.drip_body,
    ),
    "chunked": Kind(
        "chunks instead of a length; `after`: a body that ends early, and well",
        OPERATIONS,
        ANSWER,
        {"after": None},
        change=odd.chunked,
    ),
    "interim_answers": Kind(
        "answers before the final one, as with early hints",
        OPERATIONS,
        ANSWER,
        {"status": 103, "count": 1},
        change=odd.interim_answers,
    ),
}
