"""Issues tokens, and tells whether a token is valid, expired or unknown."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Standing(Enum):
    """The validity of a token."""

    VALID = "valid"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class TokenStore:
    """All issued tokens, each with its expiry."""

    def __init__(self, clock: Callable[[], datetime], given: set[str]) -> None:
        """Starts empty. Each issued token is also added to `given`."""
        self._given = given
        self._clock = clock
        self._expiries: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(32)

    def issue_jwt(self, claims: Mapping[str, object], lifetime: timedelta) -> tuple[str, datetime]:
        """Issues a token that looks like Talkdesk's; returns it and its expiry."""
        now = self._clock().astimezone(UTC)
        expires = now + lifetime
        header = _base64url(json.dumps({"typ": "JWT", "alg": "HS256"}).encode())
        times = {"iat": int(now.timestamp()), "nbf": int(now.timestamp()), "exp": int(expires.timestamp())}
        payload = _base64url(json.dumps({**claims, **times, "jti": secrets.token_hex(12)}).encode())
        signature = _base64url(hmac.digest(self._key, f"{header}.{payload}".encode(), hashlib.sha256))
        return self._keep(f"{header}.{payload}.{signature}", expires), expires

    def issue_opaque(self, lifetime: timedelta) -> tuple[str, datetime]:
        """Issues a token of 96 hex characters; returns it and its expiry."""
        expires = self._clock().astimezone(UTC).replace(microsecond=0) + lifetime
        return self._keep(secrets.token_hex(48), expires), expires

    def standing(self, token: str) -> Standing:
        """Returns the current validity of a token."""
        with self._lock:
            expires = self._expiries.get(token)
        if expires is None:
            return Standing.UNKNOWN
        return Standing.VALID if self._clock() < expires else Standing.EXPIRED

    def bearer(self, authorization: str) -> Standing:
        """Returns the validity of the token in an Authorization header."""
        scheme, _, token = authorization.partition(" ")
        return self.standing(token.strip()) if scheme.lower() == "bearer" else Standing.UNKNOWN

    def _keep(self, token: str, expires: datetime) -> str:
        with self._lock:
            self._expiries[token] = expires
            self._given.add(token)
        return token


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
