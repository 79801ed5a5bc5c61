"""Hosts on loopback for the tests of `api`."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.raw_host import RawHost


class Host(ThreadingHTTPServer):
    """A host on loopback that remembers each request's path and headers."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.seen = []
        self.is_over = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.path, self.headers))
        if self.path == "/silent":
            self.server.is_over.wait(120)
        if self.path in {"/silent", "/broken"}:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.send_header("Set-Cookie", "session=abc")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def host(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Host() as host:
        yield host
        host.is_over.set()
        host.shutdown()


@pytest.fixture
def raw_host(monkeypatch):
    """Returns a function that starts a host, which responds with the result of a function of the path."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    hosts = []

    def start(answer):
        hosts.append(RawHost(answer))
        return hosts[-1]

    yield start
    for each in hosts:
        each.shutdown()
        each.server_close()
