"""Meltano's commands with the tap, in projects created from the tap's definition."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
import yaml
from jsonschema import Draft7Validator

from talkdesk_sandbox import Pace
from tests.integration.meltano import INSTALLED, MELTANO, ROOT, TAP, bookmarks, projects
from tests.support import run_tap

DEFINITION = ROOT / "plugins/extractors/tap-talkdesk-reports.yml"
#: Members of a definition that only Meltano Hub uses. `meltano add` leaves them and `select` out.
FOR_THE_HUB = {
    "definition",
    "domain_url",
    "keywords",
    "maintenance_status",
    "next_steps",
    "prereq",
    "select",
    "settings_preamble",
    "usage",
}
WEEK = {"start_date": "2026-03-02", "end_date": "2026-03-09", "timespan_hours": 72}
SELECTED = ("calls", "user_status")


make_project = pytest.fixture(projects)


@pytest.fixture
def start(start_sandbox, make_project):
    """Returns a function that creates a sandbox, and a project whose tap reads from it."""

    def start(**settings):
        sandbox = start_sandbox(pace=Pace.after_polls(1))
        return sandbox, make_project(**sandbox.explore_config | WEEK | settings)

    return start


def lines(project, stream):
    file = project.folder / "output" / f"{stream}.jsonl"
    return file.read_text().splitlines() if file.exists() else []


def test_the_definition_can_be_added_to_a_project(tmp_path):
    definition = yaml.safe_load(DEFINITION.read_text())
    shutil.copy(ROOT / "tests/integration/loaders.yml", tmp_path / "meltano.yml")

    subprocess.run(
        [MELTANO, "add", "--from-ref", DEFINITION, "--no-install", TAP],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=True,
    )

    (added,) = yaml.safe_load((tmp_path / "meltano.yml").read_text())["plugins"]["extractors"]
    assert added == {name: value for name, value in definition.items() if name not in FOR_THE_HUB}


def test_meltano_and_its_schema_accept_all_of_meltano_yml():
    (schema,) = ROOT.glob(".venv-meltano/lib/python*/site-packages/meltano/schemas/meltano.schema.json")
    validator = Draft7Validator(json.loads(schema.read_text()))

    for project in (ROOT / "meltano.yml", INSTALLED / "meltano.yml"):
        errors = [error.message for error in validator.iter_errors(yaml.safe_load(project.read_text()))]
        assert errors == []


@pytest.mark.parametrize(
    "project_file", [ROOT / "meltano.yml", INSTALLED / "meltano.yml"], ids=["own", "added"]
)
def test_every_setting_reaches_the_tap_from_the_environment_as_what_it_is(
    make_project, tmp_path, project_file
):
    about = json.loads(run_tap(tmp_path, {}, "--about", "--format", "json").stdout)["settings"]
    plugin = yaml.safe_load(project_file.read_text())["plugins"]["extractors"][0]
    given = {
        "string": "text",
        "date_iso8601": "2026-03-02",
        "integer": 7,
        "boolean": True,
        "array": [{"type": "adherence"}],
        "object": {"calls": {"notes": None}},
    }
    wanted = {
        each["name"]: each["options"][-1]["value"] if each["kind"] == "options" else given[each["kind"]]
        for each in plugin["settings"]
    }
    texts = {n: v if isinstance(v, str) else json.dumps(v) for n, v in wanted.items()}
    project = make_project(**texts)
    shutil.copy(project_file, project.folder / "meltano.yml")

    dumped = project.done("--no-environment", "invoke", "--no-install", "--dump=config", TAP).stdout

    assert json.loads(dumped) == wanted
    assert [error.message for error in Draft7Validator(about).iter_errors(wanted)] == []


def test_meltano_keeps_secrets_in_the_env_file_beside_what_is_there_and_shows_none(make_project):
    project = make_project(account="acme")
    settings = yaml.safe_load(DEFINITION.read_text())["settings"]
    secret = {each["name"]: f"hush-{each['name']}" for each in settings if each.get("sensitive")}
    (project.folder / ".env").write_text("MINE=precious\n")

    for name, value in secret.items():
        project.done("config", "set", TAP, name, value)
    dumped = project.done("invoke", "--dump=config", TAP).stdout
    shown = project.done("config", "print", TAP).stdout + project.done("config", "list", TAP).stdout

    assert len(secret) == 3
    assert secret.items() <= json.loads(dumped).items()
    assert "MINE=precious" in (project.folder / ".env").read_text()
    assert "acme" in shown
    assert "hush" not in shown


def test_about_version_and_discovery_come_through_meltano_unchanged(start, tmp_path):
    _, project = start()

    about = project.done("invoke", TAP, "--about", "--format=json").stdout
    catalog = project.done("invoke", TAP, "--discover").stdout

    assert json.loads(about) == json.loads(run_tap(tmp_path, {}, "--about", "--format", "json").stdout)
    assert json.loads(catalog) == json.loads(run_tap(tmp_path, {}, "--discover").stdout)


def test_the_test_of_the_settings_succeeds_with_right_ones_and_fails_with_wrong_ones(start):
    sandbox, project = start()

    right = project.meltano("config", "test", TAP)
    project.configure(TAP, client_secret="wrong")
    wrong = project.meltano("config", "test", TAP)

    assert right.code == 0, right.stderr
    assert "valid" in right.stdout
    assert wrong.code == 1
    assert "Talkdesk refuses the sign-in" in wrong.stderr + wrong.stdout
    assert [entry.status for entry in sandbox.ledger if entry.operation == "token"] == [200, 401]


def test_what_is_selected_is_loaded_and_nothing_else(start):
    sandbox, project = start()

    listed = project.done("select", TAP, "--list").stdout
    project.done("select", TAP, "contacts", "*")
    project.done("select", "--rm", TAP, "user_status", "*")
    project.done("select", "--exclude", TAP, "calls", "notes")
    project.done("run", TAP, "target-jsonl")

    assert set(re.findall(r"\] (\w+)\.", listed)) == set(SELECTED)
    assert {job.report for job in sandbox.jobs} == {"calls", "contacts"}
    assert len(lines(project, "contacts")) > 100
    assert not lines(project, "user_status")
    assert all("notes" not in json.loads(line) for line in lines(project, "calls"))


def test_the_connection_test_covers_the_selection_that_meltano_has_listed(start):
    """`meltano invoke` itself makes no catalog, and the tap's own default would be tested."""
    sandbox, project = start()

    project.done("select", TAP, "contacts", "*")
    project.done("select", "--rm", TAP, "user_status", "*")
    project.done("select", TAP, "--list")
    tested = project.done("invoke", TAP, "--test").stdout

    assert set(re.findall(r"^(\w+): works", tested, re.MULTILINE)) == {"calls", "contacts"}
    assert {job.report for job in sandbox.jobs} == {"calls", "contacts"}


def test_a_second_run_loads_only_newer_rows_and_shows_no_secret(start):
    sandbox, project = start(end_date="2026-03-05")

    first = project.done("run", TAP, "target-jsonl")
    brought = {stream: len(lines(project, stream)) for stream in SELECTED}
    before = len(sandbox.jobs)
    project.configure(TAP, end_date="2026-03-09")
    second = project.done("run", TAP, "target-jsonl")

    assert min(job.timespan[0] for job in sandbox.jobs[before:]).day == 5
    for stream in SELECTED:
        ids = [
            json.loads(line).get("call_id") or json.loads(line)["_row_id"] for line in lines(project, stream)
        ]
        assert 0 < brought[stream] < len(ids) == len(set(ids))
    assert project.state("target-jsonl") == dict.fromkeys(SELECTED, "2026-03-09T00:00:00Z")
    logs = first.stderr + second.stderr + "".join(f.read_text() for f in project.folder.rglob("*.log"))
    assert sandbox.explore_config["client_secret"] not in logs
    assert "X-Amz-Signature" not in logs


def test_el_keeps_a_state_by_the_name_that_it_is_given(start):
    sandbox, project = start(end_date="2026-03-05")

    project.done("el", "--state-id=march", TAP, "target-jsonl")
    jobs = len(sandbox.jobs)
    project.done("el", "--state-id=march", TAP, "target-jsonl")

    assert jobs == len(sandbox.jobs) > 0
    kept = json.loads(project.done("state", "get", "march").stdout)
    assert bookmarks(kept) == dict.fromkeys(SELECTED, "2026-03-05T00:00:00Z")


def test_a_state_can_be_set_and_the_next_run_continues_from_it(start):
    sandbox, project = start()
    state_id = f"test:{TAP}-to-target-jsonl"
    bookmark = {"replication_key": "end_at", "replication_key_value": "2026-03-08"}
    state = {"singer_state": {"bookmarks": {"calls": bookmark}}}

    project.done("state", "set", "--force", state_id, json.dumps(state))
    listed = project.done("state", "list").stdout
    project.done("run", TAP, "target-jsonl")

    assert state_id in listed
    assert min(job.timespan[0].day for job in sandbox.jobs if job.report == "calls") == 8
    assert min(job.timespan[0].day for job in sandbox.jobs if job.report == "user_status") == 2
    assert project.state("target-jsonl") == dict.fromkeys(SELECTED, "2026-03-09T00:00:00Z")
