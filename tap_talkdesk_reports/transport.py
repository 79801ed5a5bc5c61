"""What every HTTP session of the tap has in common: no netrc, no redirects, no secret in a log."""

from __future__ import annotations

import ipaddress
import logging
import re
import threading

import requests
import requests.auth
import urllib3.exceptions

# At DEBUG, urllib3 logs each address whole, and with it the signature of a signed one.
logging.getLogger("urllib3.connectionpool").addFilter(lambda record: record.levelno > logging.DEBUG)

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


def redacted(text: str, secrets: tuple[str, ...] = ()) -> str:
    """One line of at most 300 characters, with known secrets, tokens and queries of addresses blacked out."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    text = re.sub(r"(https?://[^\s?\"'<>]*)\?[^\s\"'<>]*", r"\1?***", text)
    text = re.sub(r"(?i)\b(bearer|basic)\s+[^\s\"',]+", r"\1 ***", text)
    named = r"(?i)((?:token|secret|password|assertion|signature)[\"']?\s*[:=]\s*[\"']?)[^\s\"',&}]+"
    text = re.sub(named, r"\1***", text)
    text = re.sub(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?", "***", text)
    return " ".join(text.split())[:SHOWN_CHARACTERS]
