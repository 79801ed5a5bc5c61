"""Explore's two kinds of sign-in, and the checks of tokens."""

import base64
import builtins
import json
import uuid

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_private_key

from talkdesk_sandbox import Explore, Sandbox

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def assertion(sandbox, clock, header=(), claims=(), key=None):
    """Returns a valid assertion with some members changed; None removes a member."""
    config = sandbox.explore_key_config
    now = int(clock().timestamp())
    who = config["client_id"]
    header = {"alg": "ES256", "kid": config["key_id"]} | dict(header)
    claims = {
        "iss": who,
        "sub": who,
        "aud": config["token_url"],
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + 300,
    } | dict(claims)
    parts = [{name: value for name, value in part.items() if value is not None} for part in (header, claims)]
    signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
    private = load_der_private_key(base64.b64decode(config["private_key"]), None) if key is None else key
    if isinstance(private, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    else:
        signature = private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{base64url(signature)}"


def sign_in(client, text, **members):
    body = {
        "grant_type": "client_credentials",
        "client_assertion_type": JWT_BEARER,
        "client_assertion": text,
    } | members
    return client.plain.post(client.sandbox.explore_key_config["token_url"], data=body)


def test_a_client_secret_gives_a_token_with_every_scope(explore):
    reply = explore.sign_in().json()

    assert reply.pop("access_token")
    assert reply == {
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "data-reports:read data-reports:write reports:read reports:write",
    }


@pytest.mark.parametrize(
    ("members", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "recordings:read"}, 400, "invalid_scope"),
        ({"client_assertion_type": "basic"}, 401, "invalid_client"),
    ],
)
def test_a_wrong_sign_in_is_refused_with_an_oauth_error(explore, members, status, error):
    answer = explore.sign_in(**members)

    assert answer.status_code == status
    assert answer.json()["error"] == error
    assert answer.json()["error_description"]


def test_a_wrong_secret_and_a_body_of_json_are_refused(explore):
    url = explore.sandbox.explore_config["token_url"]
    body = {"grant_type": "client_credentials"}

    assert explore.plain.post(url, data=body, auth=("sandbox-client", "x")).status_code == 401
    assert explore.plain.post(url, data=body).status_code == 401
    assert explore.plain.post(url, json=body).status_code == 400


def test_an_expired_token_gets_401(open_explore, clock):
    explore = open_explore(token_seconds=60)
    clock.tick(59)
    before = explore.list().status_code
    clock.tick(1)
    expired = [
        explore.create(),
        explore.status("x"),
        explore.file("x"),
        explore.list(),
        explore.delete_file("x"),
    ]

    assert before == 200
    assert [answer.status_code for answer in expired] == [401] * 5
    assert "expired" in expired[0].json()["message"]


def test_explore_refuses_a_token_of_the_password_sign_in(open_sandbox, explore):
    legacy = open_sandbox().__class__(explore.sandbox)
    explore.session.headers["Authorization"] = legacy.session.headers["Authorization"]

    assert explore.create().status_code == 401
    legacy.close()


def test_the_reporting_api_takes_a_token_of_oauth_with_its_scopes(open_explore, clock):
    explore = open_explore()
    config = explore.sandbox.reporting_oauth_config
    path, body = "/reports/calls/jobs", {"timespan": {"from": explore.FROM, "to": explore.TO}}

    made = explore.call("POST", path, json=body)
    status = explore.call("GET", f"{path}/{made.json()['id']}")
    clock.tick(600)
    expired = explore.call("GET", path)

    assert (config["api"], config["token_url"]) == ("reporting", f"{explore.sandbox.url}/oauth/token")
    assert (made.status_code, status.status_code, expired.status_code) == (202, 303, 401)


@pytest.mark.parametrize(
    ("scopes", "created", "listed"),
    [
        (("data-reports:read", "data-reports:write"), 403, 403),
        (("reports:read",), 403, 200),
        (("reports:read", "reports:write"), 202, 200),
    ],
)
def test_the_reporting_api_needs_its_own_scopes(open_explore, scopes, created, listed):
    explore = open_explore(scopes=scopes)
    path, body = "/reports/calls/jobs", {"timespan": {"from": explore.FROM, "to": explore.TO}}

    answers = explore.call("POST", path, json=body), explore.call("GET", path)

    assert [answer.status_code for answer in answers] == [created, listed]


def test_the_grant_type_may_stand_in_the_query_of_an_empty_body(explore):
    """A connector in use sends it like this."""
    config = explore.sandbox.explore_config
    url, auth = config["token_url"], (config["client_id"], config["client_secret"])

    given = explore.plain.post(f"{url}?grant_type=client_credentials", auth=auth)
    missing = explore.plain.post(url, auth=auth)

    assert given.json()["token_type"] == "Bearer"
    assert missing.json()["error"] == "unsupported_grant_type"


def test_an_assertion_may_live_for_700_seconds(explore, clock):
    answer = sign_in(explore, assertion(explore.sandbox, clock, claims={"exp": NOW + 700}))

    assert answer.status_code == 200


def test_a_missing_scope_is_refused(open_explore):
    reader = open_explore(scopes=("data-reports:read",))

    assert reader.create().status_code == 403
    assert "data-reports:write" in reader.create().json()["message"]
    assert reader.list().status_code == 200
    assert reader.sign_in(scope="data-reports:read data-reports:write").json()["scope"] == "data-reports:read"


def test_a_token_of_another_region_is_refused(open_explore):
    answer = open_explore(wrong_region=True).create()

    assert answer.status_code == 401
    assert "region" in answer.json()["message"]


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_signed_assertion_gives_a_token_that_works(open_explore, clock, algorithm):
    explore = open_explore(key_algorithm=algorithm)

    answer = sign_in(
        explore, assertion(explore.sandbox, clock, {"alg": algorithm}), scope="data-reports:write"
    )
    explore.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    assert answer.json()["scope"] == "data-reports:write"
    assert explore.create().status_code == 202


NOW = 1_715_774_400  # 2024-05-15 12:00, the clock's time


@pytest.mark.parametrize(
    ("header", "claims", "why"),
    [
        ({"kid": "other"}, {}, "kid"),
        ({"kid": None}, {}, "kid"),
        ({"alg": "none"}, {}, "alg"),
        ({"alg": "RS256"}, {}, "alg"),
        ({}, {"iss": "other"}, "iss and sub"),
        ({}, {"sub": "other"}, "iss and sub"),
        ({}, {"aud": "https://fernline.talkdeskid.com/oauth/token"}, "aud"),
        ({}, {"aud": None}, "aud"),
        ({}, {"jti": None}, "jti"),
        ({}, {"iat": None}, "iat"),
        ({}, {"exp": NOW + 301.5}, "iat and exp"),
        ({}, {"exp": NOW + 710}, "more than 700 seconds"),
        ({}, {"iat": NOW + 60}, "future"),
        ({}, {"iat": NOW - 400, "exp": NOW - 100}, "expired"),
    ],
)
def test_an_assertion_is_refused_when_a_claim_is_wrong(explore, clock, header, claims, why):
    answer = sign_in(explore, assertion(explore.sandbox, clock, header, claims))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert why in answer.json()["error_description"]


def test_an_assertion_is_refused_when_it_comes_twice_or_another_key_signed_it(explore, clock):
    good = assertion(explore.sandbox, clock)
    stranger = assertion(explore.sandbox, clock, key=ec.generate_private_key(ec.SECP256R1()))

    answers = [sign_in(explore, text) for text in (good, good, stranger, good[:-8], "wrong", "a.b.c", "ü")]

    assert [answer.status_code for answer in answers] == [200] + [401] * 6
    assert "jti was used" in answers[1].json()["error_description"]
    assert "signature" in answers[2].json()["error_description"]


def test_a_token_url_is_used_as_requested(explore, clock):
    url = explore.sandbox.url.replace("127.0.0.1", "localhost") + "/oauth/token"
    body = {
        "grant_type": "client_credentials",
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion(explore.sandbox, clock, claims={"aud": url}),
    }

    assert explore.plain.post(url, data=body).status_code == 200


def test_the_private_key_comes_as_talkdesk_hands_it_out():
    with Sandbox() as sandbox:
        config = sandbox.explore_key_config
        assert sandbox.explore_key_config == config

    assert set(config) == {"account", "client_id", "key_id", "private_key", "api_url", "token_url"}
    assert "\n" not in config["private_key"]
    assert isinstance(load_der_private_key(base64.b64decode(config["private_key"]), None).curve, ec.SECP256R1)


def test_a_missing_package_is_named(explore, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments):
        if name.startswith("cryptography"):
            raise ModuleNotFoundError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(RuntimeError, match="cryptography, which is not installed"):
        _ = explore.sandbox.explore_key_config


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="done is one of 303"):
        Explore(done="301")
    with pytest.raises(ValueError, match="recordings:read"):
        Explore(scopes=("recordings:read",))
