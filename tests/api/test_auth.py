"""Sign-ins: the requests, the lifetimes of tokens, and clocks that differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs

import jwt
import pytest

from tap_talkdesk_reports.api.auth import ClientCredentials, PasswordGrant
from tap_talkdesk_reports.api.client import RequestPolicy
from tap_talkdesk_reports.api.signing_key import SigningKey
from tap_talkdesk_reports.core.errors import AuthenticationError, UnavailableError, UnexpectedResponseError
from tests.support import new_private_key
from tests.support.raw_host import OK, dripping, whole

TOKEN = {"access_token": "token-canary", "expires_in": 600}


@pytest.fixture
def sign_in(raw_host, clock):
    """Returns a function that creates a token source and the host that it signs in to."""

    def start(answer, *, query="", key=None, timeout=30, password=False):
        host = raw_host(answer)
        policy = RequestPolicy(clock=clock, user_agent="test", timeout=timeout)
        url = f"{host.url}/oauth/token{query}"
        if password:
            client = {"client_id": "c", "client_secret": "s", "client_version": "1"}
            user = {"account": "acme", "username": "u", "password": "p"}
            return PasswordGrant(url, policy, client=client, user=user), host
        return ClientCredentials(url, policy, client_id="c", client_secret="s", key=key), host

    return start


def test_a_query_of_token_url_is_sent_unchanged_and_its_grant_type_not_twice(sign_in):
    source, host = sign_in(lambda _: [whole(TOKEN)], query="?grant_type=client_credentials&a=%20b")

    assert source.token() == "token-canary"
    [(line, _, body)] = host.requests
    assert line == "POST /oauth/token?grant_type=client_credentials&a=%20b HTTP/1.1"
    assert body == b""


def test_the_grant_type_is_in_the_form_without_a_query(sign_in):
    source, host = sign_in(lambda _: [whole(TOKEN)])

    source.token()

    [(line, headers, body)] = host.requests
    assert line == "POST /oauth/token HTTP/1.1"
    assert (headers["authorization"], body) == ("Basic Yzpz", b"grant_type=client_credentials")


@pytest.mark.parametrize("life", ["1" + "0" * 400, "1e400", "-1", "0", '"600"', "null", "NaN", "[]"])
def test_an_invalid_token_lifetime_counts_as_missing(sign_in, clock, life):
    body = b'{"access_token": "token-canary", "expires_in": %s}' % life.encode()
    source, host = sign_in(lambda _: [whole(body)])
    source.token()
    clock.sleep(10_000)

    assert source.token() == "token-canary"
    assert len(host.requests) == 1


def test_a_sign_in_that_gets_unexpected_responses_fails_within_a_minute(sign_in, clock):
    source, _ = sign_in(lambda _: [whole(b"<html>")])

    with pytest.raises(UnexpectedResponseError, match="returned no token"):
        source.token()

    assert clock.monotonic() < 60


def test_a_sign_in_that_drips_ends_at_its_deadlines(sign_in):
    source, _ = sign_in(lambda _: dripping(OK + b"\r\n{"), timeout=0.05)

    with pytest.raises(
        UnavailableError, match="the response did not arrive in time; given up after 4 attempts"
    ):
        source.token()


# Clocks


class Server:
    """Accepts only assertions that are valid by its own clock."""

    def __init__(self, now, ahead):
        self.now = now + timedelta(seconds=ahead)
        self.host = None
        self.claims = []

    def __call__(self, _):
        date = b"Date: " + format_datetime(self.now, usegmt=True).encode()
        form = parse_qs(self.host.requests[-1][2].decode())
        claims = jwt.decode(form["client_assertion"][0], options={"verify_signature": False})
        self.claims.append(claims)
        now = self.now.timestamp()
        if claims["iat"] <= now + 10 and claims["exp"] > now:
            return [whole(TOKEN, date)]
        return [whole({"error": "invalid_client"}, date, status=b"401 Unauthorized")]


@pytest.mark.parametrize("ahead", [0, -20, -90, -3600, 400, 86_000])
def test_an_assertion_is_signed_by_the_time_of_talkdesk(sign_in, clock, ahead):
    server = Server(clock.now(), ahead)
    source, server.host = sign_in(server, key=SigningKey(new_private_key(), "k"))

    assert source.token() == "token-canary"
    assert len(server.claims) <= 2
    assert source.clock_skew == ahead
    assert datetime.fromtimestamp(server.claims[-1]["iat"], UTC) == server.now


def refusing(ahead, clock):
    date = b"Date: " + format_datetime(clock.now() + timedelta(seconds=ahead), usegmt=True).encode()
    return lambda _: [whole({"error": "invalid_client"}, date, status=b"401 Unauthorized")]


@pytest.mark.parametrize("password", [False, True])
@pytest.mark.parametrize(
    ("ahead", "says"), [(-420, "7 minutes ahead of"), (-3610, "1 hour ahead of"), (90, "2 minutes behind")]
)
def test_a_refused_sign_in_names_the_clock_if_it_differs(sign_in, clock, password, ahead, says):
    source, _ = sign_in(refusing(ahead, clock), password=password)

    with pytest.raises(
        AuthenticationError, match=f"; this machine's clock is {says} Talkdesk's clock; correct it$"
    ):
        source.token()


@pytest.mark.parametrize("password", [False, True])
def test_a_refused_sign_in_does_not_name_a_clock_that_agrees(sign_in, clock, password):
    source, host = sign_in(refusing(30, clock), password=password)

    with pytest.raises(AuthenticationError) as caught:
        source.token()

    assert "clock" not in str(caught.value)
    assert len(host.requests) == 1
