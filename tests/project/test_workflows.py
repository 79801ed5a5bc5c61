"""The GitHub workflows: pinned actions, minimal permissions, and each Python that the package supports."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request):
    return request.param.read_text()


def test_every_action_is_pinned_by_its_commit_with_the_version_as_a_comment(workflow):
    used = re.findall(r"uses: *(.*)", workflow)

    assert used
    assert [
        use for use in used if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)
    ] == []


def test_an_action_is_used_in_one_version_everywhere():
    pins = {pin for path in WORKFLOWS for pin in re.findall(r"uses: *(.*)", path.read_text())}

    assert len(pins) == len({pin.partition("@")[0] for pin in pins})


def test_a_workflow_may_read_and_only_who_publishes_may_sign_in_to_pypi(workflow):
    content = yaml.safe_load(workflow)
    more = {name: job["permissions"] for name, job in content["jobs"].items() if "permissions" in job}

    assert content["permissions"] == {"contents": "read"}
    assert more in ({}, {"publish": {"id-token": "write"}})
    assert "secrets." not in workflow


def test_a_job_ends_by_itself_and_keeps_no_credentials(workflow):
    for job in yaml.safe_load(workflow)["jobs"].values():
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_no_text_of_others_gets_into_a_shell(workflow):
    """A branch or title of a pull request may contain anything, so the shell gets it as a variable."""
    for job in yaml.safe_load(workflow)["jobs"].values():
        assert not any("${{" in step.get("run", "") for step in job["steps"])


def test_each_python_that_the_package_names_is_tested():
    named = [match[1] for each in PROJECT["classifiers"] if (match := re.search(r"Python :: (3\.\d+)", each))]
    jobs = yaml.safe_load((GITHUB / "workflows" / "test.yml").read_text())["jobs"]

    assert jobs["test"]["strategy"]["matrix"]["python"] == named
    oldest, after = (int(minor) for minor in re.findall(r"3\.(\d+)", PROJECT["requires-python"]))
    assert [int(version.partition(".")[2]) for version in named] == list(range(oldest, after))


def test_every_make_target_of_a_workflow_exists(workflow):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = re.findall(r"run: make ((?:[a-z-]+ )+)", workflow)

    assert called
    assert {target for each in called for target in each.split()} <= targets


def test_each_issue_form_asks_for_versions_and_never_for_secrets():
    forms = [path for path in sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) if path.stem != "config"]

    assert forms
    for path in forms:
        form = yaml.safe_load(path.read_text())
        first, *fields = form["body"]
        ids = {field["id"] for field in fields}
        assert "Never paste secrets" in first["attributes"]["value"], path.name
        assert ids & {"version", "versions"}, path.name
        assert not re.search("secret|token|password|config", " ".join(ids)), path.name
