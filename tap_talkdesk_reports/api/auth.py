"""Signs in for tokens (password, client secret or signed assertion), and renews them before they expire."""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_talkdesk_reports.api.client import Client
from tap_talkdesk_reports.api.redaction import register_secret
from tap_talkdesk_reports.core.errors import AuthenticationError, RequestRefusedError, UnexpectedResponseError

if TYPE_CHECKING:
    import requests

    from tap_talkdesk_reports.api.client import RequestPolicy
    from tap_talkdesk_reports.api.signing_key import SigningKey

#: A wrong URL should show in seconds: nothing has begun yet that could be lost.
ATTEMPTS = 4
MAX_WAIT = 120.0
#: A token is renewed after this part of its life, so that none expires on the way to the API.
RENEWED_AT = 0.75


class TokenSource(ABC):
    """Keeps the current token, for all threads of a run.

    A token is renewed once however many threads find it expired.
    """

    def __init__(self, token_url: str, policy: RequestPolicy) -> None:
        """Sign in later, at the first need."""
        parts = urlsplit(token_url)
        self._clock = policy.clock
        self._client = Client(
            f"{parts.scheme}://{parts.netloc}", replace(policy, attempts=ATTEMPTS, max_wait=MAX_WAIT)
        )
        self._path = parts.path
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = float("inf")

    @property
    def clock_skew(self) -> float:
        """How far the server's clock is ahead of ours, in seconds."""
        return self._client.clock_skew

    def token(self) -> str:
        """The current token; signs in at the first call, and renews a token by its age.

        Raises:
            AuthenticationError: the sign-in is refused.
        """
        with self._lock:
            if self._token is None:
                self._keep(self._sign_in())
            elif self._clock.monotonic() >= self._renew_at:
                self._keep(self._renew())
            return str(self._token)

    def renew(self, refused: str) -> None:
        """Replace a token that the API refused.

        Raises:
            AuthenticationError: neither renewal nor a new sign-in is accepted.
        """
        with self._lock:
            if self._token == refused:
                self._keep(self._renew())

    @abstractmethod
    def _sign_in(self) -> dict[str, Any]:
        """Get a first token with the credentials; the response's body."""

    def _renew(self) -> dict[str, Any]:
        """Get another token; the response's body."""
        return self._sign_in()

    def _keep(self, body: dict[str, Any]) -> None:
        self._token = str(body["access_token"])
        register_secret(
            self._token, *(str(body[name]) for name in ("id_token", "refresh_token") if body.get(name))
        )
        self._renew_at = float("inf")
        if isinstance(life := body.get("expires_in"), int | float) and life > 0:
            self._renew_at = self._clock.monotonic() + RENEWED_AT * life

    def _post(self, path: str, **request: Any) -> dict[str, Any]:
        return self._client.send("POST", path, self._read, expect=frozenset({200, 201}), **request)

    def _read(self, response: requests.Response) -> dict[str, Any]:
        try:
            body = response.json()
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, dict) and re.fullmatch("[!-~]+", str(body.get("access_token") or "")):
            return body
        # Not shown: whatever it is, it may hold a token.
        msg = f"The sign-in at {self._client.base_url} returned no token; check token_url"
        raise UnexpectedResponseError(msg)


class PasswordGrant(TokenSource):
    """The Reporting API's sign-in: resource owner password credentials, renewed by `id_token`.

    Source: the seed document, "Obtaining an access token" and "Refreshing an access
    token". Tokens are renewed when the API refuses one, as recommended there. The
    sample's `id_token_expires` lies before its `access_token_expires`, so nothing
    here relies on either.
    """

    def __init__(
        self, token_url: str, policy: RequestPolicy, *, client: dict[str, str], user: dict[str, str]
    ) -> None:
        """Sign in later, at the first need.

        Args:
            token_url: URL of the sign-in call; `/auth/token`, or its other name `/token`.
            policy: How requests are made.
            client: `client_id`, `client_secret` and `client_version`.
            user: `account`, `username` and `password`.
        """
        super().__init__(token_url, policy)
        self._identity = client
        self._user = user
        self._id_token: str | None = None

    def _sign_in(self) -> dict[str, Any]:
        try:
            return self._post(self._path, json={**self._identity, **self._user})
        except RequestRefusedError as error:
            msg = (
                f"Talkdesk refuses the sign-in of user {self._user['username']!r} to account "
                f"{self._user['account']!r}: {error}. "
                "Check account, username, password, client_id, client_secret and token_url"
            )
            raise AuthenticationError(msg) from None

    def _renew(self) -> dict[str, Any]:
        if self._id_token is None:
            return self._sign_in()
        try:
            return self._post("/auth/access", json={**self._identity, "id_token": self._id_token})
        except (RequestRefusedError, UnexpectedResponseError):
            return self._sign_in()

    def _keep(self, body: dict[str, Any]) -> None:
        super()._keep(body)
        # "The id_token may or may not be refreshed as well" (seed document).
        if isinstance(id_token := body.get("id_token"), str):
            self._id_token = id_token


class ClientCredentials(TokenSource):
    """The Explore API's sign-in: client credentials, with a secret or with a signed assertion.

    Source: https://docs.talkdesk.com/reference/cc-basic and
    https://docs.talkdesk.com/reference/cc-jwt. No scope is requested, so that the token
    carries all that the client has.
    """

    def __init__(
        self,
        token_url: str,
        policy: RequestPolicy,
        *,
        client_id: str,
        client_secret: str | None,
        key: SigningKey | None,
    ) -> None:
        """Sign in later, at the first need; with `key` if there is one, else with the secret."""
        super().__init__(token_url, policy)
        self._token_url = token_url
        self._client_id = client_id
        self._client_secret = client_secret or ""
        self._key = key

    def _sign_in(self) -> dict[str, Any]:
        form = {"grant_type": "client_credentials"}
        headers = {}
        if self._key is not None:
            form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            form["client_assertion"] = self._key.assertion(
                self._client_id, self._token_url, self._clock.now()
            )
        else:
            pair = f"{self._client_id}:{self._client_secret}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        try:
            return self._post(self._path, data=form, headers=headers)
        except RequestRefusedError as error:
            credentials = "private_key, key_id" if self._key else "client_secret"
            msg = (
                f"Talkdesk refuses the sign-in of client {self._client_id!r}: {error}. "
                f"Check account, region, client_id, {credentials} and token_url"
            )
            raise AuthenticationError(msg) from None
