"""Issues tokens, and knows which are valid, expired or unknown."""

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
    """Whether a token is valid."""

    VALID = "valid"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class TokenStore:
    """Every token issued, with the time it expires."""

    def __init__(self, clock: Callable[[], datetime], given: set[str]) -> None:
        """Start empty; every token issued is added to `given`, too."""
        self._given = given
        self._clock = clock
        self._expiries: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(32)

    def issue_jwt(self, claims: Mapping[str, object], lifetime: timedelta) -> tuple[str, datetime]:
        """A token that looks like Talkdesk's, and the moment it expires."""
        now = self._clock().astimezone(UTC)
        expires = now + lifetime
        header = _base64url(json.dumps({"typ": "JWT", "alg": "HS256"}).encode())
        times = {"iat": int(now.timestamp()), "nbf": int(now.timestamp()), "exp": int(expires.timestamp())}
        payload = _base64url(json.dumps({**claims, **times, "jti": secrets.token_hex(12)}).encode())
        signature = _base64url(hmac.digest(self._key, f"{header}.{payload}".encode(), hashlib.sha256))
        return self._keep(f"{header}.{payload}.{signature}", expires), expires

    def issue_opaque(self, lifetime: timedelta) -> tuple[str, datetime]:
        """96 hex characters, and the moment they expire."""
        expires = self._clock().astimezone(UTC).replace(microsecond=0) + lifetime
        return self._keep(secrets.token_hex(48), expires), expires

    def standing(self, token: str) -> Standing:
        """Whether a token is good now."""
        with self._lock:
            expires = self._expiries.get(token)
        if expires is None:
            return Standing.UNKNOWN
        return Standing.VALID if self._clock() < expires else Standing.EXPIRED

    def bearer(self, authorization: str) -> Standing:
        """Whether an Authorization header holds a good token."""
        scheme, _, token = authorization.partition(" ")
        return self.standing(token.strip()) if scheme.lower() == "bearer" else Standing.UNKNOWN

    def _keep(self, token: str, expires: datetime) -> str:
        with self._lock:
            self._expiries[token] = expires
            self._given.add(token)
        return token


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
