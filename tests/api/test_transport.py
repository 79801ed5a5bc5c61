"""What all HTTP sessions have in common: nothing secret in a log, no netrc, words for what went wrong."""

from __future__ import annotations

import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from tap_talkdesk_reports.api.download import Downloads
from tap_talkdesk_reports.api.transport import (
    SHOWN_CHARACTERS,
    Bearer,
    Sessions,
    is_loopback,
    never_sent,
    plain_words,
)
from tap_talkdesk_reports.core.clock import Clock
from tests.support import redacted

SIGNATURE = "5f0c1e9b7a"
TOKEN = "opaque-token-1234"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"


class Host(ThreadingHTTPServer):
    """A host on loopback that remembers each request's path and headers."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.seen = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.path, self.headers))
        if self.path == "/silent":
            time.sleep(0.5)
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
        host.shutdown()


@pytest.fixture
def netrc(monkeypatch, tmp_path):
    """Somebody's netrc has an entry for the host."""
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login somebody password something\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))


def test_netrc_replaces_no_token(host, netrc):
    requests.get(host.url, timeout=5)  # without an auth of one's own, it is used

    Sessions().session.get(host.url, auth=Bearer(TOKEN), timeout=5)

    assert [headers["Authorization"] for _, headers in host.seen] == [
        "Basic c29tZWJvZHk6c29tZXRoaW5n",
        f"Bearer {TOKEN}",
    ]


def test_netrc_adds_no_credentials_where_none_belong(host, netrc):
    Sessions().session.get(host.url, auth=Bearer(None), timeout=5)

    assert host.seen[0][1]["Authorization"] is None


def test_a_file_host_gets_neither_credentials_nor_cookies(host, netrc):
    downloads = Downloads(Clock(), user_agent="tap/1", timeout=5, spool_dir=None)

    for _ in range(2):
        downloads.fetch(lambda: f"{host.url}/file?X-Amz-Signature={SIGNATURE}")[0].close()

    assert [headers["User-Agent"] for _, headers in host.seen] == ["tap/1"] * 2
    assert not any(headers["Authorization"] or headers["Cookie"] for _, headers in host.seen)


def test_a_signed_address_stands_in_no_log_line_at_any_level(host, caplog):
    caplog.set_level(logging.DEBUG)
    url = f"{host.url}/file?X-Amz-Signature={SIGNATURE}"

    Sessions().session.get(url, auth=Bearer(None), timeout=5)

    assert host.seen[0][0].endswith(SIGNATURE)
    assert SIGNATURE not in caplog.text


def test_what_urllib3_has_to_warn_of_is_still_told(caplog):
    logging.getLogger("urllib3.connectionpool").warning("Connection pool is full")

    assert "Connection pool is full" in caplog.text


def test_each_thread_has_a_session_of_its_own_with_the_same_headers():
    sessions = Sessions(**{"User-Agent": "tap/1"})
    found = [sessions.session, sessions.session]

    thread = threading.Thread(target=lambda: found.append(sessions.session))
    thread.start()
    thread.join()

    assert found[0] is found[1] is not found[2]
    assert {session.headers["User-Agent"] for session in found} == {"tap/1"}


SIGNED = f"https://bucket.s3.amazonaws.com/a/b.json?X-Amz-Credential=AKIAXYZ&X-Amz-Signature={SIGNATURE}"


@pytest.mark.parametrize(
    "text",
    [
        SIGNED,
        f"This resource has been moved temporarily to {SIGNED}.",
        f'{{"url": "{SIGNED}"}}',
        f"<Location>{SIGNED}</Location>",
        f"GET /a/b.json?x=1&X-Amz-Signature={SIGNATURE} HTTP/1.1",
        f"https://h/a?x=1&amp;X-Amz-Signature={SIGNATURE}",
        f"{SIGNED} and {SIGNED}",
    ],
)
def test_the_signature_of_an_address_is_blacked_out(text):
    shown = redacted(text)

    assert SIGNATURE not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {TOKEN}",
        f"authorization: bearer   {TOKEN}, x",
        f"{{'Authorization': 'Bearer {TOKEN}'}}",
        f"Basic {TOKEN}",
        f'{{"access_token": "{TOKEN}", "expires_in": 600}}',
        f'{{"id_token":"{TOKEN}"}}',
        f'{{\n  "client_secret" : "{TOKEN}"\n}}',
        f"{{'password': '{TOKEN}'}}",
        f"grant_type=x&client_assertion={TOKEN}&y=1",
        f"TOKEN={TOKEN}",
        JWT.replace("dozjgNryP4J3jVmNHl0w5N", TOKEN),
        f"invalid: {JWT.replace('dozjgNryP4J3jVmNHl0w5N', TOKEN)}.",
    ],
)
def test_a_token_or_secret_is_blacked_out_wherever_it_is_named(text):
    assert TOKEN not in redacted(text)


@given(
    before=st.text(),
    secret=st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="*"), min_size=1),
    behind=st.text(),
)
def test_a_known_secret_is_blacked_out_wherever_it_stands(before, secret, behind):
    assert secret not in redacted(before + secret + behind, (secret,))


@pytest.mark.parametrize(
    ("text", "secrets", "hidden"),
    [
        (r'{"password": "canary\"1"}', ('canary"1',), "canary"),
        ('Authorization: Bearer "canary"', (), "canary"),
        ('{"client_secret":"a canary c"}', (), "canary"),
        ('{"token": ["canary"]}', (), "canary"),
        ("HTTPS://h/x?sig=canary", (), "canary"),
        ("user=u&pw=a%40b", ("a@b",), "a%40b"),
        (r'"said": "p\u00e4ss"', ("p\u00e4ss",), "u00e4ss"),
    ],
    ids=str,
)
def test_a_secret_is_blacked_out_however_it_is_written(text, secrets, hidden):
    assert hidden not in redacted(text, secrets)


def test_what_is_shown_is_one_line_of_bounded_length():
    shown = redacted("a\n\t b\r\n" + "c" * 5000)

    assert shown.startswith("a b ccc")
    assert len(shown) == SHOWN_CHARACTERS


def test_what_is_no_secret_is_shown_as_it_is():
    text = '{"code":1400,"message":"timespan[from] is missing"} at https://host/reports/calls/jobs'

    assert redacted(text, ("", "other")) == text


def test_an_error_is_told_in_words_without_an_address(host):
    told = {}
    with Host() as gone:
        gone.shutdown()
    for path, base in {"/refused": gone.url, "/silent": host.url, "/broken": host.url}.items():
        with pytest.raises(requests.RequestException) as caught:
            Sessions().session.get(f"{base}{path}", auth=Bearer(None), timeout=0.2)
        told[path] = (plain_words(caught.value), never_sent(caught.value))

    assert told == {
        "/refused": ("the connection is refused", True),
        "/silent": ("no answer in time", False),
        "/broken": ("the connection broke", False),
    }


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_itself_is_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "example.com", "localhost.example.com", "10.0.0.1", "0.0.0.0", "::", "127.0.0.1.x"]
)
def test_any_other_host_is_not_loopback(host):
    assert not is_loopback(host)
