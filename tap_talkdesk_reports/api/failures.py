"""Describes why a request failed: DNS, TLS, CA bundle, proxy, timeout, a limit of this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests.exceptions
import urllib3.exceptions

from tap_talkdesk_reports.api.session import ClosedWhileIdleError
from tap_talkdesk_reports.core.limits import OUT_OF_FILES, describe_limit

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class _Failure:
    """A kind of failure, recognised by the type and the text of an error in the chain of causes."""

    words: str
    kind: type[BaseException] | tuple[type[BaseException], ...] = BaseException
    text: str = ""
    #: Whether further attempts fail, too, until the operator changes something.
    is_lasting: bool = False

    def fits(self, error: BaseException) -> bool:
        """Whether an error is of this kind."""
        return isinstance(error, self.kind) and re.search(self.text, str(error)) is not None


#: All kinds; the first that fits an error in the chain of causes is used.
FAILURES = (
    _Failure(
        "the CA bundle does not exist: correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE",
        OSError,
        r"^Could\snot\sfind\sa\ssuitable\sTLS",
        is_lasting=True,
    ),
    _Failure(
        "the CA bundle holds no certificate: correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE",
        (OSError, urllib3.exceptions.SSLError),
        r"NO_CERTIFICATE_OR_CRL_FOUND|NO_START_LINE|PEM\slib",
        is_lasting=True,
    ),
    _Failure(
        "a SOCKS proxy needs the package PySocks in the tap's environment: pip install 'requests[socks]'",
        text=r"dependencies\sfor\sSOCKS",
        is_lasting=True,
    ),
    # The URLs of the hosts were checked before, so the URL that is not valid is a proxy's.
    _Failure(
        "a proxy's URL is not valid: correct HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or NO_PROXY",
        (requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError, UnicodeError),
        is_lasting=True,
    ),
    _Failure(
        "a proxy's URL is not valid: correct HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or NO_PROXY",
        ValueError,
        "URL|port|IPv6|proxy",
        is_lasting=True,
    ),
    _Failure(
        "the proxy requires a user and a password, or refuses them: correct HTTPS_PROXY or HTTP_PROXY",
        text=r"407\sProxy",
        is_lasting=True,
    ),
    _Failure("the proxy cannot be reached, or refuses the connection", requests.exceptions.ProxyError),
    _Failure(
        "the TLS certificate of the host is not trusted: set REQUESTS_CA_BUNDLE to a file with its authority",
        text="CERTIFICATE_VERIFY_FAILED",
        is_lasting=True,
    ),
    _Failure("the TLS handshake failed", requests.exceptions.SSLError),
    _Failure("no such host", urllib3.exceptions.NameResolutionError),
    _Failure("the connection is refused", urllib3.exceptions.NewConnectionError),
    _Failure("the connection timed out", urllib3.exceptions.ConnectTimeoutError),
    _Failure("the response did not arrive in time", requests.exceptions.Timeout),
    _Failure("no byte arrived in time", (urllib3.exceptions.TimeoutError, TimeoutError)),
    _Failure("the response body cannot be decompressed", requests.exceptions.ContentDecodingError),
    _Failure(
        "the connection broke",
        (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ConnectionError),
    ),
)


def describe_error(error: BaseException) -> str:
    """Describes an error of a request or this machine and what to do, without any URL or secret."""
    limits = map(describe_limit, _behind(error))
    if limit := next(filter(None, limits), None):
        return limit
    if failure := _failure(error):
        return failure.words
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def is_lasting(error: BaseException) -> bool:
    """Whether an error lasts, so that further attempts fail, too.

    A limit of open files does not go away, because a run keeps its files and connections open.
    """
    failure = _failure(error)
    has_none_left = any(getattr(each, "errno", None) in OUT_OF_FILES for each in _behind(error))
    return has_none_left or (failure is not None and failure.is_lasting)


def was_never_sent(error: BaseException) -> bool:
    """Whether a request certainly did not reach the server."""
    unsent = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
    return any(isinstance(each, unsent) for each in _behind(error))


def was_closed_while_idle(error: BaseException) -> bool:
    """Whether the server closed an idle connection before it responded to the request."""
    return any(isinstance(each, ClosedWhileIdleError) for each in _behind(error))


def _failure(error: BaseException) -> _Failure | None:
    behind = list(_behind(error))
    return next((failure for failure in FAILURES if any(map(failure.fits, behind))), None)


def _behind(error: BaseException) -> Iterator[BaseException]:
    """Yields an error and its causes, as requests and urllib3 wrap them; at most 20."""
    seen: list[BaseException] = []
    todo: list[object] = [error]
    while todo and len(seen) < 20:
        each = todo.pop(0)
        if isinstance(each, BaseException) and each not in seen:
            seen.append(each)
            todo += [*each.args, getattr(each, "reason", None), each.__cause__]
    yield from seen
