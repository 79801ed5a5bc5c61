"""What every HTTP session of the tap has in common: no netrc, no redirects, no secret in a log."""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import threading
from urllib.parse import quote, quote_plus

import requests
import requests.auth
import urllib3.exceptions

SHOWN_CHARACTERS = 300


class Sessions(threading.local):
    """One session for each thread: requests' sessions are not safe to share.

    They keep `trust_env`, and with it proxies and CA bundles of the environment.
    """

    def __init__(self, **headers: str) -> None:
        """Called by `threading.local` once in each thread."""
        self.session = requests.Session()
        self.session.headers.update(headers)


class Bearer(requests.auth.AuthBase):
    """Sets the token, or nothing. Without an `auth` of ours requests would look into ~/.netrc."""

    def __init__(self, token: str | None) -> None:
        """None: no Authorization header at all."""
        self._token = token

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Called by requests for each request."""
        if self._token is not None:
            r.headers["Authorization"] = f"Bearer {self._token}"
        return r


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, where plain http is no risk."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def plain_words(error: Exception) -> str:
    """What kind of trouble a request met, in words that hold no address."""
    kinds: list[tuple[type[Exception], str]] = [
        (urllib3.exceptions.NameResolutionError, "no such host"),
        (urllib3.exceptions.NewConnectionError, "the connection is refused"),
        (requests.exceptions.SSLError, "the TLS certificate or handshake is refused"),
        (requests.exceptions.ProxyError, "the proxy cannot be reached"),
        (requests.exceptions.Timeout, "no answer in time"),
        (urllib3.exceptions.TimeoutError, "no byte in time"),
    ]
    seen = (error, _reason(error))
    return next(
        (words for kind, words in kinds if any(isinstance(e, kind) for e in seen)), "the connection broke"
    )


def never_sent(error: Exception) -> bool:
    """Whether a request surely did not reach the server."""
    return isinstance(
        _reason(error), urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
    )


def _reason(error: Exception) -> object:
    """What urllib3 gave requests as the reason, where it gave one."""
    return getattr(error.args[0], "reason", error.args[0]) if error.args else None


#: Values that are never shown, wherever they turn up: passwords, keys, and each token as it comes.
_hidden: set[str] = set()


def hide(*secrets: str | None) -> None:
    """Remember secrets, so that `redacted` blacks them out from now on."""
    _hidden.update(filter(None, secrets))


def redacted(text: str) -> str:
    """One line of at most 300 characters, with known secrets, tokens and queries of addresses blacked out."""
    for secret in tuple(_hidden):
        for spelling in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
            text = text.replace(spelling, "***")
    for shape, shown in _SECRET_SHAPES:
        text = shape.sub(shown, text)
    return " ".join(text.split())[:SHOWN_CHARACTERS]


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


class _NoAddresses(logging.Filter):
    """Keeps whole addresses, and with them the signatures of signed ones, out of urllib3's log lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args, record.exc_info = redacted(record.getMessage()), (), None
        return record.levelno > logging.DEBUG  # its lines at DEBUG hold a path and query without a host


# Filters of a parent logger do not apply to its children.
for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_NoAddresses())
