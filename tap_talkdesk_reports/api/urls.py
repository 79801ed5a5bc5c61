"""Checks URLs: the host that is checked is the host that is connected to, as urllib3's parser does both."""

from __future__ import annotations

import ipaddress
import re

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url


def read_url(text: str) -> Url:
    """Parse an absolute URL of http or https as the connection will.

    Raises:
        ValueError: it is none, or it has what parsers disagree about: a user, a backslash,
            blanks or control characters. The message does not show it.
    """
    if re.search(r"[\x00-\x20\x7f\\]", text):
        msg = "a URL with a blank, a backslash or a control character"
        raise ValueError(msg)
    try:
        url = parse_url(text)
        host = (url.host or "").encode("idna")  # as the connection does
    except (LocationParseError, UnicodeError):
        url, host = Url(), b""
    if url.scheme not in {"http", "https"} or not host or host.startswith((b".", b"*")):
        msg = "no URL of a host"
        raise ValueError(msg)
    if url.auth is not None or re.match(r"[^/?#]*//[^/?#]*@", text):
        msg = "a URL with a user"
        raise ValueError(msg)
    return url


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, where plain http is no risk."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
