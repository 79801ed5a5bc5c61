"""Sends requests to one API host: retries transient errors, obeys Retry-After, renews refused tokens.

`exchange` makes a single exchange, with its deadline and the limits of its body.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import urllib3.exceptions
from singer_sdk.exceptions import RetriableAPIError

from tap_talkdesk_reports.api.exchange import Response, exchange, open_connection
from tap_talkdesk_reports.api.failures import describe_error, is_lasting, was_never_sent
from tap_talkdesk_reports.api.headers import read_date, read_retry_after
from tap_talkdesk_reports.api.session import Bearer, Sessions
from tap_talkdesk_reports.core.clock import pauses
from tap_talkdesk_reports.core.errors import (
    AuthenticationError,
    RequestRefusedError,
    ResponseLostError,
    UnavailableError,
    UnexpectedResponseError,
)
from tap_talkdesk_reports.core.words import counted, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tap_talkdesk_reports.core.clock import Clock

T = TypeVar("T")

logger = logging.getLogger("tap-talkdesk-reports")

#: Statuses after which a request is retried.
RETRIABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
TOO_MANY = 429
LIMIT_ADVICE = "the account's limit is reached: run again later, or lower max_concurrent_jobs"

#: Attempts after unexpected responses. A proxy's error page may go away; a changed API does not.
ATTEMPTS_IF_UNEXPECTED = 3

SECONDS_BETWEEN_WARNINGS = 60

#: Seconds. A `Date` header may show this difference between clocks that agree.
DATE_RESOLUTION = 2


class Tokens(Protocol):
    """Provides the token of each request."""

    def token(self) -> str:
        """Returns a token that should be valid."""

    def renew(self, refused: str) -> None:
        """Replaces a token that the API refused."""


@dataclass
class ServerClock:
    """Measures Talkdesk's clock by the `Date` header of the latest API or sign-in response."""

    #: Seconds that Talkdesk's clock is ahead of this machine's.
    skew: float = 0.0

    def read(self, headers: Mapping[str, str], now: datetime) -> None:
        """Updates the skew from a `Date` header, if there is one; it is exact to a second or two."""
        if date := read_date(headers.get("Date", "")):
            skew = (date - now).total_seconds()
            self.skew = skew if abs(skew) > DATE_RESOLUTION else 0.0


@dataclass(frozen=True)
class RequestPolicy:
    """The retry policy and other request settings, the same for every host."""

    clock: Clock
    user_agent: str
    #: Seconds from sending a request to the last byte of its response.
    timeout: float
    #: Attempts of a request after lost connections and retriable statuses other than 429.
    attempts: int = 8
    #: Seconds after which retries end. After 429 only this counts: others may hold the account's jobs.
    max_wait: float = 3600.0
    server_clock: ServerClock = field(default_factory=ServerClock)

    def now(self) -> datetime:
        """Returns the current time by Talkdesk's clock."""
        return self.clock.now() + timedelta(seconds=self.server_clock.skew)


class _TransientError(RetriableAPIError):
    """Raised after a retriable status, a lost connection or an unexpected response."""

    def __init__(
        self,
        message: str,
        *,
        attempts: float = ATTEMPTS_IF_UNEXPECTED,
        advice: str = "",
        wait: float | None = None,
        lost: bool = True,
        unexpected: UnexpectedResponseError | None = None,
    ) -> None:
        super().__init__(message)
        #: The number of attempts after which the client gives up.
        self.attempts = attempts
        #: What the user can do if it lasts.
        self.advice = advice
        #: Seconds that the API wants the client to wait.
        self.wait = wait
        #: Whether the API may have carried out the request.
        self.lost = lost
        #: The error for an unexpected response, if that is the reason.
        self.unexpected = unexpected


class Client:
    """Sends requests to one host, with one session for each thread.

    It never follows a redirect: it returns the redirect as a response.
    """

    def __init__(self, base_url: str, policy: RequestPolicy, tokens: Tokens | None = None) -> None:
        """Prepares the sessions; without `tokens` no request has an Authorization header."""
        self.base_url = base_url
        self._policy = policy
        self._tokens = tokens
        headers = {"User-Agent": policy.user_agent, "Accept": "application/json", "Accept-Encoding": "gzip"}
        self._sessions = Sessions(**headers)
        self._warned_at: float | None = None

    def connect(self) -> None:
        """Opens this thread's connection ahead of its first request."""
        open_connection(self._sessions.session, self.base_url, timeout=self._policy.timeout)

    def send(
        self,
        method: str,
        path: str,
        read: Callable[[Response], T],
        *,
        expect: frozenset[int],
        repeatable: bool = True,
        **request: Any,
    ) -> T:
        """Sends one request, retries it after transient errors, and reads the response.

        Args:
            method: The HTTP method.
            path: The path below the base URL.
            read: Converts a response to the result, or raises UnexpectedResponseError.
            expect: The statuses that `read` accepts; any other is an error.
            repeatable: False if a second request would create a second job. It is then
                repeated only if the API certainly did not carry out the first.
            request: Further arguments of `exchange`, such as `limit` and `files`, and of
                `requests`, such as `json`, `data` and `params`.

        Returns:
            The result of `read`.

        Raises:
            AuthenticationError: the API refuses the token, and a new token, too.
            RequestRefusedError: the status is neither expected nor retriable.
            UnavailableError: all attempts failed, or the error does not go away by itself.
            UnexpectedResponseError: `read` raised it at each of several attempts.
            ResponseLostError: a request that is not repeatable may have been carried out.
        """
        clock = self._policy.clock
        started = clock.monotonic()
        for attempt, pause in enumerate(pauses(), 1):
            try:
                return self._read(read, self._response(method, path, expect, request))
            except _TransientError as error:
                waited = clock.monotonic() - started
                if error.lost and not repeatable:
                    raise ResponseLostError(
                        str(error), wait=error.wait, is_unexpected=error.unexpected is not None
                    ) from None
                if attempt >= error.attempts or waited >= self._policy.max_wait:
                    if error.unexpected:
                        raise error.unexpected from None
                    msg = f"{error}; given up after {counted(attempt, 'attempt')} in {in_words(waited)}"
                    raise UnavailableError(f"{msg}; {error.advice}") from None
                wait = error.wait if error.wait is not None else clock.jittered(pause)
                wait = min(wait, max(1.0, self._policy.max_wait - waited))
                self._log(error, wait)
            # backoff's decorator is not used, because nothing can interrupt its sleep.
            clock.sleep(wait)
        raise AssertionError

    def _response(self, method: str, path: str, expect: frozenset[int], request: dict[str, Any]) -> Response:
        """Returns a response of an expected status; after 401 or 403 it tries once with a new token."""
        token = self._tokens.token() if self._tokens else None
        response = self._exchange(method, path, request, token)
        if self._tokens and token and response.status in {401, 403}:
            self._tokens.renew(token)
            response = self._exchange(method, path, request, self._tokens.token())
            if response.status == 401:
                msg = (
                    "Talkdesk refuses its own new token; check region, api_url and token_url: "
                    f"the account may belong to another region. {response}"
                )
                raise AuthenticationError(msg)
        if response.status in expect:
            return response
        if response.status in RETRIABLE:
            wait = read_retry_after(response.headers.get("Retry-After", ""), self._policy.now())
            is_limit = response.status == TOO_MANY
            attempts = float("inf") if is_limit else self._policy.attempts
            advice = LIMIT_ADVICE if is_limit else "run again later"
            raise _TransientError(
                str(response), attempts=attempts, advice=advice, wait=wait, lost=not is_limit
            )
        raise RequestRefusedError(str(response), status=response.status)

    def _exchange(self, method: str, path: str, request: dict[str, Any], token: str | None) -> Response:
        """Sends one request, and returns its response with any status."""
        url, timeout = self.base_url + path, self._policy.timeout
        try:
            response = exchange(
                self._sessions.session, method, url, timeout=timeout, auth=Bearer(token), **request
            )
        except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
            # The error's own text is not shown: it contains the whole URL.
            msg = f"{method} {self.base_url}{path.partition('?')[0]}: {describe_error(error)}"
            if is_lasting(error):
                raise UnavailableError(msg, is_lasting=True) from None
            lost = not was_never_sent(error)
            attempts, advice = self._policy.attempts, "check the host and the network, or run again later"
            raise _TransientError(msg, attempts=attempts, advice=advice, lost=lost) from None
        self._policy.server_clock.read(response.headers, self._policy.clock.now())
        return response

    @staticmethod
    def _read(read: Callable[[Response], T], response: Response) -> T:
        try:
            return read(response)
        except UnexpectedResponseError as error:
            raise _TransientError(str(error), unexpected=error) from None

    def _log(self, error: _TransientError, wait: float) -> None:
        """Logs a retry: at most one warning a minute, the others at DEBUG."""
        now = self._policy.clock.monotonic()
        due = self._warned_at is None or now - self._warned_at >= SECONDS_BETWEEN_WARNINGS
        if due:
            self._warned_at = now
        logger.log(logging.WARNING if due else logging.DEBUG, "%s; retrying in %.1f s", error, wait)
