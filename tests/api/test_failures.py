"""Descriptions of failed requests and machine limits: the message, whether permanent, whether sent."""

from __future__ import annotations

import errno
import os

import pytest
import requests

from tap_talkdesk_reports.api.exchange import exchange
from tap_talkdesk_reports.api.failures import describe_error, is_lasting, was_never_sent
from tap_talkdesk_reports.api.session import Bearer, Sessions
from tests.api.conftest import Host

HTTPS = "https://127.0.0.1:9/x?X-Amz-Signature=canary"
HTTP = HTTPS.replace("https", "http")


def failure(url, timeout=60):
    """Returns the error that a request for a URL raises."""
    with pytest.raises((OSError, ValueError)) as caught:
        exchange(Sessions().session, "GET", url, timeout=timeout, auth=Bearer(None))
    return caught.value


@pytest.mark.parametrize(
    ("path", "words", "never_sent"),
    [
        ("/refused", "the connection is refused", True),
        ("/silent", "the response did not arrive in time", False),
        ("/broken", "the connection broke", False),
    ],
)
def test_an_error_is_described_without_a_url(host, path, words, never_sent):
    with Host() as gone:
        gone.shutdown()

    url = f"{gone.url if path == '/refused' else host.url}{path}"
    error = failure(url, timeout=0.3 if path == "/silent" else 60)

    assert (describe_error(error), was_never_sent(error), is_lasting(error)) == (words, never_sent, False)


@pytest.fixture
def unproxied(monkeypatch):
    """Removes proxies and CA bundles from the environment, so that tests can set them."""
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


NOT_THERE = "the CA bundle does not exist"


@pytest.mark.parametrize(
    ("setting", "url", "words", "lasts"),
    [
        (("REQUESTS_CA_BUNDLE", "gone/ca.pem"), HTTPS, NOT_THERE, True),
        (("CURL_CA_BUNDLE", "gone/ca.pem"), HTTPS, NOT_THERE, True),
        (("HTTP_PROXY", "socks5h://127.0.0.1:9"), HTTP, "a SOCKS proxy needs the package PySocks", True),
        (("ALL_PROXY", "socks5://127.0.0.1:9"), HTTPS, "a SOCKS proxy needs the package PySocks", True),
        (("HTTP_PROXY", "http://proxy:abc"), HTTP, "a proxy's URL is not valid", True),
        (("HTTPS_PROXY", "http://u:canary@127.0.0.1:port"), HTTPS, "a proxy's URL is not valid", True),
        (("HTTPS_PROXY", "http://us er:canary@[::1"), HTTPS, "a proxy's URL is not valid", True),
        (("HTTPS_PROXY", "gopher://127.0.0.1:9"), HTTPS, "a proxy's URL is not valid", True),
        (("HTTP_PROXY", "http://u:canary@127.0.0.1:9"), HTTP, "the proxy cannot be reached", False),
        (("HTTPS_PROXY", "127.0.0.1:9"), HTTPS, "the proxy cannot be reached", False),
    ],
)
def test_what_the_environment_sets_wrong_is_named(unproxied, setting, url, words, lasts):
    unproxied.setenv(*setting)

    error = failure(url)

    assert describe_error(error).startswith(words)
    assert is_lasting(error) is lasts
    assert "canary" not in describe_error(error)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("file", [__file__, os.devnull])
def test_a_bundle_without_a_certificate_is_named(host, unproxied, name, file):
    unproxied.setenv(name, file)

    error = failure(host.url.replace("http", "https"), timeout=60)

    assert describe_error(error).startswith("the CA bundle holds no certificate")
    assert is_lasting(error)


def test_a_certificate_that_no_authority_signed_is_named(start_sandbox, unproxied):
    sandbox = start_sandbox(tls=True)

    error = failure(sandbox.url, timeout=60)

    assert describe_error(error).startswith("the TLS certificate of the host is not trusted")
    assert is_lasting(error)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "out of memory"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (KeyError("value of a row"), "KeyError"),
        (requests.exceptions.ConnectionError(), "the connection broke"),
    ],
    ids=repr,
)
def test_any_error_is_named_without_its_content(error, words):
    assert describe_error(error).startswith(words)


def test_a_limit_that_causes_a_request_error_is_named(host, monkeypatch):
    def no_socket(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("socket.socket.__init__", no_socket)

    error = failure(host.url)

    assert describe_error(error).startswith("too many files and connections are open")
    assert is_lasting(error)
