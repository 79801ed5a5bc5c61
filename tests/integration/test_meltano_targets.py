"""Loads into databases and files with Meltano: they have the rows of the sandbox afterwards."""

from __future__ import annotations

import csv
import json

import pytest

from talkdesk_sandbox import Pace
from tests.integration import postgres
from tests.integration.meltano import TAP, projects
from tests.integration.truth import as_kept, as_kept_by_pipelinewise, assert_same, truth
from tests.support.catalogs import catalog_of

make_project = pytest.fixture(projects)
database = pytest.fixture(scope="module")(postgres.database)

WEEK = {"start_date": "2026-03-02", "end_date": "2026-03-09", "timespan_hours": 72}
MIDDLE, END = "2026-03-05", "2026-03-09"
SELECTED = ("calls", "user_status")
EVERYTHING = json.dumps(["*.*"])
KEYS = {"calls": "call_id", "user_status": "_row_id"}

#: The setting `batch_config`, without its folder.
FILES = '{{"encoding": {{"format": "jsonl", "compression": "gzip"}}, "storage": {{"root": "{}"}}}}'
#: Ways to load tables: the target, its type for a text, the API, and further settings of the tap.
WAYS = {
    "Explore": ("target-postgres", as_kept, "explore", {}),
    "Explore, in files": ("target-postgres", as_kept, "explore", {"batch_config": FILES}),
    "Reporting": ("target-postgres", as_kept, "reporting", {}),
    "Explore, without the SDK": ("target-pipelinewise", as_kept_by_pipelinewise, "explore", {}),
    "Reporting, without the SDK": ("target-pipelinewise", as_kept_by_pipelinewise, "reporting", {}),
}


@pytest.fixture
def start(start_sandbox, make_project, tmp_path, database):
    """Returns a function that creates a sandbox, a project, a schema name and the streams' schemas."""

    def start(target, *, api="explore", **settings):
        sandbox = start_sandbox(pace=Pace.after_polls(1))
        config = sandbox.explore_config if api == "explore" else sandbox.config
        project = make_project(**config | WEEK | settings)
        # A schema that no other test uses, because the database is shared.
        schema = f"s{project.environment['TAP_TALKDESK_REPORTS_API_URL'].rpartition(':')[2]}"
        project.configure(target, port=database.port, default_target_schema=schema)
        schemas = {each["stream"]: each["schema"] for each in catalog_of(tmp_path, config)["streams"]}
        return sandbox, project, schema, schemas

    return start


@pytest.mark.parametrize("way", WAYS)
def test_every_stream_arrives_in_postgresql_complete_and_unchanged(start, database, tmp_path, way):
    target, kept, api, settings = WAYS[way]
    settings = {name: value.format((tmp_path / "files").as_uri()) for name, value in settings.items()}
    sandbox, project, schema, schemas = start(target, api=api, _select=EVERYTHING, **settings)

    project.done("run", TAP, target)

    del schemas["report_files"]
    files = database.rows(f"{schema}.report_files")
    assert len(schemas) == (17 if api == "explore" else 2)
    assert len(files) == len(sandbox.jobs)
    for stream, fields in schemas.items():
        found = database.rows(f"{schema}.{stream}")
        assert len(found) >= 20, stream
        assert sum(file["rows"] for file in files if file["stream"] == stream) == len(found)
        wanted = truth(sandbox, stream, fields, "2026-03-02", END, api=api)
        assert_same(found, wanted, fields, kept)
    assert (tmp_path / "files").exists() == ("batch_config" in settings)


def test_a_row_that_comes_again_replaces_the_earlier_one(start, database):
    sandbox, project, schema, schemas = start("target-postgres", end_date=MIDDLE)

    project.done("run", TAP, "target-postgres")
    before = {stream: database.count(f"{schema}.{stream}") for stream in SELECTED}
    database.query(f"update {schema}.calls set notes = 'old'")
    project.configure(TAP, end_date=END, lookback_hours=72)
    project.done("run", TAP, "target-postgres")

    for stream in SELECTED:
        found = database.rows(f"{schema}.{stream}")
        assert 0 < before[stream] < len(found)
        assert len({row[KEYS[stream]] for row in found}) == len(found)
        assert_same(found, truth(sandbox, stream, schemas[stream], "2026-03-02", END), schemas[stream])


def test_a_full_refresh_reads_everything_again_and_doubles_no_row(start, database):
    sandbox, project, schema, schemas = start("target-postgres")

    project.done("run", TAP, "target-postgres")
    files = [entry.operation for entry in sandbox.ledger].count("object")
    project.done("run", "--full-refresh", TAP, "target-postgres")

    assert [entry.operation for entry in sandbox.ledger].count("object") == 2 * files
    for stream in SELECTED:
        wanted = truth(sandbox, stream, schemas[stream], "2026-03-02", END)
        assert_same(database.rows(f"{schema}.{stream}"), wanted, schemas[stream])


def test_json_lines_hold_every_row_once_over_two_runs(start):
    sandbox, project, _, schemas = start("target-postgres", end_date=MIDDLE)

    project.done("run", TAP, "target-jsonl")
    project.configure(TAP, end_date=END)
    project.done("run", TAP, "target-jsonl")

    for stream in SELECTED:
        lines = (project.folder / "output" / f"{stream}.jsonl").read_text().splitlines()
        wanted = truth(sandbox, stream, schemas[stream], "2026-03-02", END)
        assert_same(map(json.loads, lines), wanted, schemas[stream])


def test_csv_files_hold_every_row_once(start):
    sandbox, project, _, schemas = start("target-postgres")

    project.done("run", TAP, "target-csv")

    for stream, key in KEYS.items():
        with (project.folder / "output" / f"{stream}.csv").open(newline="") as file:
            found = list(csv.DictReader(file))
        wanted = truth(sandbox, stream, schemas[stream], "2026-03-02", END)
        assert len(found) == len(wanted) == len({row[key] for row in found})
        texts = [
            name
            for name, field in schemas[stream]["properties"].items()
            if field["type"] == ["string", "null"]
        ]
        texts = [
            name
            for name in texts
            if "format" not in schemas[stream]["properties"][name] and name in wanted[0]
        ]
        assert len(texts) > 3
        assert sorted([row[name] for name in texts] for row in found) == sorted(
            [row[name] or "" for name in texts] for row in wanted
        )
