"""Undocumented responses: a scripted server, and the tap as a process."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.support import run_tap
from tests.support.server import REPORT


def test_the_server_of_these_tests_is_understood_by_default(server, tmp_path, calls_only):
    outcome = run_tap(tmp_path, server.config, **calls_only)

    assert outcome.code == 0, outcome.stderr
    assert len(outcome.records("calls")) == 3000


def test_the_rest_of_another_file_is_not_stitched_to_the_first_part(server, tmp_path, calls_only):
    old = json.dumps(REPORT).encode()
    new = old.replace(b': "c', b': "d')
    cut = 50_000

    def objects(n):
        if n == 1:
            return 200, old[:cut], {"Content-Length": str(len(old)), "ETag": '"one"', "Connection": "close"}
        if n == 2:
            rest = {"Content-Range": f"bytes {cut}-{len(new) - 1}/{len(new)}", "ETag": '"two"'}
            return 206, new[cut:], rest
        return 200, new, {"ETag": '"two"'}

    server.answers["object"] = objects

    outcome = run_tap(tmp_path, server.config | {"request_timeout_seconds": 2}, **calls_only)

    assert outcome.code == 0, outcome.stderr
    assert server.asked.count("object") == 3
    assert {record["call_id"][0] for record in outcome.records("calls")} == {"d"}
    assert len(outcome.records("calls")) == 3000


@pytest.mark.parametrize("token", ["tok\nen-canary", "tök-canary", "two words-canary", ""])
def test_a_token_that_no_header_can_carry_is_one_line(server, tmp_path, calls_only, token):
    server.answers["token"] = lambda n: (200, {"access_token": token}, {})

    outcome = run_tap(tmp_path, server.config, **calls_only)

    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert "returned no token" in outcome.errors[0]
    assert "canary" not in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_creation_that_gets_503_waits_as_long_as_retry_after_says(server, tmp_path, calls_only):
    usual = server.answers["create"]
    server.answers["create"] = lambda n: (503, {}, {"Retry-After": "3"}) if n == 1 else usual(n)
    began = time.monotonic()

    outcome = run_tap(tmp_path, server.config, **calls_only)

    assert outcome.code == 0, outcome.stderr
    assert server.asked.count("create") == 2
    assert time.monotonic() - began >= 3


@pytest.mark.parametrize("location", ["https://[bad/", "http://files.example/x", "ftp://127.0.0.1/x"])
def test_an_invalid_url_fails_the_stream_in_one_line(server, tmp_path, calls_only, location):
    server.answers["files"] = lambda n: (303, {}, {"Location": location})

    outcome = run_tap(tmp_path, server.config, **calls_only)

    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert "URL" in outcome.errors[0]


@pytest.mark.parametrize(
    "page",
    [
        {"_embedded": []},
        {"_embedded": {"jobs": 5}},
        {"_embedded": {"jobs": ["x"]}},
        {"_embedded": {"jobs": []}, "_links": {"next": {"href": 5}}},
        {"_embedded": {"jobs": []}, "_links": {"next": {"href": "https://[bad"}}},
        b"<html>",
    ],
    ids=str,
)
def test_nothing_is_adopted_when_the_list_is_an_unexpected_response(server, tmp_path, calls_only, page):
    server.answers["list"] = lambda n: (200, page, {})

    outcome = run_tap(tmp_path, server.config, **calls_only)

    assert outcome.code == 0, outcome.stderr
    assert len(outcome.records("calls")) == 3000


def test_a_list_whose_empty_pages_never_end_is_left(server, tmp_path, calls_only):
    server.answers["list"] = lambda n: (
        200,
        {"_embedded": {"jobs": []}, "_links": {"next": {"href": f"?page={n}"}}},
        {},
    )

    outcome = run_tap(tmp_path, server.config, **calls_only)

    assert outcome.code == 0, outcome.stderr
    assert server.asked.count("list") == 1


def test_the_status_of_another_job_is_not_used(server, tmp_path, calls_only):
    done = {"job": {"id": "other", "status": "done"}}
    server.answers["status"] = lambda n: (200, done, {}) if n < 4 else (303, {}, {"Location": "/x"})

    outcome = run_tap(tmp_path, server.config, **calls_only)

    assert outcome.code == 0, outcome.stderr
    assert server.asked.count("status") == 4


@pytest.mark.parametrize("days", [-20000, 3650])
def test_a_clock_that_is_days_away_is_an_error_and_no_bookmark(server, tmp_path, calls_only, days):
    moment = datetime.now(UTC) + timedelta(days=days)
    server.date = moment.strftime("%a, %d %b %Y %H:%M:%S GMT")

    outcome = run_tap(tmp_path, server.config, **calls_only)

    assert outcome.code == 1
    assert "clocks of Talkdesk and of this machine differ" in outcome.errors[0]
    assert outcome.bookmark("calls") is None


def test_a_clock_of_the_api_that_is_hours_ahead_brings_no_bookmark_nearer_than_the_delay(
    server, tmp_path, calls_only
):
    server.date = (datetime.now(UTC) + timedelta(hours=5)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    config = server.config | {
        "start_date": (datetime.now(UTC) - timedelta(hours=6)).isoformat(),
        "end_date": None,
    }

    outcome = run_tap(tmp_path, config, **calls_only)

    assert outcome.code == 0, outcome.stderr
    assert datetime.fromisoformat(outcome.bookmark("calls")) <= datetime.now(UTC) - timedelta(hours=1)


@pytest.mark.parametrize("header", ["²", "-5", "soon", "9" * 400])
def test_an_invalid_retry_after_counts_as_missing(server, tmp_path, calls_only, header):
    usual = server.answers["status"]
    server.answers["status"] = lambda n: (
        (503, {}, {"Retry-After": header.encode().decode("latin-1")}) if n == 1 else usual(n)
    )

    outcome = run_tap(tmp_path, server.config, **calls_only)

    assert outcome.code == 0, outcome.stderr
