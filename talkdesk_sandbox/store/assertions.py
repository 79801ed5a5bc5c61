"""Checks signed client assertions (`private_key_jwt`). Each is valid once.

https://docs.talkdesk.com/docs/signed-jwt
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

from talkdesk_sandbox.store.key_pair import KeyPair

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: The longest lifetime of an assertion, and the accepted clock difference, in seconds.
#: Talkdesk documents 300 seconds; a client used 700 successfully.
_LONGEST, _TOLERANCE = 700, 5


class AssertionRefusedError(Exception):
    """An assertion is not valid; the message says why."""


class SigningKey:
    """The client's key pair, created on first use."""

    def __init__(self, algorithm: str, key_id: str) -> None:
        """Prepares a key for `ES256` or `RS256`."""
        self.algorithm, self.id = algorithm, key_id

    @cached_property
    def pair(self) -> KeyPair:
        """The key pair.

        Raises:
            RuntimeError: `cryptography` is not installed.
        """
        return KeyPair(self.algorithm)


class Assertions:
    """Checks assertions. Each is valid for one sign-in."""

    def __init__(self, key: SigningKey, client_id: str) -> None:
        """Checks the assertions of one client and one key."""
        self._key, self._client_id = key, client_id
        self._used: set[str] = set()
        self._lock = threading.Lock()

    def check(self, assertion: str, audience: str, now: datetime) -> None:
        """Accepts an assertion for the token URL `audience`.

        Raises:
            AssertionRefusedError: it is not valid.
            RuntimeError: `cryptography` is not installed.
        """
        signed, _, signature = assertion.rpartition(".")
        header, _, claims = signed.partition(".")
        named = _members(header)
        if named.get("alg") != self._key.algorithm:
            raise AssertionRefusedError(f"alg is not {self._key.algorithm}")
        if named.get("kid") != self._key.id:
            raise AssertionRefusedError("kid is not a key of this client")
        if not self._key.pair.has_signed(signed.encode(), _bytes(signature)):
            raise AssertionRefusedError("the signature does not match the key")
        self._check_claims(_members(claims), audience, now.timestamp())

    def _check_claims(self, claims: Mapping[str, Any], audience: str, now: float) -> None:
        issued, expires, once = claims.get("iat"), claims.get("exp"), claims.get("jti")
        if not claims.get("iss") == claims.get("sub") == self._client_id:
            raise AssertionRefusedError("iss and sub are not both the client's id")
        if claims.get("aud") not in (audience, [audience]):
            raise AssertionRefusedError(f"aud is not {audience}")
        if not isinstance(issued, int) or not isinstance(expires, int):
            raise AssertionRefusedError("iat and exp are not both whole seconds")
        if issued > now + _TOLERANCE:
            raise AssertionRefusedError("iat is in the future")
        if expires <= now - _TOLERANCE:
            raise AssertionRefusedError("the assertion has expired")
        if expires - issued > _LONGEST + _TOLERANCE:
            raise AssertionRefusedError(f"exp is more than {_LONGEST} seconds after iat")
        if not isinstance(once, str) or not once:
            raise AssertionRefusedError("jti is missing")
        with self._lock:
            if once in self._used:
                raise AssertionRefusedError("jti was used before")
            self._used.add(once)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise AssertionRefusedError("the assertion is not a JWT") from None


def _members(text: str) -> Mapping[str, Any]:
    try:
        members = json.loads(_bytes(text))
    except ValueError:
        members = None
    if not isinstance(members, dict):
        raise AssertionRefusedError("the assertion is not a JWT")
    return members
