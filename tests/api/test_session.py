"""HTTP sessions: no netrc, no cookies, one for each thread, with connections that stay open."""

from __future__ import annotations

import inspect
import select
import threading
from http.client import HTTPResponse
from itertools import count

import pytest
import requests
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from talkdesk_sandbox import Sandbox
from tap_talkdesk_reports.api.client import Client, RequestPolicy
from tap_talkdesk_reports.api.download import Downloads
from tap_talkdesk_reports.api.session import Bearer, Sessions, _tls_context, connect
from tap_talkdesk_reports.core.clock import Clock
from tap_talkdesk_reports.core.errors import ResponseLostError, UnavailableError
from tests.support.raw_host import whole

SIGNATURE = "5f0c1e9b7a"
TOKEN = "opaque-token-1234"


#: Every private name of urllib3 and http.client that is used or overridden, and why.
PRIVATE_NAMES = [
    (HTTPConnectionPool, "_get_conn", "(self, timeout:", "a connection is opened before the first request"),
    (HTTPConnectionPool, "_put_conn", "(self, conn:", "goes with the one above"),
    (HTTPConnection, "_new_conn", "(self)", "each socket is under the deadline of its thread"),
    (HTTPResponse, "_read_status", "(self)", "interim responses are skipped"),
]


@pytest.mark.parametrize(("owner", "name", "signature", "reason"), PRIVATE_NAMES)
def test_a_private_name_is_still_what_this_tap_takes_it_for(owner, name, signature, reason):
    assert reason
    assert str(inspect.signature(getattr(owner, name))).startswith(signature)


@pytest.fixture
def netrc(monkeypatch, tmp_path):
    """Writes a netrc file with an entry for the host."""
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login somebody password something\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))


def test_netrc_replaces_no_token(host, netrc):
    requests.get(host.url, timeout=60)  # without an own `auth`, netrc is used

    Sessions().session.get(host.url, auth=Bearer(TOKEN), timeout=60)

    assert [headers["Authorization"] for _, headers in host.seen] == [
        "Basic c29tZWJvZHk6c29tZXRoaW5n",
        f"Bearer {TOKEN}",
    ]


def test_netrc_adds_no_credentials_to_a_request_without_them(host, netrc):
    Sessions().session.get(host.url, auth=Bearer(None), timeout=60)

    assert host.seen[0][1]["Authorization"] is None


def test_a_file_host_gets_neither_credentials_nor_cookies(host, netrc):
    downloads = Downloads(Clock(), user_agent="tap/1", timeout=60, spool_dir=None, allow_loopback=True)

    for _ in range(2):
        downloads.fetch(lambda: f"{host.url}/file?X-Amz-Signature={SIGNATURE}")[0].close()

    assert [headers["User-Agent"] for _, headers in host.seen] == ["tap/1"] * 2
    assert not any(headers["Authorization"] or headers["Cookie"] for _, headers in host.seen)


def test_each_thread_has_its_own_session_with_the_same_headers():
    sessions = Sessions(**{"User-Agent": "tap/1"})
    found = [sessions.session, sessions.session]

    thread = threading.Thread(target=lambda: found.append(sessions.session))
    thread.start()
    thread.join()

    assert found[0] is found[1] is not found[2]
    assert {session.headers["User-Agent"] for session in found} == {"tap/1"}


def closing(*numbers):
    """Returns a handler that answers requests, but closes the connection at those with given numbers."""
    seen = count(1)

    def answer(_):
        if next(seen) in numbers:
            raise ConnectionAbortedError
        yield whole({})

    return answer


def client_of(url, clock):
    return Client(url, RequestPolicy(clock=clock, user_agent="tap/1", timeout=20))


def send(client, method="GET", **options):
    return client.send(method, "/", lambda response: response.status, expect=frozenset({200}), **options)


def test_a_kept_connection_that_the_server_has_closed_is_replaced_and_no_failure(raw_host, clock, caplog):
    host = raw_host(closing(2))
    client = client_of(host.url, clock)

    statuses = [send(client), send(client)]

    assert statuses == [200, 200]
    assert (len(host.requests), host.connections) == (3, 2)
    assert clock.monotonic() == 0, "it paused as after a failure"
    assert not any(record.levelname == "WARNING" for record in caplog.records)


def test_a_new_connection_that_the_server_closes_is_a_failure_and_retried_after_a_pause(raw_host, clock):
    host = raw_host(closing(1))

    assert send(client_of(host.url, clock)) == 200
    assert clock.monotonic() > 0


def test_a_post_on_a_kept_connection_that_was_closed_may_have_been_carried_out(raw_host, clock):
    host = raw_host(closing(2))
    client = client_of(host.url, clock)
    send(client)

    with pytest.raises(ResponseLostError):
        send(client, "POST", repeatable=False)
    assert len(host.requests) == 2


def test_a_connection_that_was_opened_ahead_is_that_of_the_first_request(raw_host, clock):
    host = raw_host(closing())
    client = client_of(host.url, clock)

    client.connect()
    client.connect()
    send(client)

    assert (len(host.requests), host.connections) == (1, 1)


def test_a_host_that_cannot_be_reached_is_no_error_before_the_first_request(unused_port, clock):
    client = client_of(f"http://127.0.0.1:{unused_port}", clock)

    client.connect()

    with pytest.raises(UnavailableError):
        send(client)


def test_tls_sessions_share_one_context_and_tickets_are_not_the_end_of_a_connection(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    _tls_context.cache_clear()
    with Sandbox(tls=True, calls_per_day=1) as sandbox:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(sandbox.ca_file))
        sessions = Sessions()
        threads = [
            threading.Thread(target=lambda: connect(sessions.session, sandbox.url, 20)) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
            thread.join()
        connect(sessions.session, sandbox.url, 20)
        [pool] = _pools(sessions.session)
        [connection] = [each for each in pool.pool.queue if each is not None]
        select.select([connection.sock], [], [], 20)  # the tickets have arrived

        sessions.session.get(sandbox.url, auth=Bearer(None), timeout=20)

        assert pool.num_connections == 1
        assert _tls_context.cache_info().misses == 1


def _pools(session):
    pools = session.get_adapter("https://").poolmanager.pools
    return [pools[key] for key in pools.keys()]  # noqa: SIM118 - it has no other iterator


@pytest.fixture(params=["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def ca_variable(request, monkeypatch):
    """Sets one of the variables that name a CA bundle."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    return lambda file: monkeypatch.setenv(request.param, file)


@pytest.mark.parametrize(
    ("file", "says"), [("nowhere.pem", "does not exist"), ("none.pem", "no certificate")]
)
def test_a_wrong_ca_bundle_is_named_by_the_first_request(ca_variable, tmp_path, clock, file, says):
    (tmp_path / "none.pem").write_text("no certificate\n")
    with Sandbox(tls=True, calls_per_day=1) as sandbox:
        ca_variable(str(tmp_path / file))
        client = client_of(sandbox.url, clock)
        client.connect()

        with pytest.raises(UnavailableError, match=says):
            send(client)
