"""Redaction: blacks out secrets, tokens and presigned URLs in messages and in the log lines of urllib3."""

from __future__ import annotations

import json
import logging
import re
from urllib.parse import quote, quote_plus

LONGEST_SHOWN = 300

#: Values that are never shown, wherever they turn up: passwords, keys, and each token as it comes.
_secrets: set[str] = set()


def register_secret(*secrets: str | None) -> None:
    """Remember secrets, so that `redact` blacks them out from now on."""
    _secrets.update(filter(None, secrets))


def redact(text: str) -> str:
    """One line of at most 300 characters, with known secrets, tokens and queries of URLs blacked out."""
    for secret in tuple(_secrets):
        for spelling in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
            text = text.replace(spelling, "***")
    for shape, shown in _SECRET_SHAPES:
        text = shape.sub(shown, text)
    return " ".join(text.split())[:LONGEST_SHOWN]


_SECRET_SHAPES = [
    (re.compile(r"(https?://[^\s?\"'<>]*)\?[^\s\"'<>]*", re.IGNORECASE), r"\1?***"),
    (re.compile(r"\b(bearer|basic)\s+[\"']?[^\s\"',]+", re.IGNORECASE), r"\1 ***"),
    (
        re.compile(
            r"((?:token|secret|password|assertion|signature)[\"']?\s*[:=]\s*)"
            r"(\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|\[[^\]]*\]?|[^\s\"',&}]+)",
            re.IGNORECASE,
        ),
        r"\1***",
    ),
    (re.compile(r"(<[\w-]*(?:signature|token|secret)[\w-]*>)[^<]*", re.IGNORECASE), r"\1***"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"), "***"),
]


class _RedactionFilter(logging.Filter):
    """Keeps whole URLs, and with them the signatures of presigned ones, out of urllib3's log lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args, record.exc_info = redact(record.getMessage()), (), None
        return record.levelno > logging.DEBUG  # its lines at DEBUG hold a path and query without a host


_filter = _RedactionFilter()


def redact_logs() -> None:
    """Filter the log lines of urllib3 from now on."""
    # Filters of a parent logger do not apply to its children.
    for name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
        logging.getLogger(f"urllib3.{name}").addFilter(_filter)
