"""URLs: the host that is checked is the host of the connection."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from tap_talkdesk_reports.api.urls import is_loopback, read_url

REFUSED = [
    "",
    "files.example/x",
    "https://",
    "https:///x",
    "https://[::1",
    "https://x:99999999/",
    "https://host:port/",
    "file:///etc/passwd",
    "ftp://127.0.0.1/x",
    "//127.0.0.1/x",
    "https://a b/",
    "https://\0/",
    "http://localhost\t/",
    "http://localhost\n",
    "http://files.example\\@127.0.0.1/x",
    "http://127.0.0.1\\.example/x",
    "https://user:pw@files.example/x",
    "https://@files.example/x",
]


@pytest.mark.parametrize("text", REFUSED)
def test_a_url_that_parsers_may_disagree_about_is_refused_and_not_shown(text):
    with pytest.raises(ValueError, match=r"it contains a|it is not an http or https URL") as caught:
        read_url(text)

    assert "example" not in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://files.example/a?X-Amz-Signature=1%2F2", "files.example"),
        ("HTTPS://Files.Example:443/a", "files.example"),
        ("http://[::1]:80/", "[::1]"),
        ("http://evil.example#@127.0.0.1/", "evil.example"),
        ("http://evil.example?@127.0.0.1/", "evil.example"),
    ],
)
def test_a_host_is_read(text, host):
    assert read_url(text).host == host


hosts = st.sampled_from(["127.0.0.1", "files.example", "[::1]", "localhost"])
between = st.text(st.sampled_from("@\\/?#:%.\t \0[]x1"), max_size=4)


@given(st.builds(lambda a, b, c, d: f"http://{a}{b}{c}{d}", hosts, between, hosts, between))
def test_every_parser_on_the_way_sees_the_host_that_was_checked(text):
    try:
        url = read_url(text)
    except ValueError:
        return
    try:
        prepared = requests.Request("GET", url.url).prepare().url
    except requests.RequestException:
        return

    assert urlsplit(prepared).hostname == url.host.strip("[]")
    assert read_url(prepared).host == url.host


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_this_machine_itself_is_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["", "example.com", "localhost.example.com", "10.0.0.1", "0.0.0.0", "::", "127.0.0.1.x", "0x7f.1"],
)
def test_any_other_host_is_not_loopback(host):
    assert not is_loopback(host)
