"""Implements the sign-ins of both APIs: a user's password, a client secret, or a signed assertion."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from tap_talkdesk_reports.api.client import DATE_RESOLUTION
from tap_talkdesk_reports.api.redaction import register_secret
from tap_talkdesk_reports.api.token_source import TokenSource
from tap_talkdesk_reports.core.errors import (
    AuthenticationError,
    RequestRefusedError,
    UnexpectedResponseError,
)

if TYPE_CHECKING:
    from tap_talkdesk_reports.api.client import RequestPolicy
    from tap_talkdesk_reports.api.signing_key import SigningKey


class PasswordGrant(TokenSource):
    """Signs in to the Reporting API with a password grant, and renews tokens with the `id_token`.

    Source: the seed document, "Obtaining an access token" and "Refreshing an access
    token". Tokens are renewed when the API refuses one, as recommended there. In the
    sample, `id_token_expires` is before `access_token_expires`, so this class relies on
    neither.
    """

    def __init__(
        self, token_url: str, policy: RequestPolicy, *, client: dict[str, str], user: dict[str, str]
    ) -> None:
        """Stores how to sign in; the first call of `token` makes the request.

        Args:
            token_url: URL of the sign-in operation: `/auth/token`, or its other name `/token`.
            policy: The policy of the API's requests; a sign-in has fewer attempts.
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
            raise AuthenticationError(f"{msg}{self._clock_hint}") from None

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
    """Signs in to both APIs with OAuth client credentials: a secret or a signed assertion.

    Source: https://docs.talkdesk.com/reference/cc-basic and
    https://docs.talkdesk.com/reference/cc-jwt. The request names no scope, so the token has
    all scopes of the client.
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
        """Stores how to sign in: with `key` if given, else with the secret."""
        super().__init__(token_url, policy)
        self._audience = token_url.partition("?")[0]
        self._client_id = client_id
        self._key = key
        pair = f"{client_id}:{client_secret or ''}"
        self._basic = b64encode(pair.encode()).decode()
        register_secret(self._basic)

    def _sign_in(self) -> dict[str, Any]:
        skew = self.clock_skew
        try:
            try:
                return self._post(self._path, **self._credentials())
            except RequestRefusedError:
                # The response may have revealed the clock skew: a new assertion then has correct times.
                if self._key is None or abs(self.clock_skew - skew) <= DATE_RESOLUTION:
                    raise
                return self._post(self._path, **self._credentials())
        except RequestRefusedError as error:
            credentials = "private_key, key_id" if self._key else "client_secret"
            msg = (
                f"Talkdesk refuses the sign-in of client {self._client_id!r}: {error}. "
                f"Check account, region, client_id, {credentials} and token_url"
            )
            raise AuthenticationError(f"{msg}{self._clock_hint}") from None

    def _credentials(self) -> dict[str, Any]:
        """Returns the form and the headers of a sign-in request."""
        form = {"grant_type": "client_credentials"}
        if "grant_type=" in self._path:  # token_url has it already; it must not be sent twice
            form = {}
        if self._key is None:
            return {"data": form, "headers": {"Authorization": f"Basic {self._basic}"}}
        form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        form["client_assertion"] = self._key.assertion(self._client_id, self._audience, self._policy.now())
        return {"data": form}
