"""The sandbox's command, as a process."""

import dataclasses
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

import talkdesk_sandbox
from talkdesk_sandbox import CREDENTIALS, Explore, Sandbox
from talkdesk_sandbox.__main__ import _parser
from talkdesk_sandbox.faults.fault_queue import ALL_KINDS
from talkdesk_sandbox.faults.kind import OPERATIONS

COMMAND = [sys.executable, "-m", "talkdesk_sandbox"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_its_settings_serves_and_ends_cleanly(tmp_path, ending):
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps([{"operation": "token", "name": "rate_limited", "retry_after": 1}]))
    options = ["--port", "0", "--files-port", "0", "--pace", "polls:1", "--faults", str(faults)]

    with subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        printed = "".join(iter(process.stdout.readline, "Ctrl-C stops it.\n"))
        legacy, explore, by_key = (
            {name.lower(): value for name, value in re.findall(r"TAP_TALKDESK_REPORTS_(\w+)=(\S+)", group)}
            for group in printed.split("  # ")[1:]
        )
        answers = [requests.post(legacy["token_url"], json=legacy, timeout=60) for _ in range(2)]
        secret = explore["client_id"], explore["client_secret"]
        grant = {"grant_type": "client_credentials"}
        answers.append(requests.post(explore["token_url"], data=grant, auth=secret, timeout=60))
        process.send_signal(ending)
        errors = process.communicate(timeout=60)[1]

    assert [answer.status_code for answer in answers] == [429, 200, 200]
    assert legacy["api_url"].startswith("http://127.0.0.1:")
    assert by_key.pop("private_key")
    assert by_key.pop("key_id")
    assert by_key.items() < explore.items()
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    "fault", [{"operation": "token", "name": "gremlin"}, {"operation": "token"}, "wrong"]
)
def test_the_command_ends_with_one_line_when_its_faults_are_wrong(tmp_path, fault):
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps([fault]))

    ended = subprocess.run(
        [*COMMAND, "--port", "0", "--files-port", "0", "--faults", str(faults)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == 2
    assert ended.stderr.startswith("talkdesk-sandbox: ")
    assert ended.stderr.count("\n") == 1


def test_each_option_of_explore_is_one_of_the_command():
    chosen = [
        "--explore-flat-jobs", "--explore-files-waiting=202", "--no-explore-evaluation-element-text",
        "--explore-scopes=reports:read,reports:write", "--explore-token-seconds=60",
    ]  # fmt: skip

    options = _parser().parse_args(["--chunked", *chosen])

    assert options.chunked
    assert options.explore_flat_jobs
    assert options.explore_files_waiting == "202"
    assert not options.explore_evaluation_element_text
    assert options.explore_scopes == ("reports:read", "reports:write")
    assert options.explore_token_seconds == 60
    defaults = vars(_parser().parse_args([]))
    assert all(defaults[f"explore_{field.name}"] == field.default for field in dataclasses.fields(Explore))


def test_a_port_that_is_taken_is_named():
    with Sandbox() as running:
        port = running.files_url.rpartition(":")[2]
        command = [*COMMAND, "--port", "0", "--files-port", port]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr


def test_the_sandbox_imports_nothing_but_the_standard_library_and_itself():
    code = (
        "import sys, talkdesk_sandbox.__main__\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))\n"
        "print(*(name for name in sys.modules if name.startswith('tap_talkdesk_reports.')"
        " and not name.startswith('talkdesk_sandbox')))"
    )

    printed = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True
    ).stdout

    found = {name for name in printed.split() if not name.startswith("_sysconfigdata")}
    assert found <= {"talkdesk_sandbox", "__main__"}


def test_the_readme_names_every_fault_operation_and_option():
    text = (Path(talkdesk_sandbox.__file__).parent / "README.md").read_text(encoding="utf-8")
    printed = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True).stdout

    assert [name for name in (*ALL_KINDS, *OPERATIONS) if f"`{name}`" not in text] == []
    assert [
        option
        for option in re.findall(r"--[a-z][a-z-]+", text)
        if option not in printed and option != "--help"
    ] == []


def test_the_readme_shows_the_settings_that_the_command_prints():
    text = (Path(talkdesk_sandbox.__file__).parent / "README.md").read_text(encoding="utf-8")

    for name, value in CREDENTIALS.items():
        assert f"  TAP_TALKDESK_REPORTS_{name.upper()}={value}\n" in text
