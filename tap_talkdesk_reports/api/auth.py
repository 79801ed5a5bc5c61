"""Tokens: how they are got and renewed."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_talkdesk_reports.api.client import Client
from tap_talkdesk_reports.errors import AuthenticationError, RequestRefusedError, UnexpectedResponseError

if TYPE_CHECKING:
    import requests

    from tap_talkdesk_reports.api.client import Policy

OK = frozenset({200, 201})
TRIES = 4


class PasswordGrant:
    """The Reporting API's sign-in: resource owner password credentials, renewed by `id_token`.

    Source: the seed document, "Obtaining an access token" and "Refreshing an access
    token". Tokens are renewed when the API refuses one, as recommended there. The
    sample's `id_token_expires` lies before its `access_token_expires`, so nothing
    here relies on either.
    """

    def __init__(
        self, token_url: str, policy: Policy, *, client: dict[str, str], user: dict[str, str]
    ) -> None:
        """Sign in later, at the first need.

        Args:
            token_url: Address of the sign-in call; `/auth/token`, or its other name `/token`.
            policy: How requests are made.
            client: `client_id`, `client_secret` and `client_version`.
            user: `account`, `username` and `password`.
        """
        parts = urlsplit(token_url)
        # A wrong address should be told in seconds: nothing has begun yet that could be lost.
        self._client = Client(f"{parts.scheme}://{parts.netloc}", replace(policy, tries=TRIES))
        self._token_path = parts.path
        self._identity = client
        self._user = user
        self._lock = threading.Lock()
        self._token: str | None = None
        self._id_token: str | None = None

    def token(self) -> str:
        """The current token; signs in at the first call.

        Raises:
            AuthenticationError: the sign-in is refused.
        """
        with self._lock:
            if self._token is None:
                self._sign_in()
            assert self._token is not None
            return self._token

    def renew(self, refused: str) -> None:
        """Replace a token that the API refused; once, however many threads say so.

        Raises:
            AuthenticationError: neither renewal nor a new sign-in is accepted.
        """
        with self._lock:
            if self._token != refused:
                return
            if self._id_token is None:
                self._sign_in()
                return
            try:
                self._keep(self._post("/auth/access", {"id_token": self._id_token}))
            except (RequestRefusedError, UnexpectedResponseError):
                self._sign_in()

    @property
    def clock_skew(self) -> float:
        """How far the server's clock is ahead of ours, in seconds."""
        return self._client.clock_skew

    def _sign_in(self) -> None:
        try:
            self._keep(self._post(self._token_path, self._user))
        except RequestRefusedError as error:
            msg = (
                f"Talkdesk refuses the sign-in of user {self._user['username']!r} to account "
                f"{self._user['account']!r}: {error}. "
                "Check account, username, password, client_id, client_secret and token_url"
            )
            raise AuthenticationError(msg) from None

    def _post(self, path: str, members: dict[str, str]) -> dict[str, Any]:
        request = {**self._identity, **members}
        return self._client.send("POST", path, self._read, expect=OK, json=request)

    def _read(self, response: requests.Response) -> dict[str, Any]:
        try:
            body = response.json()
        except ValueError:
            body = None
        if isinstance(body, dict) and isinstance(body.get("access_token"), str) and body["access_token"]:
            return body
        # Not shown: whatever it is, it may hold a token.
        msg = f"The sign-in at {self._client.base_url} was answered without a token; check token_url"
        raise UnexpectedResponseError(msg)

    def _keep(self, body: dict[str, Any]) -> None:
        self._token = body["access_token"]
        # "The id_token may or may not be refreshed as well" (seed document).
        if isinstance(id_token := body.get("id_token"), str):
            self._id_token = id_token
