"""Errors are one line, before anything is lost, and without a secret."""

from __future__ import annotations

import json

import pytest

from tests.support import run_tap

WEEK = {"start_date": "2026-03-02", "end_date": "2026-03-09"}


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"start_date": "6 months ago"}, "start_date: '6 months ago' is not a date; write 2026-01-31"),
        ({"end_date": "2026-03-01"}, "end_date: 2026-03-01 is before start_date 2026-03-02"),
        ({"timespan_hours": 0}, "timespan_hours: 0 is less than the minimum of 1"),
        ({"timespan_hours": 1.5}, "timespan_hours: 1.5 is not a whole number"),
        ({"api_url": "http://api.talkdeskapp.com"}, "api_url: plain http to api.talkdeskapp.com"),
        ({"password": None}, "password: missing; set it"),
        ({"password": 987654321}, "password: the value is int, not a string"),
        ({"client_secret": ["canary-secret"]}, "client_secret: the value is list, not a string"),
        ({"format": "xls"}, "format: 'xls' is not one of json, csv"),
    ],
)
def test_a_wrong_setting_is_one_line_before_the_first_request(start_sandbox, tmp_path, wrong, line):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | WEEK | wrong)

    assert outcome.code != 0
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith(line)
    assert len(sandbox.ledger) == 0
    assert "987654321" not in outcome.stderr
    assert "canary-secret" not in outcome.stderr


SETTINGS_OF_THE_SDK = {
    "stream_maps": {"calls": {"notes": "__NULL__"}},
    "stream_map_config": {"hash_seed": "x"},
    "faker_config": {"seed": 1},
    "flattening_enabled": True,
    "flattening_max_depth": 1,
    "flattening_separator": "__",
    "flattening_max_key_length": 63,
}


def test_only_a_setting_that_tap_and_sdk_do_not_know_is_a_warning(tmp_path, start_sandbox):
    sandbox = start_sandbox()
    more = SETTINGS_OF_THE_SDK | {"user_agent": "acme/1", "acount": "acme"}

    outcome = run_tap(tmp_path, sandbox.config | WEEK | more, "--test")

    assert outcome.code == 0, outcome.stderr
    warnings = [line.split(" | ")[-1] for line in outcome.stderr.splitlines() if " | WARNING " in line]
    assert warnings == ["acount: there is no such setting, so it is ignored; check its spelling"]


def test_a_wrong_number_in_the_environment_names_the_setting(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(
        tmp_path, sandbox.config | WEEK, "--config=ENV", TAP_TALKDESK_REPORTS_TIMESPAN_HOURS="a week"
    )

    assert outcome.code != 0
    assert outcome.errors == [
        "timespan_hours: 'a week' is not a whole number; write one without a fraction, such as 24"
    ]


def test_a_wrong_password_is_one_line_and_stops_everything(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | WEEK | {"password": "canary-wrong"})

    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert "refuses the sign-in" in outcome.errors[0]
    assert "Check account, username, password" in outcome.errors[0]
    assert "canary-wrong" not in outcome.stderr
    assert sandbox.jobs == []


def test_a_host_that_does_not_answer_is_one_line(start_sandbox, in_process, unused_port):
    sandbox = start_sandbox()
    elsewhere = f"http://127.0.0.1:{unused_port}"

    outcome = in_process(sandbox.config | WEEK | {"api_url": elsewhere, "token_url": None})

    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert f"{elsewhere}/auth/token: the connection is refused" in outcome.errors[0]


def test_a_host_that_is_not_talkdesk_is_one_line(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | WEEK | {"token_url": sandbox.files_url + "/auth/token"})

    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert sandbox.files_url in outcome.errors[0]


def test_an_account_without_a_report_fails_only_that_stream(start_sandbox, tmp_path):
    sandbox = start_sandbox(forbidden_reports=("calls",))

    outcome = run_tap(tmp_path, sandbox.config | WEEK)

    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith("calls: ")
    assert "403" in outcome.errors[0]
    assert "may not use the report" in outcome.errors[0]
    assert outcome.bookmark("calls") is None
    assert outcome.bookmark("user_status") == "2026-03-09T00:00:00Z"
    assert len(outcome.records("user_status")) > 100


def test_a_state_of_another_shape_is_refused_in_one_line(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | WEEK, state={"calls": "2026-03-04"})

    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith("state: ")
    assert len(sandbox.ledger) == 0


@pytest.mark.parametrize("content", ['{"account": ', "[1]", '"acme"', ""])
def test_a_file_that_is_no_json_object_is_one_line(tmp_path, content):
    (tmp_path / "broken.json").write_text(content)

    outcome = run_tap(tmp_path, {}, "--config", str(tmp_path / "broken.json"))

    assert outcome.code == 1
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith("config: cannot be read as JSON")


@pytest.mark.parametrize(
    "arguments", [["--discover"], ["--about"], ["--about", "--format", "json"], ["--version"]]
)
def test_discovery_and_description_need_no_network_and_no_credentials(tmp_path, arguments):
    outcome = run_tap(
        tmp_path, {}, *arguments, HTTP_PROXY="http://127.0.0.1:1", HTTPS_PROXY="http://127.0.0.1:1"
    )

    assert outcome.code == 0, outcome.stderr
    assert "tap" in outcome.stdout
    assert outcome.errors == []


def test_what_about_prints_as_json_is_json(tmp_path):
    outcome = run_tap(tmp_path, {}, "--about", "--format", "json")

    assert json.loads(outcome.stdout)["name"] == "tap-talkdesk-reports"


def test_a_setting_that_does_not_exist_is_warned_of_and_changes_nothing(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | {"start_date": "2998-01-01", "timespan_hour": 24})

    assert outcome.code == 0, outcome.stderr
    [warning] = [line for line in outcome.stderr.splitlines() if "no such setting" in line]
    assert "timespan_hour: " in warning


def test_help_says_what_the_tap_and_its_test_do(tmp_path):
    outcome = run_tap(tmp_path, {}, "--help")

    said = " ".join(outcome.stdout.split())
    assert outcome.code == 0
    assert "Loads Talkdesk reports into a Singer target" in said
    assert "signs in and runs one small job for each selected stream" in said
    assert "The exit code is 1 if one fails." in said
    assert "--test=schema prints the SCHEMA messages" in said
    assert "single record" not in said
    assert "Execute the Singer tap" not in said
