"""`--test`: one small job for each selected report, all at once, with a line for each."""

from __future__ import annotations

import signal
import subprocess
from datetime import timedelta

import pytest

from talkdesk_sandbox import Fault, Pace
from tap_talkdesk_reports.sync.connection_test import connection_test
from tap_talkdesk_reports.sync.run import TEST_SECONDS
from tap_talkdesk_reports.tap import TapTalkdeskReports
from tests.support import clean_environment, command, run_tap
from tests.support.catalogs import catalog_of, with_metadata
from tests.support.forked_tap import TapProcess, run
from tests.support.processes import wait_until

START = {"start_date": "2020-01-01"}


def test_a_job_of_an_hour_is_created_for_each_selected_report_and_has_its_line(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | START, "--test")

    sign_in, calls, statuses = outcome.stdout.splitlines()
    assert outcome.code == 0, outcome.stderr
    assert sign_in == f"sign-in: works, at {sandbox.config['token_url']} for the Reporting API"
    assert calls.startswith("calls: works; ")
    assert calls.endswith(" bytes")
    assert statuses.startswith("user_status: works; ")
    assert sorted(job.report for job in sandbox.jobs) == ["calls", "user_status"]
    for job in sandbox.jobs:
        assert job.timespan[1] - job.timespan[0] == timedelta(hours=1)
        assert job.timespan[1].minute == 0


@pytest.mark.parametrize("place", ["before", "behind"])
def test_the_catalog_selects_the_reports_from_each_option(start_sandbox, tmp_path, place):
    sandbox = start_sandbox()
    config = sandbox.explore_config | START
    catalog = catalog_of(tmp_path, config)
    for stream in ("calls", "user_status"):
        catalog = with_metadata(catalog, stream, [], selected=False)
    catalog = with_metadata(catalog, "contacts", [], selected=True)
    line = command(tmp_path, config, catalog=catalog)
    line.insert(1 if place == "before" else len(line), "--test")

    outcome = run(line, text=True, env=clean_environment())

    assert outcome.returncode == 0, outcome.stderr
    assert [each.split(":")[0] for each in outcome.stdout.splitlines()] == ["sign-in", "contacts"]
    assert [job.report for job in sandbox.jobs] == ["contacts"]


def test_a_report_that_does_not_work_fails_the_test_and_no_other_report(start_sandbox, tmp_path):
    sandbox = start_sandbox(forbidden_reports=("calls",))

    outcome = run_tap(tmp_path, sandbox.config | START, "--test")

    _, calls, statuses = outcome.stdout.splitlines()
    assert outcome.code == 1
    assert calls.startswith("calls: FAILED: report 'calls', timespan ")
    assert "ask for the permission" in calls
    assert statuses.startswith("user_status: works; ")


def test_wrong_credentials_are_one_line(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | START | {"password": "wrong"}, "--test")

    assert outcome.code == 1
    assert outcome.stdout == ""
    [error] = outcome.errors
    assert "username" in error


@pytest.mark.parametrize("fault", [Fault("files", "not_found"), Fault("object", "no_such_key")])
def test_a_file_is_waited_for_when_it_is_not_there_right_after_its_job(start_sandbox, tmp_path, fault):
    sandbox = start_sandbox(faults=[fault])

    outcome = run_tap(tmp_path, sandbox.config | START, "--test")

    assert outcome.code == 0, outcome.stdout
    assert sandbox.unmet_faults() == []


def test_a_page_instead_of_a_file_fails_the_report(start_sandbox, tmp_path):
    sandbox = start_sandbox(faults=[Fault("object", "html_page", report="calls")])

    outcome = run_tap(tmp_path, sandbox.config | START, "--test")

    assert outcome.code == 1
    assert sandbox.unmet_faults() == []
    assert "the file is an HTML or XML page" in outcome.stdout


def test_jobs_that_run_for_long_are_accepted_and_cancelled_and_waited_for_together(start_sandbox, clock):
    sandbox = start_sandbox(pace=Pace.after_seconds(3600), clock=clock.now)
    lines = []

    class Tap(TapTalkdeskReports):
        pass

    Tap.clock = clock
    tap = Tap(config=sandbox.config | START)
    code = connection_test(tap.runs, [stream.to_read for stream in tap.report_streams], lines.append, {})

    assert code == 0
    assert lines[1:] == [
        f"calls: accepted; its job still runs after {TEST_SECONDS} s",
        f"user_status: accepted; its job still runs after {TEST_SECONDS} s",
    ]
    assert [job.status for job in sandbox.jobs] == ["canceled", "canceled"]


def interrupted(tmp_path, sandbox, number, is_time):
    """Runs `--test`, sends it a signal when a condition is true, and returns its exit code and logs."""
    with TapProcess(
        command(tmp_path, sandbox.config | START, "--test"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
    ) as process:
        wait_until(is_time, "it is time")
        process.send_signal(number)
        _, log = process.communicate(timeout=60)
    return process.returncode, log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_test_cancels_its_jobs(start_sandbox, tmp_path, number):
    sandbox = start_sandbox(pace=Pace.after_seconds(3600))

    code, log = interrupted(tmp_path, sandbox, number, lambda: len(sandbox.jobs) >= 2)

    assert code == 128 + number, log
    assert [job.status for job in sandbox.jobs] == ["canceled", "canceled"]


def test_a_test_ends_at_once_when_it_is_interrupted_while_it_signs_in(start_sandbox, tmp_path):
    sandbox = start_sandbox(faults=[Fault("token", "unavailable", times=99)])

    code, log = interrupted(tmp_path, sandbox, signal.SIGTERM, lambda: len(sandbox.ledger) > 0)

    assert code == 128 + signal.SIGTERM, log


def test_a_connection_test_moves_no_bookmark(server, tmp_path):
    server.answers["object"] = lambda n: (200, {"entries": [], "total": 0}, {})

    outcome = run_tap(tmp_path, server.config, "--test")

    assert outcome.code == 0, outcome.stderr
    assert server.asked.count("create") == 2
    assert "replication_key_value" not in outcome.stdout
