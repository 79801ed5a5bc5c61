"""OAuth for both APIs: client credentials, with Basic or with a signed assertion.

https://docs.talkdesk.com/reference/cc-basic, https://docs.talkdesk.com/reference/cc-jwt
"""

from __future__ import annotations

import base64
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from talkdesk_sandbox.store.assertions import AssertionRefusedError, Assertions
from talkdesk_sandbox.store.tokens import Standing, TokenStore
from talkdesk_sandbox.wire.messages import Answer, json_answer, oauth_error

if TYPE_CHECKING:
    from talkdesk_sandbox.hosts.exchange import Exchange
    from talkdesk_sandbox.store.backend import Backend

_FORM = "application/x-www-form-urlencoded"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_WRITES = frozenset({"create", "cancel", "delete_file"})


class OAuthSignIn:
    """Issues tokens to the sandbox's one client, and keeps the scopes of each."""

    def __init__(self, backend: Backend) -> None:
        """Issues tokens for a backend."""
        self._backend = backend
        self._tokens = TokenStore(backend.clock, backend.secrets)
        self._scopes: dict[str, tuple[str, ...]] = {}
        self._assertions = Assertions(backend.explore_key, backend.credentials["client_id"])

    def token(self, exchange: Exchange) -> Answer:
        """Issues a token to the client."""
        request = exchange.request
        given = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        if request.body and not request.headers.get("content-type", "").startswith(_FORM):
            return oauth_error(400, "the body must be form-encoded")
        # A live client sends it in the query, with an empty body.
        grant_type = given.get("grant_type") or dict(parse_qsl(request.query)).get("grant_type")
        if grant_type != "client_credentials":
            return oauth_error(400, "grant_type must be client_credentials", "unsupported_grant_type")
        if why := self._refusal(exchange, given):
            return oauth_error(401, why, "invalid_client")
        requested = given.get("scope", "").split()
        scopes = tuple(name for name in self._backend.explore.scopes if not requested or name in requested)
        if not scopes:
            return oauth_error(400, "the client has none of these scopes", "invalid_scope")
        return self._issue(scopes)

    def _refusal(self, exchange: Exchange, given: dict[str, str]) -> str | None:
        """Returns why the client cannot be authenticated, or None if it can."""
        headers, backend = exchange.request.headers, self._backend
        if "client_assertion" not in given and "client_assertion_type" not in given:
            ours = f"{backend.credentials['client_id']}:{backend.credentials['client_secret']}"
            right = f"Basic {base64.b64encode(ours.encode()).decode()}"
            same = hmac.compare_digest(headers.get("authorization", "").encode(), right.encode())
            return None if same else "client authentication failed"
        if given.get("client_assertion_type") != _ASSERTION_TYPE:
            return f"client_assertion_type is not {_ASSERTION_TYPE}"
        scheme = backend.url.partition(":")[0]
        audience = f"{scheme}://{headers.get('host')}{exchange.request.path}"
        try:
            self._assertions.check(given.get("client_assertion", ""), audience, backend.clock())
        except (AssertionRefusedError, RuntimeError) as error:
            return str(error)
        return None

    def _issue(self, scopes: tuple[str, ...]) -> Answer:
        seconds = self._backend.explore.token_seconds
        claims = {"acc": self._backend.credentials["account"], "scope": " ".join(scopes)}
        token, _ = self._tokens.issue_jwt(claims, timedelta(seconds=seconds))
        self._scopes[token] = scopes
        return json_answer(
            200,
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": int(seconds),
                "scope": " ".join(scopes),
            },
            Cache_Control="no-store",
        )

    def refusal(self, exchange: Exchange, family: str) -> tuple[int, str] | None:
        """Returns status and reason if a request to the reports is refused, or None.

        `family` is the scope without `:read` or `:write`: `reports` or `data-reports`.
        """
        authorization = exchange.request.headers.get("authorization", "")
        if self._tokens.bearer(authorization) is not Standing.VALID:
            return 401, "the access token is invalid or has expired"
        if self._backend.explore.wrong_region:
            return 401, "the access token was issued in another region"
        needed = f"{family}:{'write' if exchange.operation in _WRITES else 'read'}"
        if needed not in self._scopes[authorization.partition(" ")[2].strip()]:
            return 403, f"the access token lacks the scope {needed}"
        return None
