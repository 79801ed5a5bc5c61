"""No secret is shown. `assert_nothing_secret` searches each run; these tests check that it finds secrets."""

from __future__ import annotations

import json
import re
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support import SECRET_SETTINGS, assert_nothing_secret, run_tap

DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-04"}


class Stranger(ThreadingHTTPServer):
    """A host that is not Talkdesk's, and records its requests."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Listening)
        self.seen = []
        self.url = f"http://localhost:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class Listening(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.path, str(self.headers)))
        body = json.dumps({"total": 0, "entries": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the standard library calls it

    def log_message(self, *_):
        pass


@pytest.fixture
def stranger():
    with Stranger() as host:
        yield host
        host.shutdown()


@pytest.mark.parametrize("name", SECRET_SETTINGS)
@pytest.mark.parametrize("written", ["{}", "x={}&", "\\u0022{}"])
def test_the_search_finds_a_secret_of_the_settings(name, written):
    with pytest.raises(AssertionError, match="a secret"):
        assert_nothing_secret("well", written.format("canary-1"), settings=[{name: "canary-1"}])


@pytest.mark.parametrize(
    "text",
    ["canary%201%2F", "canary+1%2F", b64encode(b"me:canary 1/").decode()],
    ids=["url", "form", "basic"],
)
def test_the_search_finds_a_secret_in_other_spellings(text):
    with pytest.raises(AssertionError, match="a secret"):
        assert_nothing_secret(text, settings=[{"client_id": "me", "client_secret": "canary 1/"}])


def test_the_search_finds_a_token_that_a_sandbox_gave_out(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    run_tap(tmp_path, sandbox.config | DAYS)
    token = next(iter(sandbox._backend.tokens._expiries))

    with pytest.raises(AssertionError, match="a secret"):
        assert_nothing_secret(f"it was {token}")


def test_the_search_finds_a_signature():
    with pytest.raises(AssertionError, match="presigned URL is shown"):
        assert_nothing_secret("https://h/x?X-Amz-Expires=9&X-Amz-Signature=5f0c")


def test_a_file_address_at_a_strange_host_gets_no_token(server, stranger, tmp_path):
    server.answers["files"] = lambda _: (
        303,
        {},
        {"Location": f"{stranger.url}/object?X-Amz-Signature=abcdef"},
    )

    outcome = run_tap(tmp_path, server.config | DAYS)

    assert stranger.seen, outcome.stderr
    assert not any("authorization" in headers.lower() for _, headers in stranger.seen)
    assert not any("token-canary" in path + headers for path, headers in stranger.seen)


@pytest.mark.parametrize("operation", ["status", "create", "list"])
def test_a_redirect_or_link_to_a_strange_host_gets_no_token(server, stranger, tmp_path, operation):
    link = {"self": {"href": f"{stranger.url}/j"}, "next": {"href": f"{stranger.url}/next?page=2"}}
    usual = server.answers[operation]

    def elsewhere(n):
        status, body, headers = usual(n)
        if operation == "status":
            return 303, body, {"Location": f"{stranger.url}/data/reports/calls/files/j"}
        if operation == "list":
            return status, body | {"_links": link} if n < 3 else body, headers
        return status, body | {"_links": link}, headers | {"Location": f"{stranger.url}/j"}

    server.answers[operation] = elsewhere

    outcome = run_tap(tmp_path, server.config | DAYS)

    assert operation in server.asked, outcome.stderr
    assert not any("token-canary" in path + headers for path, headers in stranger.seen)
    assert not any("authorization" in headers.lower() for _, headers in stranger.seen)


def test_a_file_address_without_tls_is_refused(server, tmp_path):
    server.answers["files"] = lambda _: (
        303,
        {},
        {"Location": "http://files.example/x?X-Amz-Signature=abcdef"},
    )

    outcome = run_tap(tmp_path, server.config | DAYS)

    assert outcome.code == 1
    lines = [error for error in outcome.errors if "is not https: http://files.example" in error]
    assert lines
    for line in lines:  # with the place
        assert re.match(r"(calls|user_status): report '\1', job \S+, timespan 2026-03-\S+: the URL of", line)


def test_an_error_body_that_echoes_the_secrets_is_shown_scrubbed_and_cut(server, tmp_path):
    secret = "canary-of-the-client"
    said = {"error": f"bad {secret} token-canary " + "x" * 2000}
    server.answers["create"] = lambda _: (400, said, {})

    outcome = run_tap(tmp_path, server.config | DAYS | {"client_secret": secret})

    assert outcome.code == 1
    assert outcome.errors
    for error in outcome.errors:
        assert "***" in error
        assert "token-canary" not in error
        assert len(error) < 700


def test_a_token_in_an_api_error_is_not_shown(server, tmp_path, calls_only):
    server.answers["create"] = lambda n: (403, {"message": "invalid token token-canary here"}, {})

    outcome = run_tap(tmp_path, server.config, **calls_only)

    assert outcome.code == 1
    assert "invalid token" in outcome.errors[0]
    assert "canary" not in outcome.stderr
