"""Requests to one API host: timeouts, retries, Retry-After, new tokens after 401 and 403, server's clock."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import requests
from singer_sdk.exceptions import RetriableAPIError

from tap_talkdesk_reports.api.failures import describe_error, was_never_sent
from tap_talkdesk_reports.api.redaction import redact
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
    from collections.abc import Callable

    from tap_talkdesk_reports.core.clock import Clock

T = TypeVar("T")

logger = logging.getLogger("tap-talkdesk-reports")

#: Retriable statuses.
RETRIABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
TOO_MANY = 429

#: Attempts that get unexpected responses: a proxy's page may pass, a changed API does not.
ATTEMPTS_IF_UNEXPECTED = 3

SECONDS_BETWEEN_WARNINGS = 60


class Tokens(Protocol):
    """The source of the token of each request."""

    def token(self) -> str:
        """A token that is valid, or is believed to be."""

    def renew(self, refused: str) -> None:
        """Take note that the API refused this token."""


@dataclass(frozen=True)
class RequestPolicy:
    """How requests are made, the same for every host."""

    clock: Clock
    user_agent: str
    #: Without a byte for this many seconds a request is dead.
    timeout: float
    #: How often a request is made that meets lost connections and 5xx; 429 does not count.
    attempts: int = 8
    #: Seconds for which a request is retried at all, for 429 too: others may hold all jobs of the account.
    max_wait: float = 3600.0


class _TransientError(RetriableAPIError):
    """A retriable status, a lost connection or an unexpected response."""

    def __init__(
        self, message: str, *, attempts: float, wait: float | None = None, lost: bool = True
    ) -> None:
        super().__init__(message)
        #: After so many attempts it counts as lasting.
        self.attempts = attempts
        #: Seconds that the API wants the client to wait.
        self.wait = wait
        #: Whether the request may have been carried out all the same.
        self.lost = lost


class Client:
    """Speaks to one host, over one session for each thread.

    Redirects are responses like others and never followed.
    """

    def __init__(self, base_url: str, policy: RequestPolicy, tokens: Tokens | None = None) -> None:
        """Without `tokens` no request carries an Authorization header."""
        self.base_url = base_url
        self._policy = policy
        self._tokens = tokens
        self._sessions = Sessions(**{"User-Agent": policy.user_agent, "Accept": "application/json"})
        self._warned_at: float | None = None
        #: How far the server's clock is ahead of ours, in seconds, by the `Date` of its latest response.
        self.clock_skew = 0.0

    def send(
        self,
        method: str,
        path: str,
        read: Callable[[requests.Response], T],
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
            request: What `requests` calls `json`, `data`, `params` and so on.

        Raises:
            AuthenticationError: the API refuses the token, also a new one.
            RequestRefusedError: any other status that is neither expected nor retriable.
            UnavailableError: the error was still there after all attempts.
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
                    raise ResponseLostError(str(error), wait=error.wait) from None
                if attempt >= error.attempts or waited >= self._policy.max_wait:
                    if isinstance(error.__cause__, UnexpectedResponseError):
                        raise error.__cause__ from None
                    msg = f"{error}; given up after {attempt} attempts in {in_words(waited)}"
                    raise UnavailableError(msg) from None
                wait = error.wait if error.wait is not None else clock.jittered(pause)
                wait = min(wait, max(1.0, self._policy.max_wait - waited))
                self._log(error, wait)
            # Not backoff's decorator: nothing can interrupt the way it sleeps.
            clock.sleep(wait)
        raise AssertionError

    def _response(
        self, method: str, path: str, expect: frozenset[int], request: dict[str, Any]
    ) -> requests.Response:
        """A response of an expected status; after 401 or 403 once more, with a new token."""
        token = self._tokens.token() if self._tokens else None
        response = self._exchange(method, path, request, token)
        if self._tokens and token and response.status_code in {401, 403}:
            self._tokens.renew(token)
            response = self._exchange(method, path, request, self._tokens.token())
            if response.status_code == 401:
                msg = "Talkdesk refuses its own new token, as it does that of another region"
                msg = f"{msg}: check region, api_url and token_url. {self.description(response)}"
                raise AuthenticationError(msg)
        if response.status_code in expect:
            return response
        msg = self.description(response)
        if response.status_code == TOO_MANY:
            raise _TransientError(msg, attempts=float("inf"), wait=self._retry_after(response), lost=False)
        if response.status_code in RETRIABLE:
            raise _TransientError(msg, attempts=self._policy.attempts, wait=self._retry_after(response))
        raise RequestRefusedError(msg, status=response.status_code)

    def _exchange(
        self, method: str, path: str, request: dict[str, Any], token: str | None
    ) -> requests.Response:
        """One request and its response, whatever it is."""
        try:
            response = self._sessions.session.request(
                method,
                self.base_url + path,
                auth=Bearer(token),
                allow_redirects=False,
                timeout=self._policy.timeout,
                **request,
            )
            if request.get("stream") and response.status_code != 200:
                _ = response.content  # only a file is long; all else is read at once
        except requests.exceptions.RequestException as error:
            # The error's own text holds the whole URL and whatever lies below it.
            msg = f"{method} {self.base_url}{path}: {describe_error(error)}"
            raise _TransientError(
                msg, attempts=self._policy.attempts, lost=not was_never_sent(error)
            ) from None
        except ValueError:  # from requests itself, which looks at Location though it does not follow
            msg = f"{method} {self.base_url}{path}: the response redirects to what is no URL"
            raise _TransientError(msg, attempts=ATTEMPTS_IF_UNEXPECTED) from None
        if date := _http_date(response.headers.get("Date", "")):
            self.clock_skew = (date - self._policy.clock.now()).total_seconds()
        return response

    @staticmethod
    def _read(read: Callable[[requests.Response], T], response: requests.Response) -> T:
        try:
            return read(response)
        except requests.exceptions.RequestException as error:
            raise _TransientError(describe_error(error), attempts=ATTEMPTS_IF_UNEXPECTED) from None
        except UnexpectedResponseError as error:
            raise _TransientError(str(error), attempts=ATTEMPTS_IF_UNEXPECTED) from error

    def description(self, response: requests.Response) -> str:
        """Method, URL, status and body in one line; nothing secret."""
        request = f"{response.request.method} {(response.request.url or '').partition('?')[0]}"
        body = redact(response.text[:4096]) or "(nothing)"
        return f"{request} returned {response.status_code}: {body}"

    def _retry_after(self, response: requests.Response) -> float | None:
        """Seconds to wait by the `Retry-After` header, which is a number or a date."""
        header = response.headers.get("Retry-After", "").strip()
        if re.fullmatch("[0-9]{1,9}", header):
            return float(header)
        if date := _http_date(header):
            return max(0.0, (date - self._policy.clock.now()).total_seconds())
        return None

    def _log(self, error: _TransientError, wait: float) -> None:
        """Log a retry: one warning a minute, the others at DEBUG."""
        now = self._policy.clock.monotonic()
        due = self._warned_at is None or now - self._warned_at >= SECONDS_BETWEEN_WARNINGS
        if due:
            self._warned_at = now
        logger.log(logging.WARNING if due else logging.DEBUG, "%s; retrying in %.1f s", error, wait)


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
