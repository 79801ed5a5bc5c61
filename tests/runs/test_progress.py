"""The display of a run: bars on a terminal, else log lines, the last line, and structured fields."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import termios

import pytest

from talkdesk_sandbox import Fault, Pace
from tests.support import clean_environment, command, run_tap
from tests.support.forked_tap import TapProcess

DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-06", "timespan_hours": 24}


def at_terminal(tmp_path, config, *, records_too=False, size=(40, 120), **environment):
    """Runs the tap with a terminal as its standard error; returns the terminal's text and the exit code."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, size)
    with TapProcess(
        command(tmp_path, config),
        stdout=theirs if records_too else subprocess.DEVNULL,
        stderr=theirs,
        env=clean_environment(**{"TERM": "xterm"} | environment),
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux raises this if the other end is closed
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    return shown.decode(), process.returncode


def test_a_terminal_shows_bars_and_the_last_line(start_sandbox, tmp_path):
    sandbox = start_sandbox(pace=Pace.after_seconds(0.5))

    shown, code = at_terminal(tmp_path, sandbox.config | DAYS)

    assert code == 0
    assert re.search(r"calls +0 of 4 timespans", shown)
    assert re.search(r"calls +█{20} +4 of 4 timespans, [\d,]+ rows, [\d,]+ rows/s", shown)
    assert re.search(r"user_status +█{20} +4 of 4 timespans", shown)
    assert re.search(r"(1 job|\d jobs) at Talkdesk, the oldest for \d+\.\d s", shown)
    assert re.search(r"about [\d.]+ \w+ left", shown)
    assert ": created" not in shown  # the lines of single jobs would break the display
    assert "Done in" in shown.splitlines()[-1]
    assert "\x1b[3" not in shown  # no colour, because of NO_COLOR


def test_a_log_file_has_every_line_when_a_terminal_shows_bars(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    (tmp_path / "logging.yaml").write_text(
        f"""
        version: 1
        disable_existing_loggers: false
        handlers:
          console: {{class: logging.StreamHandler, stream: "ext://sys.stderr"}}
          file: {{class: logging.FileHandler, filename: {tmp_path / "tap.log"}}}
        root: {{level: INFO, handlers: [console, file]}}
        """
    )

    shown, code = at_terminal(
        tmp_path, sandbox.config | DAYS, SINGER_SDK_LOG_CONFIG=str(tmp_path / "logging.yaml")
    )

    assert code == 0
    assert ": created" not in shown
    logged = (tmp_path / "tap.log").read_text()
    assert logged.count(": done, ") == 8
    assert "Done in" in logged


def test_warnings_stay_visible_at_a_terminal(start_sandbox, tmp_path):
    sandbox = start_sandbox(faults=[Fault("create", "job_failed", report="calls")])

    shown, code = at_terminal(tmp_path, sandbox.config | DAYS)

    assert code == 0
    assert sandbox.unmet_faults() == []
    assert "ended as 'failed'" in shown


@pytest.mark.parametrize(
    "why",
    [{"TERM": "dumb"}, {"size": (0, 0)}, {"records_too": True}, {"TAP_TALKDESK_REPORTS_LOGLEVEL": "DEBUG"}],
    ids=str,
)
def test_a_terminal_that_cannot_draw_or_shows_other_things_gets_lines(start_sandbox, tmp_path, why):
    sandbox = start_sandbox()

    shown, code = at_terminal(tmp_path, sandbox.config | DAYS, **why)

    assert code == 0
    assert " of 4 timespans" not in shown
    assert ": created" in shown


def test_without_a_terminal_a_line_per_minute_shows_the_progress(start_sandbox, in_process, clock, caplog):
    caplog.set_level("INFO", "tap-talkdesk-reports")
    sandbox = start_sandbox(pace=Pace.after_seconds(100), clock=clock.now)

    outcome = in_process(sandbox.config | DAYS | {"max_concurrent_jobs": 1})

    lines = [text for level, text in outcome.log if level == "INFO" and "at Talkdesk" in text]
    assert outcome.code == 0
    assert len(lines) <= clock.monotonic() / 60
    assert any(
        re.fullmatch(
            r"calls: 2 of 4 timespans, [\d,]+ rows, [\d,]+ rows?/s; "
            r"(1 job at Talkdesk, the oldest for .*|no job at Talkdesk); about \d+ minutes.* left",
            line,
        )
        for line in lines
    ), lines


def summary(outcome):
    """The lines of a run's log that come after its last stream: one for each stream, and the last one."""
    lines = [line.split(" | ", 3)[3] for line in outcome.stderr.splitlines()]
    return lines[-1 - len([line for line in lines if re.search(THROUGH, line)]) :]


THROUGH = r"\d rows?, (complete through \S+|no bookmark)"
ENDS = {
    "done": ({}, r"Done in .*: 2 streams, [\d,]+ rows"),
    "one failed": (
        {"faults": [Fault("create", "wrong_total", times=9, report="calls")]},
        r"Failed after .*: calls: report 'calls', job .*",
    ),
    "both failed": (
        {"forbidden_reports": ("calls", "user_status")},
        r"Failed after .*: (calls|user_status): report .* \(and 1 more error\)",
    ),
    "all failed at once": (
        {"passwords": {}},
        r"Failed after .*: Talkdesk refuses the sign-in .*",
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_last_lines_say_how_each_stream_and_the_run_ended(start_sandbox, tmp_path, end):
    options, words = ENDS[end]
    wrong = {"password": "wrong"} if options.pop("passwords", None) is not None else {}
    sandbox = start_sandbox(**options)

    outcome = run_tap(tmp_path, sandbox.config | DAYS | wrong)

    *streams, last = summary(outcome)
    assert re.fullmatch(words, last), last
    assert sorted(line.split(":")[0] for line in streams) == ["calls", "user_status"]
    for line in streams:
        name, _, rest = line.partition(": ")
        through = outcome.bookmark(name)
        complete = f"complete through {through}" if through else "no bookmark"
        reasons = [error.removeprefix(f"{name}: ") for error in outcome.errors if error.startswith(name)]
        if reasons:
            assert re.fullmatch(rf"FAILED, [\d,]+ rows, {complete}: {re.escape(reasons[0])}", rest), line
        else:
            assert re.fullmatch(rf"[\d,]+ rows, {complete}", rest), line
            assert f"{len(outcome.records(name)):,} rows" in rest
    if outcome.code:
        assert outcome.errors[0] in last


def test_the_last_line_of_a_run_whose_reader_has_ended_says_so(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    with TapProcess(
        command(tmp_path, sandbox.config | DAYS),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
    ) as process:
        process.stdout.close()
        log = process.stderr.read()

    assert process.returncode == 1
    last = log.decode().splitlines()[-1]
    assert last.endswith(": the program that reads the output has ended; see its log")


def test_the_last_line_names_the_setting_that_ended_the_run(start_sandbox, in_process, clock):
    sandbox = start_sandbox(pace=Pace.after_seconds(100), clock=clock.now)

    outcome = in_process(sandbox.config | DAYS | {"max_concurrent_jobs": 1, "stop_after_minutes": 3})

    assert outcome.code == 0
    words = "Stopped after 3 minutes.*: stop_after_minutes is over; the next run continues at .*"
    assert re.fullmatch(words, outcome.log[-1][1])


def structured(tmp_path):
    """Returns an environment in which the SDK logs as JSON."""
    config = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "singer_sdk.logging.StructuredFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
    }
    path = tmp_path / "logging.json"
    path.write_text(json.dumps(config))
    return {"SINGER_SDK_LOG_CONFIG": str(path)}


def test_structured_logs_carry_stream_report_job_and_timespan(start_sandbox, tmp_path):
    sandbox = start_sandbox(faults=[Fault("create", "job_failed", report="calls")])

    outcome = run_tap(tmp_path, sandbox.config | DAYS, **structured(tmp_path))

    lines = [json.loads(line) for line in outcome.stderr.splitlines()]
    assert outcome.code == 0, outcome.stderr
    jobs = {job.id for job in sandbox.jobs}
    for words in (": created", ": done, ", "ended as 'failed'"):
        [line, *_] = [line for line in lines if words in line["message"] and line["stream_name"] == "calls"]
        assert line["extra"]["report"] == "calls"
        assert line["extra"]["job"] in jobs
        assert re.fullmatch(r"2026-03-0\dT00:00:00Z\.\.2026-03-0\dT00:00:00Z", line["extra"]["timespan"])


def test_metrics_have_the_wait_for_jobs_and_the_bytes_and_rows_of_each_stream(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | DAYS, **structured(tmp_path))

    lines = [json.loads(line) for line in outcome.stderr.splitlines()]
    points = [line["metric_info"] for line in lines if line["message"] == "METRIC"]
    of_calls = {p["metric"]: p["value"] for p in points if p["tags"]["stream"] == "calls"}
    assert of_calls["record_count"] == len(outcome.records("calls"))
    assert of_calls["job_duration"] > 0
    assert len(outcome.stdout) / 10 < of_calls["download_bytes"] < len(outcome.stdout)
