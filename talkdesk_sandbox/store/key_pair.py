"""The key pair of a client that signs in with a private key. Needs `cryptography`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa


class KeyPair:
    """A new key pair for `ES256` or `RS256`."""

    def __init__(self, algorithm: str) -> None:
        """Generates the pair.

        Raises:
            RuntimeError: `cryptography` is not installed.
        """
        try:
            from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 - may be missing
        except ModuleNotFoundError:
            raise RuntimeError(
                "private_key_jwt needs the package cryptography, which is not installed"
            ) from None
        self._key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
        if algorithm == "ES256":
            self._key = ec.generate_private_key(ec.SECP256R1())
        else:
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def private(self) -> str:
        """The private key as Talkdesk provides it: base64 of PKCS#8, without PEM lines."""
        from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415 - as above

        return base64.b64encode(
            self._key.private_bytes(form.Encoding.DER, form.PrivateFormat.PKCS8, form.NoEncryption())
        ).decode()

    def has_signed(self, signed: bytes, signature: bytes) -> bool:
        """Returns whether a signature, in JWT form, was made with the private key."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature  # noqa: PLC0415

        sha256 = hashes.SHA256()
        try:
            if isinstance(self._key, rsa.RSAPrivateKey):
                self._key.public_key().verify(signature, signed, padding.PKCS1v15(), sha256)
            elif len(signature) != 64:
                return False
            else:
                # A JWT has two concatenated numbers of 32 bytes; cryptography expects DER.
                r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
                self._key.public_key().verify(encode_dss_signature(r, s), signed, ec.ECDSA(sha256))
        except InvalidSignature:
            return False
        return True
