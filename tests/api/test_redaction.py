"""Nothing secret is shown: in a message, or in a log line of urllib3."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_talkdesk_reports.api.redaction import LONGEST_SHOWN
from tap_talkdesk_reports.api.session import Bearer, Sessions
from tests.support import redacted

SIGNATURE = "5f0c1e9b7a"
TOKEN = "opaque-token-1234"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"


def test_a_presigned_url_stands_in_no_log_line_at_any_level(host, caplog):
    caplog.set_level(logging.DEBUG)
    url = f"{host.url}/file?X-Amz-Signature={SIGNATURE}"

    Sessions().session.get(url, auth=Bearer(None), timeout=5)

    assert host.seen[0][0].endswith(SIGNATURE)
    assert SIGNATURE not in caplog.text


def test_what_urllib3_has_to_warn_of_is_still_told(caplog):
    logging.getLogger("urllib3.connectionpool").warning("Connection pool is full")

    assert "Connection pool is full" in caplog.text


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
    assert len(shown) == LONGEST_SHOWN


def test_what_is_no_secret_is_shown_as_it_is():
    text = '{"code":1400,"message":"timespan[from] is missing"} at https://host/reports/calls/jobs'

    assert redacted(text, ("", "other")) == text
