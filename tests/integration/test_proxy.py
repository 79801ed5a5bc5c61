"""Broken, slow and encrypted connections between the tap and both hosts."""

from __future__ import annotations

import time

import pytest

from talkdesk_sandbox import Pace
from tests.integration.proxy import Trouble
from tests.integration.runs import APIS, DAYS, PLANNED, assert_complete, config_of, run
from tests.integration.s3 import BUCKET, S3Bucket

CREATE, POLL, FILES, TOKEN = r"POST .*/jobs$", r"GET .*/jobs/", r"GET .*/files/", r"POST .*/(token|auth)"
OBJECT = f"GET /{BUCKET}/"

#: Disturbances of the connection to the API. A stall is tested with a short `request_timeout_seconds`.
API_TROUBLES = {
    "reset at connect": Trouble("reset", times=2),
    "reset instead of the answer to the sign-in": Trouble("reset", TOKEN),
    "reset in the middle of the response to a create request": Trouble("reset", CREATE, after=150, times=2),
    "reset instead of the response to a create request": Trouble("reset", CREATE),
    "response to a create request cut": Trouble("close", CREATE, after=150),
    "response to a create request that never comes": Trouble("stall", CREATE),
    "reset while polling": Trouble("reset", POLL, times=3),
    "answer to a poll cut": Trouble("close", POLL, after=150, times=3),
    "poll that is never answered": Trouble("stall", POLL, times=2),
    "redirect to the file cut": Trouble("close", FILES, after=100, times=2),
    "redirect to the file that stalls": Trouble("stall", FILES, after=100),
    "a second's delay of each request": Trouble("delay", ".", seconds=1, times=6),
    "slow line": Trouble("slow", ".", rate=1000, times=10),
}
#: Disturbances of the connection to the file host. test_s3.py tests parts of objects.
OBJECT_TROUBLES = {
    "reset at connect": Trouble("reset", times=2),
    "reset instead of the answer": Trouble("reset", OBJECT, times=2),
    "answer's head cut": Trouble("close", OBJECT, after=100, times=2),
    "answer that never comes": Trouble("stall", OBJECT, times=2),
    "a second's delay of each request": Trouble("delay", OBJECT, seconds=1, times=4),
    "slow line": Trouble("slow", OBJECT, rate=30_000, times=2),
}


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", API_TROUBLES)
def test_a_bad_connection_to_the_api_loses_no_row_and_creates_no_job_twice(
    start_sandbox, start_proxy, tmp_path, api, name
):
    sandbox = start_sandbox(pace=Pace.after_polls(2))
    proxy = start_proxy(int(sandbox.url.rpartition(":")[2]), API_TROUBLES[name])

    outcome = run(tmp_path, config_of(sandbox, api, proxy) | DAYS | {"request_timeout_seconds": 2})

    assert_complete(sandbox, api, outcome)
    assert proxy.unmet() == []
    assert len(sandbox.jobs) == PLANNED


@pytest.mark.parametrize("name", OBJECT_TROUBLES)
def test_a_bad_connection_to_the_file_host_loses_no_row_and_no_job(
    start_sandbox, start_proxy, s3, tmp_path, name
):
    proxy = start_proxy(s3.port, OBJECT_TROUBLES[name])
    sandbox = start_sandbox(bucket=S3Bucket(s3, proxy.address))

    outcome = run(tmp_path, sandbox.config | DAYS | {"request_timeout_seconds": 2})

    assert_complete(sandbox, "reporting", outcome)
    assert proxy.unmet() == []
    assert len(sandbox.jobs) == PLANNED


def test_the_environment_names_a_proxy_for_both_hosts(
    start_sandbox, start_proxy, forward_proxy, s3, tmp_path
):
    lines = start_proxy(s3.port)
    sandbox = start_sandbox(bucket=S3Bucket(s3, lines.address))

    outcome = run(tmp_path, sandbox.config | DAYS, HTTP_PROXY=forward_proxy.url)

    assert_complete(sandbox, "reporting", outcome)
    assert forward_proxy.seen[0] == f"POST {sandbox.url}/auth/token"
    assert sum(seen.startswith(f"POST {sandbox.url}/reports/") for seen in forward_proxy.seen) == PLANNED
    assert sum(seen.startswith(f"GET {lines.url}/{BUCKET}/") for seen in forward_proxy.seen) == PLANNED
    assert len(forward_proxy.seen) == len(sandbox.ledger) + PLANNED


def test_the_environment_excludes_a_host_from_the_proxy(
    start_sandbox, start_proxy, forward_proxy, s3, tmp_path
):
    """The URL of the API has a name, that of the file host an IP address. Only the name is excluded."""
    lines = start_proxy(s3.port)
    sandbox = start_sandbox(bucket=S3Bucket(s3, lines.address))
    named = {name: value.replace("//127.0.0.1", "//localhost") for name, value in sandbox.config.items()}

    outcome = run(tmp_path, named | DAYS, HTTP_PROXY=forward_proxy.url, NO_PROXY="localhost")

    assert_complete(sandbox, "reporting", outcome)
    assert len(forward_proxy.seen) == PLANNED
    assert all(seen.startswith(f"GET {lines.url}/{BUCKET}/") for seen in forward_proxy.seen)


def test_a_proxy_that_is_gone_is_one_line_without_its_password(start_sandbox, tmp_path, unused_port):
    sandbox = start_sandbox()
    proxy = f"http://user:canary-password@127.0.0.1:{unused_port}"

    outcome = run(tmp_path, sandbox.config | DAYS, HTTP_PROXY=proxy)

    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert "the proxy cannot be reached" in outcome.errors[0]
    assert "canary-password" not in outcome.stderr
    assert len(sandbox.ledger) == 0


@pytest.fixture
def private_bucket(start_proxy, authority, s3):
    """Creates a bucket that is reached only with TLS, and the proxy in front of it."""
    line = start_proxy(s3.port, tls=authority.tls)
    return S3Bucket(s3, line.address, secure=True), line


@pytest.fixture
def private_lines(start_sandbox, start_proxy, authority, private_bucket):
    """Creates a sandbox whose API and bucket are reached only with TLS, and the proxies in front of them."""
    bucket, files = private_bucket
    sandbox = start_sandbox(bucket=bucket, pace=Pace.after_polls(1))
    return sandbox, start_proxy(int(sandbox.url.rpartition(":")[2]), tls=authority.tls), files


@pytest.mark.parametrize("api", APIS)
def test_https_works_with_a_ca_from_the_environment(private_lines, authority, tmp_path, api):
    sandbox, line, files = private_lines

    outcome = run(tmp_path, config_of(sandbox, api, line) | DAYS, REQUESTS_CA_BUNDLE=str(authority.bundle))

    assert line.url.startswith("https://")
    assert_complete(sandbox, api, outcome)
    assert len(line.requests) == len(sandbox.ledger)
    assert len([request for request in files.requests if request.line.startswith(OBJECT)]) == PLANNED


def test_https_works_through_a_proxy_from_the_environment(private_lines, authority, forward_proxy, tmp_path):
    sandbox, line, files = private_lines
    environment = {"HTTPS_PROXY": forward_proxy.url, "REQUESTS_CA_BUNDLE": str(authority.bundle)}

    outcome = run(tmp_path, config_of(sandbox, "explore", line) | DAYS, **environment)

    assert_complete(sandbox, "explore", outcome)
    assert set(forward_proxy.seen) == {f"CONNECT {line.address}", f"CONNECT {files.address}"}
    assert len(forward_proxy.seen) == line.connections + files.connections


@pytest.mark.parametrize("api", APIS)
def test_a_certificate_of_an_unknown_authority_is_one_line_and_nothing_is_sent(private_lines, tmp_path, api):
    sandbox, line, _ = private_lines
    began = time.monotonic()

    outcome = run(tmp_path, config_of(sandbox, api, line) | DAYS)

    assert time.monotonic() - began < 60
    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert "the TLS certificate of the host is not trusted" in outcome.errors[0]
    assert line.url in outcome.errors[0]
    assert not any(secret in outcome.stderr for secret in ("sandbox-client-secret", "sandbox-password"))
    assert line.requests == []
    assert len(sandbox.ledger) == 0


def test_a_file_host_whose_certificate_is_of_an_unknown_authority_is_one_line_without_the_signature(
    start_sandbox, private_bucket, in_process, clock
):
    bucket, line = private_bucket
    sandbox = start_sandbox(bucket=bucket, clock=clock.now)

    outcome = in_process(sandbox.config | DAYS)

    assert outcome.code == 1
    assert len(outcome.errors) == 2
    assert all("the TLS certificate of the host is not trusted" in error for error in outcome.errors)
    assert clock.monotonic() < 60
    assert "Signature" not in str(outcome.log)
    assert line.requests == []
    assert outcome.bookmark("calls") is None
