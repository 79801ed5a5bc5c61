"""Checks URLs with urllib3's parser, so that the checked host is the host of the connection."""

from __future__ import annotations

import ipaddress
import re

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url


def read_url(text: str) -> Url:
    """Parses an absolute http or https URL in the same way as the connection.

    Raises:
        ValueError: the text is not such a URL, or parsers may disagree about it: it has a user,
            a backslash, blanks or control characters. The message does not show the URL.
    """
    if re.search(r"[\x00-\x20\x7f\\]", text):
        msg = "it contains a space, a backslash or a control character"
        raise ValueError(msg)
    try:
        url = parse_url(text)
        host = (url.host or "").encode("idna")  # as the connection does
    except (LocationParseError, UnicodeError):
        url, host = Url(), b""
    if url.scheme not in {"http", "https"} or not host or host.startswith((b".", b"*")):
        msg = "it is not an http or https URL with a host"
        raise ValueError(msg)
    if url.auth is not None or re.match(r"[^/?#]*//[^/?#]*@", text):
        msg = "it contains a user name"
        raise ValueError(msg)
    return url


def is_loopback(host: str) -> bool:
    """Whether a host is this machine; plain http to it is safe."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
