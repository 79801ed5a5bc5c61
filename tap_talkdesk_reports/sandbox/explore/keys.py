"""A key pair for signed assertions; the only module that needs `cryptography`, so import it late."""

from __future__ import annotations

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


class KeyPair:
    """A fresh pair for `ES256` or `RS256`."""

    def __init__(self, algorithm: str) -> None:
        """Make the pair."""
        self._key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
        if algorithm == "ES256":
            self._key = ec.generate_private_key(ec.SECP256R1())
        else:
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def private(self) -> str:
        """The private key as Talkdesk hands it out: base64 of PKCS#8, without PEM lines."""
        return base64.b64encode(
            self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        ).decode()

    def has_signed(self, signed: bytes, signature: bytes) -> bool:
        """Whether a signature, in the form that a JWT has it in, was made with the private key."""
        try:
            if isinstance(self._key, rsa.RSAPrivateKey):
                self._key.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
            else:
                self._key.public_key().verify(_der(signature), signed, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


def _der(signature: bytes) -> bytes:
    """Two numbers of 32 bytes each, as `cryptography` takes them."""
    if len(signature) != 64:
        raise InvalidSignature
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
