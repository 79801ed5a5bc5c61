"""Requests to one API host: retries of transient errors, Retry-After, new tokens after 401 and 403.

A single exchange, with its deadline and the bounds of its body, is `exchange`'s.
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
from tap_talkdesk_reports.core.clock import in_words, pauses
from tap_talkdesk_reports.core.errors import (
    AuthenticationError,
    RequestRefusedError,
    ResponseLostError,
    UnavailableError,
    UnexpectedResponseError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tap_talkdesk_reports.core.clock import Clock

T = TypeVar("T")

logger = logging.getLogger("tap-talkdesk-reports")

#: Retriable statuses.
RETRIABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
TOO_MANY = 429

#: Attempts that get unexpected responses: a proxy's page may pass, a changed API does not.
ATTEMPTS_IF_UNEXPECTED = 3

SECONDS_BETWEEN_WARNINGS = 60

#: Seconds of difference that a `Date` header shows between clocks that agree.
DATE_RESOLUTION = 2


class Tokens(Protocol):
    """The source of the token of each request."""

    def token(self) -> str:
        """A token that is valid, or is believed to be."""

    def renew(self, refused: str) -> None:
        """Take note that the API refused this token."""


@dataclass
class ServerClock:
    """Talkdesk's clock, by the `Date` of its latest response, of the API host or the sign-in host."""

    #: Seconds that it is ahead of this machine's.
    skew: float = 0.0

    def read(self, headers: Mapping[str, str], now: datetime) -> None:
        """Take note of a `Date` header, if there is one; it is exact to a second or two."""
        if date := read_date(headers.get("Date", "")):
            skew = (date - now).total_seconds()
            self.skew = skew if abs(skew) > DATE_RESOLUTION else 0.0


@dataclass(frozen=True)
class RequestPolicy:
    """How requests are made, the same for every host."""

    clock: Clock
    user_agent: str
    #: Seconds from sending a request to the last byte of its response.
    timeout: float
    #: How often a request is made that meets lost connections and 5xx; 429 does not count.
    attempts: int = 8
    #: Seconds for which a request is retried at all, for 429 too: others may hold all jobs of the account.
    max_wait: float = 3600.0
    server_clock: ServerClock = field(default_factory=ServerClock)

    def now(self) -> datetime:
        """The present, by Talkdesk's clock."""
        return self.clock.now() + timedelta(seconds=self.server_clock.skew)


class _TransientError(RetriableAPIError):
    """A retriable status, a lost connection or an unexpected response."""

    def __init__(
        self,
        message: str,
        *,
        attempts: float = ATTEMPTS_IF_UNEXPECTED,
        wait: float | None = None,
        lost: bool = True,
        unexpected: UnexpectedResponseError | None = None,
    ) -> None:
        super().__init__(message)
        #: After so many attempts it counts as lasting.
        self.attempts = attempts
        #: Seconds that the API wants the client to wait.
        self.wait = wait
        #: Whether the request may have been carried out all the same.
        self.lost = lost
        #: The unexpected response, if it is one.
        self.unexpected = unexpected


class Client:
    """Speaks to one host, over one session for each thread.

    Redirects are responses like others and never followed.
    """

    def __init__(self, base_url: str, policy: RequestPolicy, tokens: Tokens | None = None) -> None:
        """Without `tokens` no request carries an Authorization header."""
        self.base_url = base_url
        self._policy = policy
        self._tokens = tokens
        headers = {"User-Agent": policy.user_agent, "Accept": "application/json", "Accept-Encoding": "gzip"}
        self._sessions = Sessions(**headers)
        self._warned_at: float | None = None

    def connect(self) -> None:
        """Open this thread's connection, so that its first request need not."""
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
        """Make one request, retry it while errors are transient, and read the response.

        Args:
            method: The HTTP method.
            path: The path below the base URL.
            read: Makes the result of a response, or raises UnexpectedResponseError.
            expect: The statuses that `read` takes; any other is an error.
            repeatable: False if a second request would create a second job: then
                it is repeated only if the first was surely not carried out.
            request: What `exchange` takes, such as `limit` and `files`, and what `requests`
                calls `json`, `data`, `params` and so on.

        Raises:
            AuthenticationError: the API refuses the token, also a new one.
            RequestRefusedError: any other status that is neither expected nor retriable.
            UnavailableError: the error was still there after all attempts, or is of a kind that lasts.
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
                    msg = f"{error}; given up after {attempt} attempts in {in_words(waited)}"
                    raise UnavailableError(msg) from None
                wait = error.wait if error.wait is not None else clock.jittered(pause)
                wait = min(wait, max(1.0, self._policy.max_wait - waited))
                self._log(error, wait)
            # Not backoff's decorator: nothing can interrupt the way it sleeps.
            clock.sleep(wait)
        raise AssertionError

    def _response(self, method: str, path: str, expect: frozenset[int], request: dict[str, Any]) -> Response:
        """A response of an expected status; after 401 or 403 once more, with a new token."""
        token = self._tokens.token() if self._tokens else None
        response = self._exchange(method, path, request, token)
        if self._tokens and token and response.status in {401, 403}:
            self._tokens.renew(token)
            response = self._exchange(method, path, request, self._tokens.token())
            if response.status == 401:
                msg = "Talkdesk refuses its own new token, as it does that of another region"
                raise AuthenticationError(f"{msg}: check region, api_url and token_url. {response}")
        if response.status in expect:
            return response
        if response.status in RETRIABLE:
            wait = read_retry_after(response.headers.get("Retry-After", ""), self._policy.now())
            is_limit = response.status == TOO_MANY
            attempts = float("inf") if is_limit else self._policy.attempts
            raise _TransientError(str(response), attempts=attempts, wait=wait, lost=not is_limit)
        raise RequestRefusedError(str(response), status=response.status)

    def _exchange(self, method: str, path: str, request: dict[str, Any], token: str | None) -> Response:
        """One request and its response, whatever its status is."""
        url, timeout = self.base_url + path, self._policy.timeout
        try:
            response = exchange(
                self._sessions.session, method, url, timeout=timeout, auth=Bearer(token), **request
            )
        except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
            # The error's own text holds the whole URL and whatever lies below it.
            msg = f"{method} {self.base_url}{path.partition('?')[0]}: {describe_error(error)}"
            if is_lasting(error):
                raise UnavailableError(msg) from None
            lost = not was_never_sent(error)
            raise _TransientError(msg, attempts=self._policy.attempts, lost=lost) from None
        self._policy.server_clock.read(response.headers, self._policy.clock.now())
        return response

    @staticmethod
    def _read(read: Callable[[Response], T], response: Response) -> T:
        try:
            return read(response)
        except UnexpectedResponseError as error:
            raise _TransientError(str(error), unexpected=error) from None

    def _log(self, error: _TransientError, wait: float) -> None:
        """Log a retry: one warning a minute, the others at DEBUG."""
        now = self._policy.clock.monotonic()
        due = self._warned_at is None or now - self._warned_at >= SECONDS_BETWEEN_WARNINGS
        if due:
            self._warned_at = now
        logger.log(logging.WARNING if due else logging.DEBUG, "%s; retrying in %.1f s", error, wait)
