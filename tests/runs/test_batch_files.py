"""BATCH files have the records of RECORD lines, of complete report files only."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from talkdesk_sandbox import Fault
from tests.support import run_tap
from tests.support.truth import as_set, truth

DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-09", "timespan_hours": 48}


def files(root):
    return {"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": root.as_uri()}}


def read(url):
    """Returns the records of a file of a BATCH message."""
    path = Path(url.removeprefix("file://"))
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def batched(outcome, stream):
    """Returns the records of all files, in order."""
    return [record for manifest in batches(outcome, stream) for records in manifest for record in records]


def batches(outcome, stream):
    """Returns the records of each file, by BATCH message."""
    return [
        [read(url) for url in message["manifest"]]
        for message in outcome.messages
        if message["type"] == "BATCH" and message["stream"] == stream
    ]


@pytest.mark.parametrize("file_format", ["json", "csv"])
def test_files_hold_the_records_that_lines_would_have_brought(start_sandbox, tmp_path, file_format):
    sandbox = start_sandbox()
    config = sandbox.config | DAYS | {"format": file_format}
    lines = run_tap(tmp_path, config)

    outcome = run_tap(tmp_path, config | {"batch_config": files(tmp_path / "files")})

    assert outcome.code == 0, outcome.stderr
    assert not any(message["type"] == "RECORD" for message in outcome.messages)
    for stream in ("calls", "user_status"):
        found = [
            record for manifest in batches(outcome, stream) for records in manifest for record in records
        ]
        assert found == lines.records(stream)
    assert outcome.bookmark("calls") == lines.bookmark("calls")


def test_each_timespan_is_one_manifest_followed_by_its_bookmark(start_sandbox, tmp_path):
    sandbox = start_sandbox()

    outcome = run_tap(tmp_path, sandbox.config | DAYS | {"batch_config": files(tmp_path)})

    behind: dict[str, str] = {}  # the bookmark after each BATCH message, by its first file
    latest = None
    for message in outcome.messages:
        if message["type"] == "BATCH" and message["stream"] == "calls":
            latest = message["manifest"][0]
        elif message["type"] == "STATE" and latest:
            bookmark = message["value"]["bookmarks"].get("calls", {})
            behind[latest] = bookmark.get("replication_key_value")
    assert list(behind.values()) == [f"2026-03-0{day}T00:00:00Z" for day in (4, 6, 8, 9)]
    for bookmark, manifest in zip(behind.values(), batches(outcome, "calls"), strict=True):
        assert max(record["end_at"] for records in manifest for record in records) <= bookmark


def test_a_file_has_as_many_records_as_the_setting(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    config = sandbox.config | DAYS | {"batch_config": files(tmp_path) | {"batch_size": 50}}

    outcome = run_tap(tmp_path, config)

    for manifest in batches(outcome, "calls"):
        *full, last = map(len, manifest)
        assert set(full) <= {50}
        assert 0 < last <= 50
    assert any(len(manifest) > 1 for manifest in batches(outcome, "calls"))


def test_files_are_uncompressed_if_set(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    plain = files(tmp_path / "files") | {"encoding": {"format": "jsonl", "compression": "none"}}

    outcome = run_tap(tmp_path, sandbox.config | DAYS | {"batch_config": plain})

    assert outcome.code == 0, outcome.stderr
    assert {path.suffix for path in (tmp_path / "files").iterdir()} == {".json"}
    assert as_set(batched(outcome, "calls")) == as_set(truth(sandbox, "calls", "2026-03-02", "2026-03-09"))


def test_an_empty_timespan_has_no_manifest(start_sandbox, tmp_path):
    sandbox = start_sandbox(calls_per_day=0)

    outcome = run_tap(tmp_path, sandbox.config | DAYS | {"batch_config": files(tmp_path)})

    assert outcome.code == 0, outcome.stderr
    assert batches(outcome, "calls") == []
    assert outcome.bookmark("calls") == "2026-03-09T00:00:00Z"


def test_rows_of_a_report_file_that_turns_out_broken_are_in_no_file(start_sandbox, tmp_path):
    """Lines cannot be taken back; files are named only when they are complete."""
    sandbox = start_sandbox(faults=[Fault("create", "wrong_total", report="calls")])
    folder = tmp_path / "files"

    outcome = run_tap(tmp_path, sandbox.config | DAYS | {"batch_config": files(folder)})

    assert outcome.code == 0, outcome.stderr
    assert sandbox.unmet_faults() == []
    assert as_set(batched(outcome, "calls")) == as_set(truth(sandbox, "calls", "2026-03-02", "2026-03-09"))
    manifests = [message["manifest"] for message in outcome.messages if message["type"] == "BATCH"]
    named = {url.removeprefix("file://") for manifest in manifests for url in manifest}
    assert {str(path) for path in folder.iterdir()} == named


def test_a_folder_that_cannot_be_written_to_is_one_line_and_moves_no_bookmark(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    (tmp_path / "file").touch()

    outcome = run_tap(tmp_path, sandbox.config | DAYS | {"batch_config": files(tmp_path / "file" / "below")})

    assert outcome.code == 1
    assert all(
        "batch files cannot be written" in error and "batch_config" in error for error in outcome.errors
    )
    assert outcome.bookmark("calls") is None


HERE = {"root": "file:///tmp"}
WRONG = {
    "only an encoding": {"encoding": {"format": "jsonl"}},
    "no root": {"encoding": {"format": "jsonl"}, "storage": {}},
    "parquet": {"encoding": {"format": "parquet"}, "storage": {"root": "file:///tmp"}},
    "bzip2": {"encoding": {"format": "jsonl", "compression": "bzip2"}, "storage": {"root": "file:///tmp"}},
    "zero records per file": {
        "encoding": {"format": "jsonl"},
        "storage": {"root": "file:///tmp"},
        "batch_size": 0,
    },
    "an unknown scheme": {"encoding": {"format": "jsonl"}, "storage": {"root": "nosuch://bucket"}},
    "a store without its package": {"encoding": {"format": "jsonl"}, "storage": {"root": "gs://bucket"}},
    "an unknown option": {
        "encoding": {"format": "jsonl"},
        "storage": {"root": "file:///tmp", "folder": "x"},
    },
    "text": "files, please",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_batch_config_that_cannot_be_met_is_one_line(tmp_path, name):
    sign_in = {"account": "acme", "username": "u", "password": "p", "client_id": "c", "client_secret": "s"}

    outcome = run_tap(tmp_path, sign_in | {"start_date": "2026-03-02", "batch_config": WRONG[name]})

    assert outcome.code == 1
    [error] = outcome.errors
    assert error.startswith("batch_config: ")


def test_records_in_files_are_not_mapped_which_is_logged(start_sandbox, tmp_path):
    sandbox = start_sandbox()
    maps = {"stream_maps": {name: {"__alias__": name} for name in ("calls", "user_status")}}

    outcome = run_tap(tmp_path, sandbox.config | DAYS | maps | {"batch_config": files(tmp_path)})

    assert outcome.code == 1
    assert outcome.errors == [
        "batch_config: batch files cannot be combined with stream_maps; leave one of the two out"
    ]
    assert list(sandbox.ledger) == []
