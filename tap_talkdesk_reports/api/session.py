"""Provides one HTTP session for each thread, and the Bearer header.

The sessions use proxies and CA bundles of the environment. Their connections obey the
thread's deadline, skip interim responses (1xx), and follow no redirect. All connections share
one TLS context, because loading the certificate authorities takes longer than an exchange.
"""

from __future__ import annotations

import functools
import http.client
import ssl
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import requests.adapters
import requests.auth
import urllib3.util.ssl_

from tap_talkdesk_reports.api import deadline
from tap_talkdesk_reports.api.redaction import redact_logs

if TYPE_CHECKING:
    import socket
    from collections.abc import Generator


class Sessions(threading.local):
    """Holds one session for each thread, because threads cannot safely share a session of requests.

    The sessions keep `trust_env`: they use proxies and CA bundles of the environment.
    """

    def __init__(self, **headers: str) -> None:
        """Creates this thread's session; `threading.local` calls it once in each thread."""
        redact_logs()
        self.session: requests.Session = _Session()
        self.session.headers.update(headers)


class Bearer(requests.auth.AuthBase):
    """Sets the Authorization header, or none. Without it requests would read ~/.netrc."""

    def __init__(self, token: str | None) -> None:
        """Stores the token; None means no Authorization header."""
        self._token = token

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sets the header of one request; called by requests."""
        if self._token is not None:
            r.headers["Authorization"] = f"Bearer {self._token}"
        return r


class _Session(requests.Session):
    """Makes all its connections with `_Adapter`."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Adapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Returns None. Otherwise requests parses each Location header, and raises if it is not valid."""


class ClosedWhileIdleError(ConnectionResetError):
    """Raised when the server closed an idle connection before it responded to the next request."""


def connect(session: requests.Session, url: str, timeout: float) -> None:
    """Opens a connection that the session's next request uses; does nothing behind a proxy.

    Raises:
        OSError: the connection cannot be opened; urllib3's HTTPError is possible, too.
        ValueError: a URL is not valid.
    """
    request = session.prepare_request(requests.Request("GET", url, auth=Bearer(None)))
    settings = session.merge_environment_settings(url, {}, None, None, None)
    adapter: Any = session.get_adapter(url)
    verify = settings["verify"]
    pool = adapter.get_connection_with_tls_context(request, verify, proxies=settings["proxies"])
    if pool.proxy is not None:
        return
    adapter.cert_verify(pool, url, verify, None)
    connection = pool._get_conn()  # noqa: SLF001 - urllib3 has no public way to connect without a request
    try:
        if connection.sock is None:
            connection.timeout = timeout
            connection.connect()
    finally:
        pool._put_conn(connection)  # noqa: SLF001


_making_context = threading.Lock()


@functools.cache
def _tls_context(bundle: str | None) -> ssl.SSLContext:
    """Returns the TLS context for the CA bundle in a file or folder; None means certifi's bundle."""
    context = urllib3.util.ssl_.create_urllib3_context()
    bundle = bundle or requests.adapters.DEFAULT_CA_BUNDLE_PATH
    if Path(bundle).is_dir():
        context.load_verify_locations(capath=bundle)
    else:
        context.load_verify_locations(cafile=bundle)
    return context


class _Adapter(requests.adapters.HTTPAdapter):
    """Makes connections that share the TLS contexts and obey deadlines."""

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        bundle = verify if isinstance(verify, str) else None
        # `cert_verify` raises the error for a missing bundle.
        if host["scheme"] == "https" and verify and (bundle is None or Path(bundle).exists()):
            with _making_context:
                return host, {"ssl_context": _tls_context(bundle), "cert_reqs": "CERT_REQUIRED"}
        return host, tls

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        requests_adapter: Any = super()
        requests_adapter.cert_verify(conn, url, verify, cert)
        conn.ca_certs = conn.ca_cert_dir = None  # the shared context has loaded them already

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _watched(pool.ConnectionCls)
        return pool


@functools.cache
def _watched(connection: type[Any]) -> type[Any]:
    """Returns a subclass of a connection class (HTTP, HTTPS or SOCKS) that obeys deadlines."""
    if issubclass(connection, _Watched):
        return connection
    return type(connection.__name__, (_Watched, connection), {})


class _FinalResponse(http.client.HTTPResponse):
    """Skips all interim responses; http.client skips only status 100."""

    def _read_status(self) -> tuple[str, int, str]:
        response: Any = super()
        version, status, reason = response._read_status()  # noqa: SLF001 - of the base class
        while 100 <= status < 200 and status != http.HTTPStatus.SWITCHING_PROTOCOLS:
            http.client.parse_headers(self.fp)
            version, status, reason = response._read_status()  # noqa: SLF001 - of the base class
        return version, status, reason


class _Watched:
    """Extends a connection class of urllib3: deadlines, interim responses, closed idle connections."""

    response_class = _FinalResponse
    _is_kept = False

    def _new_conn(self) -> socket.socket:
        connection: Any = super()
        sock: socket.socket = connection._new_conn()  # noqa: SLF001 - of the base class
        deadline.watch(sock)
        return sock

    @property
    def is_connected(self) -> bool:
        """Whether the server keeps the connection open.

        urllib3 takes any byte that has arrived as a sign that it is closed. But a TLS 1.3 server
        sends session tickets after the handshake, and only a read consumes them.
        """
        connection: Any = super()
        sock = getattr(self, "sock", None)
        if connection.is_connected or not isinstance(sock, ssl.SSLSocket):
            return bool(connection.is_connected)
        timeout = sock.gettimeout()
        sock.settimeout(0)
        try:
            sock.recv(1)  # the end of the stream, or an unexpected byte
        except ssl.SSLWantReadError:
            return True
        except OSError:
            return False
        finally:
            sock.settimeout(timeout)
        return False

    def request(self, *args: Any, **kwargs: Any) -> None:
        sock = getattr(self, "sock", None)
        self._is_kept = sock is not None
        if sock is not None:
            deadline.watch(sock)
        connection: Any = super()
        with self._closing_named():
            connection.request(*args, **kwargs)

    def getresponse(self) -> Any:
        connection: Any = super()
        with self._closing_named():
            return connection.getresponse()

    @contextmanager
    def _closing_named(self) -> Generator[None, None, None]:
        try:
            yield
        except (ConnectionResetError, BrokenPipeError):  # also RemoteDisconnected, a subclass
            if self._is_kept:
                raise ClosedWhileIdleError from None
            raise
