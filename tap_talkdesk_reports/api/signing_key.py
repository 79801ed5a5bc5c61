"""Reads an app's private key (base64 or PEM), and signs the assertion (JWT) of a sign-in with it."""

from __future__ import annotations

import base64
import binascii
import textwrap
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

#: How long an assertion is valid. Source: https://docs.talkdesk.com/docs/signed-jwt
LIFE = timedelta(seconds=300)


class SigningKey:
    """Signs assertions with a private key. Talkdesk issues keys as base64 PKCS#8 without PEM lines."""

    def __init__(self, private_key: str, key_id: str) -> None:
        """Reads the key, in base64 or as PEM.

        Raises:
            ValueError: the text is not a private key; the message does not show it.
        """
        # Imported here, because a sign-in with a client secret does not need these slow imports.
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

        try:
            self._key: Any = load_pem_private_key(_as_pem(private_key), password=None)
            self._algorithm = _algorithm(self._key)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            msg = "it is not a private key; set the key as Talkdesk issued it, in base64, or as PEM"
            raise ValueError(msg) from None
        self._key_id = key_id

    def assertion(self, client_id: str, token_url: str, now: datetime) -> str:
        """Creates a signed JWT for one sign-in of the client, valid for five minutes."""
        import jwt  # noqa: PLC0415

        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": token_url,
            "jti": str(uuid.uuid4()),
            "iat": now,
            "exp": now + LIFE,
        }
        return jwt.encode(claims, self._key, algorithm=self._algorithm, headers={"kid": self._key_id})


def _as_pem(key: str) -> bytes:
    key = key.replace("\\n", "\n").strip()
    if "-----BEGIN" in key:
        return key.encode()
    try:
        der = base64.b64decode("".join(key.split()), validate=True)
    except binascii.Error:
        raise ValueError from None
    lines = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n".encode()


def _algorithm(key: Any) -> str:
    """Returns the JWT algorithm for a key, by its kind and size; Talkdesk's documents show ES256."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415

    if isinstance(key, rsa.RSAPrivateKey):
        return "RS256"
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {256: "ES256", 384: "ES384", 521: "ES512"}[key.curve.key_size]
    raise ValueError
