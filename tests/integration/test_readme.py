"""The README as a new user follows it: each block, pasted one after another, in a directory of its own."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from talkdesk_sandbox import Pace
from tests.integration.meltano import MELTANO, ROOT
from tests.support import clean_environment
from tests.support.documents import blocks, day, paste, sandboxed

#: `make test` is the only block that is not pasted here: it would run the tests within a test.
DEMO, TEST, *WITH_MELTANO, CREATE, CONFIGURE, DISCOVER, SYNC = blocks(ROOT / "README.md", "sh")
MINE = "MINE=precious"


@pytest.fixture
def sandbox(start_sandbox):
    return start_sandbox(pace=Pace.after_polls(1), calls_per_day=60)


@pytest.fixture
def paste_block(tmp_path, sandbox):
    """Pastes blocks with the sandbox's account in place of the user's."""
    clone = tmp_path / "tap-talkdesk-reports"
    clone.symlink_to(ROOT)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "uv").symlink_to(MELTANO.with_name("uv"))
    config = sandbox.explore_config
    more = {
        "2026-01-01": day(3),
        '  "region": "eu",\n': f'  "api_url": "{config["api_url"]}", "token_url": "{config["token_url"]}",\n',
    }
    path = [str(tools), str(Path(sys._base_executable).parent), "/usr/bin", "/bin"]
    environment = clean_environment(
        PATH=os.pathsep.join(path),
        UV_TOOL_DIR=str(tmp_path / "uv"),
        UV_TOOL_BIN_DIR=str(tools),
        TAP_TALKDESK_REPORTS_API_URL=config["api_url"],
        TAP_TALKDESK_REPORTS_TOKEN_URL=config["token_url"],
    )

    def paste_block(*pasted):
        return paste([sandboxed(block, sandbox, more) for block in pasted], clone, environment, seconds=400)

    return paste_block


def keys(folder):
    """The keys of the rows in a folder, in the order in which they were written."""
    return {
        stream: [
            json.loads(line)[key]
            for file in sorted(folder.glob(f"{stream}*.jsonl"))
            for line in file.read_text().splitlines()
        ]
        for stream, key in {"calls": "call_id", "user_status": "_row_id"}.items()
    }


def test_the_demo_draws_what_has_arrived_and_misses_nothing(paste_block):
    assert (DEMO, TEST) == ("make demo\n", "make test\n")

    printed = paste_block(DEMO)

    assert "Calls by hour of the day" in printed
    assert len(re.findall("no gap; ([0-9,]+) rows in the files, \\1 in the table", printed)) == 2


def test_the_blocks_with_meltano_load_each_row_once_and_keep_the_env_file(paste_block, sandbox, tmp_path):
    project = tmp_path / "talkdesk-project"

    install, create, *others = WITH_MELTANO
    printed = paste_block(install, create, f"echo {MINE} > .env\n", *others)

    assert "sign-in: works" in printed
    secret = sandbox.explore_config["client_secret"]
    mine, added = (project / ".env").read_text().splitlines()
    assert mine == MINE
    assert secret in added
    assert secret not in (project / "meltano.yml").read_text()
    for stream, found in keys(project / "output").items():
        assert len(found) > 20, stream
        assert len(set(found)) == len(found), stream


def test_the_blocks_without_meltano_load_each_row_once_after_a_first_run_that_failed(
    paste_block, sandbox, tmp_path
):
    wrong = CONFIGURE.replace("YOUR_CLIENT_SECRET", "wrong")
    fails = DISCOVER.splitlines(keepends=True)[0] + SYNC.replace("bash sync.sh\n", "! bash sync.sh\n")
    nothing_left = "! test -e state.json\n"

    printed = paste_block(CREATE, wrong, fails, nothing_left, CONFIGURE, DISCOVER, SYNC, "bash sync.sh\n")

    assert "Talkdesk refuses the sign-in" in printed
    assert "sign-in: works" in printed
    refused, *accepted = [entry.status for entry in sandbox.ledger if entry.operation == "token"]
    assert refused == 401
    assert set(accepted) == {200}
    for stream, found in keys(tmp_path / "talkdesk").items():
        assert len(found) > 20, stream
        assert len(set(found)) == len(found), stream  # the last run continued at the bookmark
