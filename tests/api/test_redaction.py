"""Redaction: no secret is in a message, or in a log line of urllib3."""

from __future__ import annotations

import html
import json
import logging
from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tap_talkdesk_reports.api.redaction import LONGEST_SHOWN, LONGEST_TEXT, TOO_LONG
from tap_talkdesk_reports.api.session import Bearer, Sessions
from tests.support import redacted

SIGNATURE = "5f0c1e9b7a"
TOKEN = "opaque-token-1234"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"


def test_a_presigned_url_is_in_no_log_line_at_any_level(host, caplog):
    caplog.set_level(logging.DEBUG)
    url = f"{host.url}/file?X-Amz-Signature={SIGNATURE}"

    Sessions().session.get(url, auth=Bearer(None), timeout=60)

    assert host.seen[0][0].endswith(SIGNATURE)
    assert SIGNATURE not in caplog.text


def test_a_warning_of_urllib3_is_still_logged(caplog):
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
def test_the_signature_of_a_url_is_redacted(text):
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
def test_a_token_or_secret_is_redacted_after_its_name(text):
    assert TOKEN not in redacted(text)


@given(
    before=st.text(),
    secret=st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="*"), min_size=1),
    behind=st.text(),
)
def test_a_known_secret_is_redacted_anywhere_in_a_text(before, secret, behind):
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
def test_a_secret_is_redacted_in_each_form(text, secrets, hidden):
    assert hidden not in redacted(text, secrets)


# Secrets in the spellings of different writers


SECRETS = ["ab/cd+ef==&\"x'9<Zq\\kkp", "Zm9v/YmFyL2Jhei9xdXV4K3p6eg==", "p\u00e4ssw\u00f6rt \U0001f600 1/2"]
AS_JSON = {"=": "\\u003d", "&": "\\u0026", "'": "\\u0027", '"': '\\"', "\\": "\\\\", "/": "\\/"}


def as_hex(char):
    return "".join(f"%{byte:02x}" for byte in char.encode())


#: How writers escape a character.
WRITERS = {
    "as it is": lambda char: char,
    "json": lambda char: json.dumps(char)[1:-1],
    "json, many escapes": lambda char: AS_JSON.get(char, char),
    "json, all escapes": lambda char: json.dumps(char)[1:-1] if ord(char) > 127 else f"\\u{ord(char):04X}",
    "javascript": lambda char: f"\\x{ord(char):02x}" if ord(char) < 256 else char,
    "html": html.escape,
    "html, decimal": lambda char: f"&#{ord(char)};",
    "html, hexadecimal": lambda char: f"&#X{ord(char):x};",
    "url": lambda char: quote(char, safe=""),
    "url, all and in small letters": as_hex,
    "form": quote_plus,
}


def written(text, writer):
    return "".join(map(WRITERS[writer], text))


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_redacted_in_the_spelling_of_each_writer(secret, writer):
    spelled = written(secret, writer)

    shown = redacted(f"No such client: <{spelled}>.", (secret,))

    assert shown == "No such client: <***>."


@pytest.mark.parametrize("first", WRITERS)
@pytest.mark.parametrize("second", WRITERS)
def test_a_secret_is_redacted_if_two_writers_escaped_it(first, second):
    spelled = written(written(SECRETS[0], first), second)

    assert redacted(f"from <{spelled}> to", (SECRETS[0],)) == "from <***> to"


writers = st.sampled_from(sorted(WRITERS))


printable = st.characters(codec="ascii", exclude_categories=["C"], exclude_characters="*")


#: Secrets that look like escapes themselves.
like_escapes = st.text("\\nutx6&%;#ab10", min_size=12)


@given(data=st.data(), secret=st.text(printable, min_size=12) | like_escapes)
def test_a_secret_is_redacted_in_any_mixture_of_spellings(data, secret):
    assume(len(secret.split()) == 1 and secret.strip() == secret and not secret.endswith("\\"))
    spelled = "".join(WRITERS[data.draw(writers)](char) for char in secret)
    spelled = written(spelled, data.draw(writers))

    assert redacted(f"<{spelled}>", (secret,)) == "<***>"


@pytest.mark.parametrize(
    "spelled",
    [r"Ab\&#110;c\Td\%67e-12345", r"Ab\\u006ec\\T\u0064\\\ge-12345", r"Ab\nc\Td\&#x67;e-12345"],
    ids=["html and url", "json", "html and none"],
)
def test_a_backslash_of_a_secret_is_no_escape_of_the_spelling_after_it(spelled):
    assert redacted(f"<{spelled}>", (r"Ab\nc\Td\ge-12345",)) == "<***>"


@pytest.mark.parametrize(
    "spelled",
    [
        SECRETS[1].lower(),
        SECRETS[1].upper(),
        b64encode(f"cid:{SECRETS[1]}".encode()).decode(),
        b64encode(SECRETS[1].encode()).decode(),
        SECRETS[1].encode().hex(),
        f"{SECRETS[1][:10]}\n  {SECRETS[1][10:]}",
        SECRETS[1][:-1],
    ],
    ids=["small", "large", "basic", "base64", "hex", "in two lines", "cut"],
)
def test_a_secret_is_redacted_in_other_alphabets_and_if_it_is_broken_or_cut(spelled):
    basic = b64encode(f"cid:{SECRETS[1]}".encode()).decode()

    shown = redacted(f"at <{spelled}>", (SECRETS[1], basic))

    assert shown == "at <***>"


def test_a_secret_is_known_before_a_text_is_cut():
    for before in range(280, 310):
        assert "tok-" not in redacted("a" * before + "tok-0123456789", ("tok-0123456789",))


@pytest.mark.parametrize(
    "text",
    [
        # Amazon
        "path /x?X-Amz-Credential=AKIAcanary&X-Amz-Signature=canary",
        '{"X-Amz-Security-Token":"canary"}',
        "<AWSAccessKeyId>canary</AWSAccessKeyId>",
        "<SignatureProvidedBytes>canary 35 65 63</SignatureProvidedBytes>",
        "<CanonicalRequest>GET\n/obj\nX-Amz-Credential=canary&amp;x=canary</CanonicalRequest>",
        "<StringToSign>canary</StringToSign>",
        # CloudFront
        "Key-Pair-Id=AKIAcanary&Policy=canary&Signature=canary",
        "GET /x?Policy=canary",
        # Google
        "X-Goog-Credential=canary%40x.iam.gserviceaccount.com&X-Goog-Signature=canary",
        "?GoogleAccessId=canary@x&Expires=1&Signature=canary",
        # Azure
        "/container/x.json?sv=2024-01-01&se=2026&sr=b&sp=r&sig=canary%3D",
        "sv=2024&amp;sig\\u003dcanary&amp;se=1",
        "https://user:canary@proxy.example:8080/",
        "https://h/x%3Fsig%3Dcanary",
    ],
)
def test_the_parts_of_presigned_urls_of_any_cloud_are_redacted(text):
    shown = redacted(text)

    assert "canary" not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "text",
    [
        "The policy of this account forbids it: ask for the permission",
        "100% of 5 &amp; 6 \\o/ at C:\\new\\table, ticket JIRA-17, %zz, &nosuch;",
        "design=3, sigma=2",
        "user@example.com",
    ],
)
def test_escapes_and_words_without_a_secret_are_shown_unchanged(text):
    assert redacted(text, ("a secret of the client",)) == text


def test_a_text_that_is_too_long_to_search_is_not_shown():
    assert redacted("a" * LONGEST_TEXT) == "a" * LONGEST_SHOWN
    assert redacted("a" * (LONGEST_TEXT + 1)) == TOO_LONG


def test_what_is_shown_is_one_line_of_bounded_length():
    shown = redacted("a\n\t b\r\n" + "c" * 5000)

    assert shown.startswith("a b ccc")
    assert len(shown) == LONGEST_SHOWN


def test_a_text_without_a_secret_is_shown_unchanged():
    text = '{"code":1400,"message":"timespan[from] is missing"} at https://host/reports/calls/jobs'

    assert redacted(text, ("", "other")) == text
