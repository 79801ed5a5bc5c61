"""HTTP sessions, one for each thread, with proxies and CA bundles of the environment; the Bearer header.

Of their connections each is under the deadline of its thread, skips interim responses
(1xx), and follows no redirect.
"""

from __future__ import annotations

import functools
import http.client
import threading
from typing import TYPE_CHECKING, Any

import requests
import requests.adapters
import requests.auth

from tap_talkdesk_reports.api import deadline
from tap_talkdesk_reports.api.redaction import redact_logs

if TYPE_CHECKING:
    import socket


class Sessions(threading.local):
    """One session for each thread: requests' sessions are not safe to share.

    They keep `trust_env`, and with it proxies and CA bundles of the environment.
    """

    def __init__(self, **headers: str) -> None:
        """Called by `threading.local` once in each thread."""
        redact_logs()
        self.session: requests.Session = _Session()
        self.session.headers.update(headers)


class Bearer(requests.auth.AuthBase):
    """Sets the token, or nothing. Without an `auth` of ours requests would look into ~/.netrc."""

    def __init__(self, token: str | None) -> None:
        """None: no Authorization header at all."""
        self._token = token

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Called by requests for each request."""
        if self._token is not None:
            r.headers["Authorization"] = f"Bearer {self._token}"
        return r


class _Session(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Adapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: requests parses a Location even if it does not follow it, and raises if it is odd."""


class _Adapter(requests.adapters.HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _watched(pool.ConnectionCls)
        return pool


@functools.cache
def _watched(connection: type[Any]) -> type[Any]:
    """A class of connections, be they HTTP, HTTPS or SOCKS, that the deadlines know."""
    if issubclass(connection, _Watched):
        return connection
    return type(connection.__name__, (_Watched, connection), {})


class _FinalResponse(http.client.HTTPResponse):
    """Skips interim responses; http.client does that with 100 alone."""

    def _read_status(self) -> tuple[str, int, str]:
        response: Any = super()
        version, status, reason = response._read_status()  # noqa: SLF001 - of the class below
        while 100 <= status < 200 and status != http.HTTPStatus.SWITCHING_PROTOCOLS:
            http.client.parse_headers(self.fp)
            version, status, reason = response._read_status()  # noqa: SLF001 - of the class below
        return version, status, reason


class _Watched:
    """Mixed into a class of urllib3's connections."""

    response_class = _FinalResponse

    def _new_conn(self) -> socket.socket:
        connection: Any = super()
        sock: socket.socket = connection._new_conn()  # noqa: SLF001 - of the class below
        deadline.watch(sock)
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        if (sock := getattr(self, "sock", None)) is not None:
            deadline.watch(sock)
        connection: Any = super()
        connection.request(*args, **kwargs)
