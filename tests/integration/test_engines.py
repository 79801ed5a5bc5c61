"""The parts of the examples that need no engine. `make examples` runs them with Dagster and Airflow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from examples import slices

EXAMPLES = Path(__file__).parents[2] / "examples"
CALLS = [{"call_id": f"c{number}", "agent": "Ana"} for number in range(4)]
STATUSES = [{"_row_id": "s0", "label": "Away"}]


@pytest.fixture
def compare(tmp_path):
    """Returns a function that runs check.py on a long run and two slices with the given calls."""

    def run(long_run, *months):
        folders = [tmp_path / name for name in ("long", "january", "february")]
        for folder, calls in zip(folders, [long_run, *months], strict=True):
            folder.mkdir()
            for stream, rows in (("calls", calls), ("user_status", STATUSES if long_run else [])):
                (folder / f"{stream}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return subprocess.run(
            [sys.executable, EXAMPLES / "check.py", *folders], capture_output=True, text=True, check=False
        )

    return run


def test_slices_equal_a_long_run_when_they_hold_the_same_rows_in_another_order_and_some_twice(compare):
    compared = compare(CALLS, [CALLS[1], CALLS[0]], [CALLS[3], CALLS[2], CALLS[1]])

    assert compared.returncode == 0, compared.stderr
    assert "calls: 4 rows in the long run, 4 in 2 slices (1 lines" in compared.stdout
    assert "0 differ" in compared.stdout


@pytest.mark.parametrize(
    ("january", "february"),
    [
        (CALLS[:1], CALLS[2:]),
        (CALLS[:2], [*CALLS[2:], {"call_id": "c1", "agent": "Rui"}]),
        (CALLS, [{"call_id": "c1", "agent": "Ana", "queue": None}]),
    ],
    ids=["missing", "different", "one more member"],
)
def test_slices_differ_from_a_long_run_when_a_row_is_not_the_same(compare, january, february):
    compared = compare(CALLS, january, february)

    assert compared.returncode == 1
    assert "1 differ" in compared.stdout
    assert "call_id c1" in compared.stdout


def test_slices_differ_from_a_long_run_when_they_have_a_row_that_it_has_not(compare):
    compared = compare(CALLS[:3], CALLS[:3], CALLS[3:])

    assert compared.returncode == 1
    assert "call_id c3: long run None" in compared.stdout


def test_the_comparison_fails_when_there_is_nothing_to_compare(compare):
    assert compare([], [], []).returncode == 1


def test_both_engines_let_two_slices_at_once_into_each_account():
    pools = json.loads((EXAMPLES / "airflow/pools.json").read_text())
    (limit,) = yaml.safe_load((EXAMPLES / "dagster/dagster.yaml").read_text())["concurrency"]["runs"][
        "tag_concurrency_limits"
    ]

    assert {name: pool["slots"] for name, pool in pools.items()} == {
        f"talkdesk_{account}": 2 * slices.JOBS for account in slices.ACCOUNTS
    }
    assert (limit["key"], limit["limit"]) == ("dagster/partition/account", 2)


@pytest.mark.parametrize(
    ("month", "start", "end"),
    [("2024-02", "2024-02-01", "2024-03-01"), ("2025-12", "2025-12-01", "2026-01-01")],
)
def test_a_slice_is_one_month_of_one_account(tmp_path, monkeypatch, month, start, end):
    (tmp_path / "meltano").write_text('#!/bin/sh\necho "$@" > asked\nenv >> asked\n')
    (tmp_path / "meltano").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(tmp_path))

    slices.load("acme", month)

    asked = (tmp_path / "asked").read_text().splitlines()
    assert f"--env-file={tmp_path}/accounts/acme.env el --no-install --state-id=acme-{month}" in asked[0]
    assert {f"TAP_TALKDESK_REPORTS_START_DATE={start}", f"TAP_TALKDESK_REPORTS_END_DATE={end}"} <= set(asked)


def test_a_slice_fails_when_meltano_does(tmp_path, monkeypatch):
    (tmp_path / "meltano").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "meltano").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(tmp_path))

    with pytest.raises(subprocess.CalledProcessError):
        slices.load("acme", "2026-01")
