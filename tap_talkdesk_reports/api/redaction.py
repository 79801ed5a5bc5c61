"""Blacks out secrets, tokens and presigned URLs in messages and in urllib3's log lines."""

from __future__ import annotations

import logging
import re
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING

from tap_talkdesk_reports.api.spelling import Reading, readings, without_backslashes, without_space

if TYPE_CHECKING:
    from collections.abc import Iterator


LONGEST_SHOWN = 300
#: A longer text is not shown at all, because searching all of it for secrets would take too long.
LONGEST_TEXT = 1 << 18
TOO_LONG = "(a text that is too long to be shown)"
SHOWN_INSTEAD = "***"

#: A secret with at least this many characters is also recognised in part, in base64 and in hex.
LONG = 12

#: Registered secrets (passwords, keys, tokens) in all encoded forms, in lower case.
_secrets: set[str] = set()


def register_secret(*secrets: str | None) -> None:
    """Registers secrets, so that `redact` blacks them out from now on."""
    for secret in filter(None, secrets):
        # A backslash at the end would be decoded together with the character that follows it.
        written = (secret, secret.rstrip("\\"), secret.replace(" ", "+"))
        forms = {reading.text for form in written for reading in readings(form)}
        forms |= {without_backslashes(secret).text, secret.replace("\\", "")}
        if len(secret) >= LONG:
            data = secret.encode(errors="surrogatepass")
            encoded = (b64encode(data).decode(), urlsafe_b64encode(data).decode(), data.hex())
            forms.update(encoded, (form.rstrip("=") for form in encoded))
            forms |= {"".join(form.split()) for form in forms}
        _secrets.update(_small(form) for form in forms if form)


def redact(text: str) -> str:
    """Returns one line of at most 300 characters, with secrets, tokens and URL queries blacked out.

    It finds secrets in every encoding. It cuts the line last, because a cut secret would not be found.
    """
    if len(text) > LONGEST_TEXT:
        return TOO_LONG
    spans: list[tuple[int, int]] = []
    reading = Reading("")
    for reading in readings(text):
        found = (*_known(reading.text), *_shaped(reading.text))
        spans += [reading.span(start, end) for start, end in found if start < end]
    bare = without_backslashes(text)
    spans += [bare.span(*span) for span in _known(bare.text)]
    unbroken = without_space(reading)
    spans += [unbroken.span(*span) for span in _known(unbroken.text, shortest=LONG)]
    return " ".join(_blacked_out(text, spans).split())[:LONGEST_SHOWN]


def _known(text: str, shortest: int = 1) -> Iterator[tuple[int, int]]:
    """Yields the spans of registered secrets, also of those that are cut at the end."""
    small = _small(text)
    for secret in tuple(_secrets):
        if len(secret) < shortest:
            continue
        begin = secret[: max(LONG, len(secret) * 3 // 4)]
        at = small.find(begin)
        while at >= 0:
            end = at + len(begin)
            while end < len(small) and end - at < len(secret) and small[end] == secret[end - at]:
                end += 1
            yield at, end
            at = small.find(begin, at + 1)


def _small(text: str) -> str:
    """Returns the text in lower case, with the same length."""
    if text.isascii():
        return text.lower()
    return "".join(small if len(small := char.casefold()) == 1 else char for char in text)


def _shaped(text: str) -> Iterator[tuple[int, int]]:
    """Yields the spans of text that look like a secret; each pattern takes linear time."""
    for match in _URL.finditer(text):
        user, query = match[0].find("@"), match[0].find("?")
        if user > 0:
            yield match.start() + match[0].index("//") + 2, match.start() + user
        if query > 0:
            yield match.start() + query + 1, match.end()
    for match in _ELEMENT.finditer(text):
        if _SECRET_WORD.search(match[1]):
            yield match.span(2)
    for pattern in _SHAPES:
        yield from (match.span(1) for match in pattern.finditer(text))


_URL = re.compile(r"https?://[^\s\"'<>]*+", re.IGNORECASE)
_ELEMENT = re.compile(r"<([\w:-]{1,100}+)>([^<]*+)")
_WORDS = (
    "token|secret|password|assertion|signature|credential|access-?key-?id|access-?id|key-pair-id"
    "|string-?to-?sign|canonical-?request"
)
_SECRET_WORD = re.compile(_WORDS, re.IGNORECASE)
_VALUE = r"(\"(?:[^\"\\]|\\.)*+\"?+|'(?:[^'\\]|\\.)*+'?+|\[[^\]]*+\]?+|[^\s\"',&}]++)"
_SHAPES = [
    re.compile(r"\b(?:bearer|basic)\s++[\"']?+([^\s\"',]++)", re.IGNORECASE),
    re.compile(rf"(?:{_WORDS})[\"']?+\s*+[:=]\s*+{_VALUE}", re.IGNORECASE),
    # Parameters of Azure and CloudFront; the words are too common to match outside a query.
    re.compile(r"(?<![\w-])(?:sig|policy)=([^\s\"'&<>]++)", re.IGNORECASE),
    re.compile(r"(?<![\w-])(eyJ[\w-]*+\.[\w-]++(?:\.[\w-]*+)?+)"),
]


def _blacked_out(text: str, spans: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if end > done:
            if start > done or not parts:
                parts += [text[done:start], SHOWN_INSTEAD]
            done = end
    return "".join([*parts, text[done:]])


class _RedactionFilter(logging.Filter):
    """Removes URLs with their signatures from urllib3's log lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args, record.exc_info = redact(record.getMessage()), (), None
        return record.levelno > logging.DEBUG  # urllib3's DEBUG lines have path and query without a host


_filter = _RedactionFilter()


def redact_logs() -> None:
    """Adds the redaction filter to urllib3's loggers."""
    # A filter of a parent logger does not apply to its children.
    for name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
        logging.getLogger(f"urllib3.{name}").addFilter(_filter)
