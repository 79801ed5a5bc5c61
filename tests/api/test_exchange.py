"""One HTTP exchange: it ends at its deadline, and its body is bounded, compressed or not."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from contextlib import suppress

import pytest
import requests

from tap_talkdesk_reports.api.exchange import exchange
from tap_talkdesk_reports.api.session import Bearer, Sessions
from tests.support.raw_host import OK, dripping, whole

SOON = 0.3
#: A deadline before which the first headers arrive even on a busy machine.
LATE = 1.5


def get(host, path="/", *, session=None, timeout=60.0, **options):
    session = session or Sessions().session
    return exchange(session, "GET", host.url + path, timeout=timeout, auth=Bearer(None), **options)


DRIPS = {
    "status line": b"HTTP/1.1",
    "header": OK + b"X-A: ",
    "body of a length": OK + b"Content-Length: 5000\r\n\r\n{",
    "body without a length": OK + b"Connection: close\r\n\r\n{",
    "chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n1388\r\n{",
    "body of an error": b"HTTP/1.1 500 No\r\nContent-Length: 5000\r\n\r\n{",
}


@pytest.mark.parametrize("name", DRIPS)
def test_an_exchange_ends_at_its_deadline_when_bytes_drip(raw_host, name):
    """Also if the deadline closes the connection, and its end is the end of the body."""
    dripped = raw_host(lambda _: dripping(DRIPS[name]))

    with pytest.raises(requests.exceptions.Timeout):
        get(dripped, timeout=SOON)


def test_the_deadline_holds_on_a_connection_that_was_used_before(raw_host):
    session = Sessions().session
    dripped = raw_host(lambda path: [whole(b"{}")] if path == "/first" else dripping(DRIPS["header"]))
    get(dripped, "/first", session=session)

    with pytest.raises(requests.exceptions.Timeout):
        get(dripped, "/second", session=session, timeout=SOON)

    assert dripped.connections == 1


def test_the_deadline_holds_while_tls_is_set_up(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet():
            connection, _ = server.accept()
            with connection, suppress(OSError):  # the client disconnects
                connection.sendall(b"\x16\x03\x03\x40\x00")
                while not is_over.wait(0.02):
                    connection.sendall(b"\0")

        threading.Thread(target=greet, daemon=True).start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"

        with pytest.raises(requests.exceptions.Timeout):
            exchange(Sessions().session, "GET", url, timeout=SOON)
        is_over.set()


def test_a_session_is_good_after_a_deadline(raw_host):
    session = Sessions().session
    some = raw_host(lambda path: dripping(OK) if path == "/drip" else [whole(b"{}")])
    with pytest.raises(requests.exceptions.Timeout):
        get(some, "/drip", session=session, timeout=SOON)

    assert get(some, session=session).body == b"{}"


def test_a_file_may_take_longer_than_the_deadline_from_its_last_header_on(raw_host):
    def answer(_):
        yield OK + b"Content-Length: 3\r\n\r\n"
        for byte in (b"a", b"b", b"c"):
            yield LATE / 2
            yield byte

    response = get(raw_host(answer), timeout=LATE, files=frozenset({200}))

    assert response.file.raw.read() == b"abc"


def test_a_file_that_does_not_get_to_its_last_header_ends_at_the_deadline(raw_host):
    dripped = raw_host(lambda _: dripping(DRIPS["header"]))

    with pytest.raises(requests.exceptions.Timeout):
        get(dripped, timeout=SOON, files=frozenset({200}))


def test_a_body_is_read_up_to_its_limit_and_no_further(raw_host):
    read = get(raw_host(lambda _: [whole(b"a" * 100)]), limit=100)
    cut = get(raw_host(lambda _: [whole(b"a" * 101)]), limit=100)

    assert (read.body, read.is_cut) == (b"a" * 100, False)
    assert (cut.body, cut.is_cut) == (b"a" * 100, True)


def test_a_body_of_any_size_is_left_at_the_limit(raw_host):
    """The rest is not read: it would take an hour."""

    def endless(_):
        yield OK + b"Content-Length: 999999999999\r\n\r\n"
        while True:
            yield b" " * 65536

    assert get(raw_host(endless), limit=1 << 20, timeout=3600).is_cut


@pytest.mark.parametrize("layers", [1, 2])
def test_a_compressed_body_is_bounded_by_its_decompressed_size(raw_host, layers):
    packed = b" " * (8 << 20)
    for _ in range(layers):
        packed = gzip.compress(packed)
    header = b"Content-Encoding: " + b", ".join([b"gzip"] * layers)

    response = get(raw_host(lambda _: [whole(packed, header)]), limit=1 << 16)

    assert response.is_cut
    assert len(response.body) <= 1 << 16


def test_a_compressed_body_that_decompresses_to_nothing_is_bounded_too(raw_host):
    empty_block = b"\x00\x00\x00\xff\xff"
    packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + empty_block * 100_000

    assert get(raw_host(lambda _: [whole(packed, b"Content-Encoding: gzip")]), limit=1 << 16).is_cut


def test_a_compressed_body_is_decompressed(raw_host):
    packed = whole(gzip.compress(b'{"a": 1}'), b"Content-Encoding: GZIP")

    assert get(raw_host(lambda _: [packed])).body == b'{"a": 1}'


@pytest.mark.parametrize(
    "body", [gzip.compress(b"{}" * 99)[:-9], b"{}", zlib.compress(b"{}")], ids=["cut", "plain", "zlib"]
)
def test_a_compressed_body_that_cannot_be_decompressed_is_an_error(raw_host, body):
    packed = whole(body, b"Content-Encoding: gzip")

    with pytest.raises(requests.exceptions.ContentDecodingError):
        get(raw_host(lambda _: [packed]))


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nA: b\r\n\r\n",
    ],
)
def test_interim_responses_are_skipped(raw_host, before):
    session = Sessions().session
    some = raw_host(lambda _: [before + whole(b"{}", b"A: c")])

    responses = [get(some, session=session) for _ in range(2)]

    assert [(each.status, each.headers["A"], each.body) for each in responses] == [(200, "c", b"{}")] * 2
    assert some.connections == 1


def test_interim_responses_without_end_meet_the_deadline(raw_host):
    def answer(_):
        while True:
            yield b"HTTP/1.1 103 Early Hints\r\n\r\n"
            yield 0.01

    with pytest.raises(requests.exceptions.Timeout):
        get(raw_host(answer), timeout=SOON)


@pytest.mark.parametrize(
    "location",
    [b"http://[::1/x", b"https://x.example/\xe9\xff", b"https://x.example:port/", b"//[", b"https://\x00/"],
)
def test_a_redirect_to_anywhere_is_a_response(raw_host, location):
    redirect = whole(b"", b"Location: " + location, status=b"307 Elsewhere")

    response = get(raw_host(lambda _: [redirect]))

    assert response.status == 307
    assert response.headers["Location"].encode("latin-1") == location


def test_a_body_that_is_too_long_is_not_shown(raw_host):
    """Its end may contain the beginning of a secret."""
    response = get(raw_host(lambda _: [whole(b" " * 99 + b"token-canary")]), limit=107)

    assert "canary" not in str(response)
    assert "returned 200: (a text that is too long to be shown)" in str(response)
