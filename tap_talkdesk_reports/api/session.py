"""HTTP sessions, one for each thread, with proxies and CA bundles of the environment; the Bearer header."""

from __future__ import annotations

import ipaddress
import threading

import requests
import requests.auth

from tap_talkdesk_reports.api.redaction import redact_logs


class Sessions(threading.local):
    """One session for each thread: requests' sessions are not safe to share.

    They keep `trust_env`, and with it proxies and CA bundles of the environment.
    """

    def __init__(self, **headers: str) -> None:
        """Called by `threading.local` once in each thread."""
        redact_logs()
        self.session = requests.Session()
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


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, where plain http is no risk."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
