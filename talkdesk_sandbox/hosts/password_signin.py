"""Reporting API, first generation: sign-in with a password, and renewal with an id_token."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from talkdesk_sandbox.store.tokens import Standing, TokenStore
from talkdesk_sandbox.wire.messages import Answer, json_answer

if TYPE_CHECKING:
    from talkdesk_sandbox.hosts.exchange import Exchange
    from talkdesk_sandbox.store.backend import Backend

_CLIENT = ("client_id", "client_secret", "client_version")
#: As in Talkdesk's sample, the id_token expires before the access token.
_ID_TOKEN_LIFETIME = timedelta(minutes=65)
_USER_ID, _ACCOUNT_ID = "55a3cc81041268c5b4000001", "559d52fcd22fe6fd24000001"


class PasswordSignIn:
    """Issues tokens for the credentials of the sandbox's account."""

    def __init__(self, backend: Backend) -> None:
        """Issues tokens for a backend."""
        self._backend = backend
        self._id_tokens = TokenStore(backend.clock, backend.secrets)

    def token(self, exchange: Exchange) -> Answer:
        """Issues tokens if all six credentials are right."""
        given = _members(exchange)
        if not self._right(given, (*_CLIENT, "account", "username", "password")):
            return json_answer(401, {"error": "invalid credentials"})
        return self._tokens(exchange)

    def renew(self, exchange: Exchange) -> Answer:
        """Issues tokens if the client's credentials are right and its id_token has not expired."""
        given = _members(exchange)
        standing = self._id_tokens.standing(str(given.get("id_token")))
        if standing is not Standing.VALID or not self._right(given, _CLIENT):
            return json_answer(401, {"error": "invalid credentials"})
        return self._tokens(exchange)

    def _right(self, given: dict[str, object], required: tuple[str, ...]) -> bool:
        ours = self._backend.credentials
        return all(given.get(name) == ours[name] for name in required)

    def _tokens(self, exchange: Exchange) -> Answer:
        backend, ours = self._backend, self._backend.credentials
        claims = {"usr": ours["username"], "sub": _USER_ID, "aid": _ACCOUNT_ID, "acc": ours["account"]}
        access_token, access_expires = backend.tokens.issue_jwt(claims, backend.token_lifetime)
        id_token, id_expires = self._id_tokens.issue_opaque(_ID_TOKEN_LIFETIME)
        return json_answer(
            200,
            {
                "user_id": _USER_ID,
                "id_token_expires": f"{id_expires:%Y-%m-%dT%H:%M:%SZ}",
                "id_token": id_token,
                "account_id": _ACCOUNT_ID,
                "access_token_expires": f"{access_expires:%Y-%m-%dT%H:%M:%SZ}",
                "access_token": access_token,
                "_links": {"self": {"href": backend.url + exchange.request.path}},
            },
        )


def _members(exchange: Exchange) -> dict[str, object]:
    body = exchange.request.json()
    return body if isinstance(body, dict) else {}
