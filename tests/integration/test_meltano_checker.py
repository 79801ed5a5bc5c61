"""The checker: it notices each broken rule, and the tap's output breaks none."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.integration.checker import BrokenRuleError, check
from tests.integration.meltano import ROOT
from tests.support import run_tap
from tests.support.catalogs import catalog_of, everything

SCHEMA = {
    "type": "SCHEMA",
    "stream": "calls",
    "key_properties": ["id"],
    "bookmark_properties": ["end_at"],
    "schema": {
        "type": "object",
        "properties": {
            "id": {"type": ["string", "null"]},
            "end_at": {"type": ["string", "null"], "format": "date-time"},
        },
    },
}


def record(**fields):
    return {
        "type": "RECORD",
        "stream": "calls",
        "record": {"id": "1", "end_at": "2026-03-02T08:00:00Z"} | fields,
    }


def state(value="2026-03-03T00:00:00Z", **more):
    bookmark = {"replication_key": "end_at", "replication_key_value": value}
    return {"type": "STATE", "value": {"bookmarks": {"calls": bookmark | more}}}


def printed(messages):
    return [message if isinstance(message, str) else json.dumps(message) for message in messages]


def test_output_that_breaks_no_rule_is_counted():
    messages = [SCHEMA, record(), record(id="2", end_at=None), state(), SCHEMA, record(id="3"), state()]

    checked = check(printed(messages))

    assert checked.records == {"calls": 3}
    assert checked.state == state()["value"]


@pytest.mark.parametrize(
    ("rule", "messages"),
    [
        ("no Singer message", ["Signed in", state()]),
        ("a message of type 'BATCH'", [SCHEMA, {"type": "BATCH"}, state()]),
        ("before its schema", [record(), SCHEMA, state()]),
        ("the schema does not know it", [SCHEMA | {"key_properties": ["callsid"]}, state()]),
        ("has no key", [SCHEMA | {"key_properties": []}, state()]),
        ("7 is not of type", [SCHEMA, record(id=7), state()]),
        ("is not a 'date-time'", [SCHEMA, record(end_at="2026-03-02 08:00:00"), state()]),
        ("not in the schema: mood", [SCHEMA, record(mood="good"), state()]),
        ("a key that is null", [SCHEMA, record(id=None), state()]),
        ("twice", [SCHEMA, record(), state(), SCHEMA, record(), state()]),
        ("not of bookmarks alone", [SCHEMA, {"type": "STATE", "value": {"bookmarks": {}, "version": 1}}]),
        ("no plain bookmark", [SCHEMA, state(starting_replication_value="2026-03-02")]),
        ("goes from 2026-03-03", [SCHEMA, state(), state("2026-03-02T23:00:00-00:30")]),
        ("goes from 2026-03-03", [SCHEMA, state(), {"type": "STATE", "value": {"bookmarks": {}}}]),
        ("no STATE", [SCHEMA, state(), record()]),
        ("no STATE", []),
    ],
)
def test_the_checker_notices_a_broken_rule(rule, messages):
    with pytest.raises(BrokenRuleError, match=rule):
        check(printed(messages))


@pytest.mark.parametrize(
    ("api", "file_format"), [("explore", "json"), ("explore", "csv"), ("reporting", "json")]
)
def test_the_output_of_the_tap_passes_the_checker_and_singer_check_tap(
    start_sandbox, tmp_path, api, file_format
):
    sandbox = start_sandbox()
    config = sandbox.explore_config if api == "explore" else sandbox.config
    days = {"start_date": "2026-03-02", "end_date": "2026-03-09", "timespan_hours": 48}
    catalog = everything(catalog_of(tmp_path, config))

    outcome = run_tap(tmp_path, config | days | {"format": file_format}, catalog=catalog)
    theirs = subprocess.run(
        [ROOT / ".venv-judges/bin/singer-check-tap"],
        input=outcome.stdout,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    ours = check(outcome.stdout.splitlines())

    assert outcome.code == 0, outcome.stderr
    assert ours.records.keys() == {entry["stream"] for entry in catalog["streams"]}
    files = ours.records["report_files"]
    assert files == len(sandbox.jobs)
    assert min(count for stream, count in ours.records.items() if stream != "report_files") >= 20
    assert theirs.returncode == 0, theirs.stderr
    assert f"{ours.records.total()} record messages" in theirs.stdout


def test_singer_check_tap_notices_a_wrong_record():
    """It would be useless if it accepted everything."""
    lines = "\n".join(printed([SCHEMA, record(id=7), state()]))

    theirs = subprocess.run(
        [ROOT / ".venv-judges/bin/singer-check-tap"], input=lines, capture_output=True, text=True, check=False
    )

    assert theirs.returncode != 0
