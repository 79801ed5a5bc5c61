"""HTTP sessions: no netrc, no cookies, and a session for each thread."""

from __future__ import annotations

import threading

import pytest
import requests

from tap_talkdesk_reports.api.download import Downloads
from tap_talkdesk_reports.api.session import Bearer, Sessions
from tap_talkdesk_reports.core.clock import Clock

SIGNATURE = "5f0c1e9b7a"
TOKEN = "opaque-token-1234"


@pytest.fixture
def netrc(monkeypatch, tmp_path):
    """Somebody's netrc has an entry for the host."""
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login somebody password something\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))


def test_netrc_replaces_no_token(host, netrc):
    requests.get(host.url, timeout=60)  # without an auth of one's own, it is used

    Sessions().session.get(host.url, auth=Bearer(TOKEN), timeout=60)

    assert [headers["Authorization"] for _, headers in host.seen] == [
        "Basic c29tZWJvZHk6c29tZXRoaW5n",
        f"Bearer {TOKEN}",
    ]


def test_netrc_adds_no_credentials_where_none_belong(host, netrc):
    Sessions().session.get(host.url, auth=Bearer(None), timeout=60)

    assert host.seen[0][1]["Authorization"] is None


def test_a_file_host_gets_neither_credentials_nor_cookies(host, netrc):
    downloads = Downloads(Clock(), user_agent="tap/1", timeout=60, spool_dir=None, allow_loopback=True)

    for _ in range(2):
        downloads.fetch(lambda: f"{host.url}/file?X-Amz-Signature={SIGNATURE}")[0].close()

    assert [headers["User-Agent"] for _, headers in host.seen] == ["tap/1"] * 2
    assert not any(headers["Authorization"] or headers["Cookie"] for _, headers in host.seen)


def test_each_thread_has_a_session_of_its_own_with_the_same_headers():
    sessions = Sessions(**{"User-Agent": "tap/1"})
    found = [sessions.session, sessions.session]

    thread = threading.Thread(target=lambda: found.append(sessions.session))
    thread.start()
    thread.join()

    assert found[0] is found[1] is not found[2]
    assert {session.headers["User-Agent"] for session in found} == {"tap/1"}
