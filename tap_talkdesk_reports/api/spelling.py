r"""Decodes the escapes of JSON, HTML and URLs, and keeps each character's place in the original text. Pure.

It decodes `\u003d`, `\/`, `\x3d`, `%2f`, `&quot;` and `&#x22;`, mixed and nested. It can
also join words that mail programs and logs break into lines. `redaction` needs both.
"""

from __future__ import annotations

import html
import re
from array import array
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: How many nested levels of escapes are decoded, for example JSON in JSON, in a page, in a URL.
LEVELS = 4

_escapes = re.compile(
    r"(?:\\u[0-9a-f]{4})+|\\x[0-9a-f]{2}|\\.|(?:%[0-9a-f]{2})+|&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});",
    re.IGNORECASE,
)
_space = re.compile(r"\s+")
_backslashes = re.compile(r"\\+")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class Reading:
    """Holds a decoded text, with the place of each character in the original text."""

    def __init__(self, text: str, starts: array[int] | None = None, ends: array[int] | None = None) -> None:
        """Stores a text, with the places of its characters in the original text.

        Args:
            text: The decoded text.
            starts: Where each character starts in the original text; None if this is the original.
            ends: Where each character ends there; None if this is the original.
        """
        self.text = text
        self._starts = array("I", range(len(text))) if starts is None else starts
        self._ends = array("I", range(1, len(text) + 1)) if ends is None else ends

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Returns the start and end, in the original text, of a non-empty part of the decoded text."""
        return self._starts[start], self._ends[end - 1]

    def replaced(
        self, pattern: re.Pattern[str], read: Callable[[str], Iterator[tuple[str, int]]]
    ) -> Reading | None:
        """Returns the reading with each match decoded; None if there is no match.

        Args:
            pattern: Matches the escapes.
            read: Yields the characters of a match, each with the length of its escape.
        """
        parts: list[str] = []
        starts, ends = array("I"), array("I")
        done = 0
        for match in pattern.finditer(self.text):
            at = match.start()
            parts.append(self.text[done:at])
            starts += self._starts[done:at]
            ends += self._ends[done:at]
            for part, length in read(match[0]):
                parts.append(part)
                starts.extend([self._starts[at]] * len(part))
                ends.extend([self._ends[at + length - 1]] * len(part))
                at += length
            done = match.end()
        if not done:
            return None
        starts += self._starts[done:]
        ends += self._ends[done:]
        return Reading("".join([*parts, self.text[done:]]), starts, ends)


def readings(text: str, letters: Mapping[str, str] = _LETTERS) -> Iterator[Reading]:
    """Yields the text itself, then the text with its escapes decoded once, twice and so on.

    Args:
        text: Any text.
        letters: The characters that a backslash and a letter mean; for others, the letter itself.
    """
    reading: Reading | None = Reading(text)
    for _ in range(LEVELS + 1):
        if reading is not None:
            yield reading
            reading = reading.replaced(_escapes, partial(_read, letters))


def without_space(reading: Reading) -> Reading:
    """Returns the reading without white space, in which no line break splits a long value."""
    return reading.replaced(_space, lambda _: iter(())) or reading


def without_backslashes(text: str) -> Reading:
    """Returns the text decoded, without backslashes, and with a letter after a backslash unchanged.

    Use it to find a secret whose backslash looks like the start of an escape.
    """
    *_, last = readings(text, letters={})
    return last.replaced(_backslashes, lambda _: iter(())) or last


def _read(letters: Mapping[str, str], escape: str) -> Iterator[tuple[str, int]]:
    """Decodes an escape, and yields each character with the length of its part of the escape."""
    if escape[0] == "&":
        yield html.unescape(escape), len(escape)
    elif escape[0] == "%":
        for char in bytes.fromhex(escape.replace("%", "")).decode(errors="surrogateescape"):
            yield char, 3 * len(char.encode(errors="surrogateescape"))
    elif escape[1] in "xX" and len(escape) == 4:
        yield bytes.fromhex(escape[2:]).decode("latin-1"), 4
    elif escape[1] in "uU" and len(escape) >= 6:
        units = bytes.fromhex("".join(escape[at + 2 : at + 6] for at in range(0, len(escape), 6)))
        for char in units.decode("utf-16-be", errors="surrogatepass"):
            yield char, 6 * (len(char.encode("utf-16-be", errors="surrogatepass")) // 2)
    else:
        yield letters.get(escape[1], escape[1]), 2
