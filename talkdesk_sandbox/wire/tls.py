"""TLS on loopback: a CA and a server certificate, created at start. Needs `cryptography`."""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    Key = ec.EllipticCurvePrivateKey

_HOSTS = ("127.0.0.1", "localhost")
_VALID = timedelta(days=30)


class Authority:
    """A CA that signs one certificate for loopback. Clients can trust the CA certificate in `ca_file`."""

    def __init__(self) -> None:
        """Creates the CA, and writes its certificate and the server's to a private folder.

        Raises:
            RuntimeError: `cryptography` is not installed.
        """
        try:
            from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - may be missing
        except ModuleNotFoundError:
            raise RuntimeError("TLS needs the package cryptography, which is not installed") from None
        self._folder = tempfile.TemporaryDirectory(prefix="talkdesk-sandbox-")
        folder = Path(self._folder.name)
        key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        own = _certificate("Talkdesk sandbox authority", key, key, None)
        server = _certificate("Talkdesk sandbox", server_key, key, own)
        #: Path of the CA certificate, in PEM: the value for REQUESTS_CA_BUNDLE.
        self.ca_file = str(folder / "ca.pem")
        Path(self.ca_file).write_bytes(_pem(own))
        chain = folder / "server.pem"
        chain.write_bytes(_pem(server) + _pem_of_key(server_key))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.load_cert_chain(chain)

    def close(self) -> None:
        """Deletes the files."""
        self._folder.cleanup()


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
) -> x509.Certificate:
    """Creates a certificate for a key. Without an issuer it is the CA's own."""
    from cryptography import x509  # noqa: PLC0415 - may be missing
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    names = [x509.DNSName(_HOSTS[1]), x509.IPAddress(ip_address(_HOSTS[0]))]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(signer_id, critical=False)
        .add_extension(_usage(is_authority=issuer is None), critical=True)
    )
    if issuer:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
    return builder.sign(signer, hashes.SHA256())


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    from cryptography import x509  # noqa: PLC0415 - may be missing

    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - may be missing

    return certificate.public_bytes(Encoding.PEM)


def _pem_of_key(key: Key) -> bytes:
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415 - may be missing

    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
