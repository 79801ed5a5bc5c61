"""Runs the tap once for each API, with all streams selected, and keeps its output for all targets."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from talkdesk_sandbox import Fault, Sandbox
from tests.integration.truth import assert_same, truth
from tests.support import clean_environment
from tests.support.catalogs import everything

APIS = ("explore", "reporting")
TAP = Path(sys.executable).with_name("tap-talkdesk-reports")
START, END = "2026-03-02", "2026-03-09"
WEEK = {"start_date": START, "end_date": END, "timespan_hours": 72}
#: The first report file of calls has a field that the schema lacks.
UNKNOWN = json.dumps({"weather": "fine"}, separators=(",", ":"))

Record = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """The output of one run of the tap."""

    api: str
    #: The Singer messages.
    file: Path
    schemas: dict[str, Record]
    records: dict[str, list[Record]]
    #: The value of the last STATE.
    state: Record

    @property
    def records_again(self) -> dict[str, list[Record]]:
        """The records of the second load: all but the first of each stream; calls have another type."""
        changed = {"calls": {"type": "changed"}}
        return {
            stream: [each | changed.get(stream, {}) for each in records[1:]]
            for stream, records in self.records.items()
        }

    def again(self) -> Path:
        """Writes the messages of the second load to a file."""
        messages = [json.loads(line) for line in self.file.read_bytes().splitlines()]
        rest = {stream: iter(records) for stream, records in self.records_again.items()}
        for each in messages:
            if each["type"] == "RECORD":
                each["record"] = next(rest[each["stream"]], None)
        file = self.file.with_suffix(".again")
        file.write_text("".join(f"{json.dumps(each)}\n" for each in messages if each.get("record", True)))
        return file


def source(api: str, folder: Path) -> Source:
    """Runs the tap against a sandbox.

    Raises:
        AssertionError: the tap fails, or its records are not the sandbox's rows.
    """
    faults = [Fault("create", "new_field", report="calls")]
    with Sandbox(calls_per_day=60, agents=4, faults=faults) as sandbox:
        connection = sandbox.explore_config if api == "explore" else sandbox.config
        config, catalog, file = (folder / f"{api}.{kind}" for kind in ("config", "catalog", "singer"))
        config.write_text(json.dumps(connection | WEEK))
        catalog.write_bytes(_tap("--config", config, "--discover"))
        catalog.write_text(json.dumps(everything(json.loads(catalog.read_text()))))
        file.write_bytes(_tap("--config", config, "--catalog", catalog))
        found = _read(api, file)
        _assert_true(found, sandbox)
    return found


def _tap(*arguments: str | Path) -> bytes:
    run = subprocess.run([TAP, *arguments], env=clean_environment(), capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


def _read(api: str, file: Path) -> Source:
    messages = [json.loads(line) for line in file.read_bytes().splitlines()]
    schemas = {each["stream"]: each["schema"] for each in messages if each["type"] == "SCHEMA"}
    records: dict[str, list[Record]] = {stream: [] for stream in schemas}
    for each in messages:
        if each["type"] == "RECORD":
            records[each["stream"]].append(each["record"])
    state = next(each["value"] for each in reversed(messages) if each["type"] == "STATE")
    return Source(api, file, schemas, records, state)


def _assert_true(source: Source, sandbox: Sandbox) -> None:
    """Compares the records with the sandbox's rows, without the tap's own code."""
    assert sandbox.unmet_faults() == []
    assert {each.pop("_unknown_fields") for each in map(dict, source.records["calls"])} == {None, UNKNOWN}
    for stream, records in source.records.items():
        if stream == "report_files":
            assert len(records) == len(sandbox.jobs)
            continue
        rows = [{n: v for n, v in each.items() if n != "_unknown_fields"} for each in records]
        schema = source.schemas[stream]
        assert_same(rows, truth(sandbox, stream, schema, START, END, api=source.api), schema)
