"""Provides the current token to all threads of a run, and renews it before it expires."""

from __future__ import annotations

import json
import re
import threading
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_talkdesk_reports.api.client import Client
from tap_talkdesk_reports.api.redaction import register_secret
from tap_talkdesk_reports.api.urls import read_url
from tap_talkdesk_reports.core.clock import current_scope
from tap_talkdesk_reports.core.errors import TalkdeskError, UnexpectedResponseError
from tap_talkdesk_reports.core.words import clock_distance

if TYPE_CHECKING:
    from collections.abc import Generator

    from tap_talkdesk_reports.api.client import RequestPolicy
    from tap_talkdesk_reports.api.exchange import Response

#: The retry policy of a sign-in. It gives up early, so that a wrong URL shows soon.
ATTEMPTS = 4
MAX_WAIT = 120.0
#: Seconds. A token with a longer lifetime counts as a token that never expires.
LONGEST_LIFE = 1e9
#: Seconds. Only a larger difference of the clocks is mentioned in errors, and is a warning.
TOLERATED_SKEW = 60
#: Seconds. A thread that waits for another thread's sign-in checks this often whether it is cancelled.
LOOK_UP = 0.2
#: A token is renewed after this fraction of its lifetime, so that it does not expire during a request.
RENEWED_AT = 0.75


class TokenSource(ABC):
    """Provides the current token to all threads of a run.

    If several threads find the same token expired, it is renewed once.
    """

    def __init__(self, token_url: str, policy: RequestPolicy) -> None:
        """Stores how to sign in; the first call of `token` makes the request."""
        url = read_url(token_url)
        self._policy = replace(policy, attempts=ATTEMPTS, max_wait=MAX_WAIT)
        self._client = Client(f"{url.scheme}://{url.netloc}", self._policy)
        #: Includes the query, which may contain the grant type.
        self._path = url.request_uri
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = float("inf")
        #: Why the first sign-in failed. If set, no other thread tries again.
        self._failure: TalkdeskError | None = None

    @property
    def clock_skew(self) -> float:
        """The seconds that Talkdesk's clock is ahead of this machine's, by its latest response."""
        return self._policy.server_clock.skew

    def token(self) -> str:
        """Returns the current token; signs in at the first call, and renews an old token.

        Raises:
            AuthenticationError: Talkdesk refuses the sign-in.
            TalkdeskError: the sign-in fails in another way.
            Stopped: the scope was cancelled while another thread signs in.
        """
        with self._locked():
            if self._token is None:
                self._keep(self._first_sign_in())
            elif self._policy.clock.monotonic() >= self._renew_at:
                self._keep(self._renew())
            return str(self._token)

    def renew(self, refused: str) -> None:
        """Replaces a token that the API refused, unless another thread has replaced it already.

        Raises:
            AuthenticationError: Talkdesk refuses the renewal and a new sign-in.
        """
        with self._locked():
            if self._token == refused:
                self._keep(self._renew())

    @contextmanager
    def _locked(self) -> Generator[None, None, None]:
        """Holds the lock; the wait for it ends when the thread's scope is cancelled."""
        while not self._lock.acquire(timeout=LOOK_UP):
            current_scope().wait(0)
        try:
            yield
        finally:
            self._lock.release()

    def _first_sign_in(self) -> dict[str, Any]:
        if self._failure is not None:
            raise self._failure
        try:
            return self._sign_in()
        except TalkdeskError as error:
            self._failure = error
            raise

    @abstractmethod
    def _sign_in(self) -> dict[str, Any]:
        """Signs in with the credentials, and returns the response's body."""

    def _renew(self) -> dict[str, Any]:
        """Gets a new token, and returns the response's body."""
        return self._sign_in()

    def _keep(self, body: dict[str, Any]) -> None:
        self._token = str(body["access_token"])
        register_secret(
            self._token, *(str(body[name]) for name in ("id_token", "refresh_token") if body.get(name))
        )
        self._renew_at = float("inf")
        if isinstance(life := body.get("expires_in"), int | float) and 0 < life < LONGEST_LIFE:
            self._renew_at = self._policy.clock.monotonic() + RENEWED_AT * life

    def _post(self, path: str, **request: Any) -> dict[str, Any]:
        return self._client.send("POST", path, self._read, expect=frozenset({200, 201}), **request)

    def _read(self, response: Response) -> dict[str, Any]:
        try:
            body = json.loads(response.body)
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, dict) and re.fullmatch("[!-~]+", str(body.get("access_token") or "")):
            return body
        # The body is not shown, because it may contain a token.
        msg = f"The sign-in at {self._client.base_url} returned no token; check token_url"
        raise UnexpectedResponseError(msg)

    @property
    def _clock_hint(self) -> str:
        """The addition to the error for a refused sign-in; empty unless the clocks differ."""
        if abs(self.clock_skew) <= TOLERATED_SKEW:
            return ""
        return f"; this machine's clock is {clock_distance(self.clock_skew)} Talkdesk's clock; correct it"
