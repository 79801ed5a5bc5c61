"""How programs escape a text in JSON, HTML, URLs and base64, for error bodies that echo a secret."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Characters that Gson and Go's encoding/json escape, besides those that JSON requires.
_GSON, _GO = "=&<>'", "&<>"


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _escaped(text: str, characters: str) -> str:
    return "".join(f"\\u{ord(each):04x}" if each in characters else _json(each) for each in text)


def _url(text: str) -> str:
    return quote(text, safe="")


SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "raw": lambda text: text,
    "json": _json,
    "json_slash": lambda text: _json(text).replace("/", "\\/"),
    "json_twice": lambda text: _json(_json(text)),
    "gson": lambda text: _escaped(text, _GSON),
    "go": lambda text: _escaped(text, _GO),
    "unicode": lambda text: "".join(f"\\u{ord(each):04X}" for each in text),
    "html": html.escape,
    "html_numeric": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "url": _url,
    "url_lower": lambda text: re.sub("%..", lambda match: match[0].lower(), _url(text)),
    "url_twice": lambda text: _url(_url(text)),
    "url_each": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
}
