"""Names what a failed request met (DNS, connection, TLS, proxy, timeout), and tells if it was never sent."""

from __future__ import annotations

import requests.exceptions
import urllib3.exceptions


def describe_error(error: Exception) -> str:
    """What kind of failure a request met, in words that hold no URL."""
    kinds: list[tuple[type[Exception], str]] = [
        (urllib3.exceptions.NameResolutionError, "no such host"),
        (urllib3.exceptions.NewConnectionError, "the connection is refused"),
        (requests.exceptions.SSLError, "the TLS certificate or handshake is refused"),
        (requests.exceptions.ProxyError, "the proxy cannot be reached"),
        (requests.exceptions.Timeout, "no response in time"),
        (urllib3.exceptions.TimeoutError, "no byte in time"),
    ]
    seen = (error, _reason(error))
    return next(
        (words for kind, words in kinds if any(isinstance(e, kind) for e in seen)), "the connection broke"
    )


def was_never_sent(error: Exception) -> bool:
    """Whether a request surely did not reach the server."""
    return isinstance(
        _reason(error), urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
    )


def _reason(error: Exception) -> object:
    """The reason that urllib3 gave requests, if it gave one."""
    return getattr(error.args[0], "reason", error.args[0]) if error.args else None
