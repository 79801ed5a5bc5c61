"""GitHub workflows and commit hooks: pinned, minimal permissions, and all that the package names."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
#: Where the tests run for each operating system that the package may name.
RUNNERS = {"POSIX :: Linux": "ubuntu-latest", "MacOS": "macos-latest"}
CHANGELOG = """\
# Changelog

## [Unreleased]

### Added

- What comes next.

## [0.10.0] - 2026-02-01

### Fixed

- `## [0.9.0]` is a heading.

## [0.1.0] - 2026-01-01

The first release.

[Unreleased]: https://example.com/compare
[0.10.0]: https://example.com/0.10.0
"""


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


def test_a_workflow_may_only_read(workflow):
    content = yaml.safe_load(workflow)

    assert content["permissions"] == {"contents": "read"}
    assert "secrets." not in workflow


def test_only_two_jobs_of_a_release_may_write_and_they_run_no_code_of_the_repository():
    jobs = {
        (path.stem, name): job
        for path in WORKFLOWS
        for name, job in yaml.safe_load(path.read_text())["jobs"].items()
        if "permissions" in job
    }

    assert {name: job["permissions"] for name, job in jobs.items()} == {
        ("release", "publish"): {"id-token": "write"},
        ("release", "github"): {"contents": "write"},
    }
    for job in jobs.values():
        assert "actions/checkout" not in str(job["steps"])
        assert all(step["run"].startswith("gh release create ") for step in job["steps"] if "run" in step)


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


def test_each_operating_system_that_the_package_names_is_tested():
    named = [
        each.partition(" :: ")[2] for each in PROJECT["classifiers"] if each.startswith("Operating System")
    ]
    jobs = yaml.safe_load((GITHUB / "workflows" / "test.yml").read_text())["jobs"].values()
    tested = {job["runs-on"] for job in jobs if re.search(r"make (\w+ )*test ", str(job["steps"]))}

    assert named
    assert {RUNNERS[name] for name in named} <= tested
    assert tested == set(RUNNERS.values())


def test_every_make_target_of_a_workflow_exists(workflow):
    called = re.findall(r"run: make ((?:[a-z-]+ )+)", workflow)

    assert called
    assert {target for each in called for target in each.split()} <= TARGETS


def test_each_hook_before_a_commit_is_a_make_target():
    """Local hooks download nothing, and check with the versions that constraints.txt pins."""
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]

    assert [repository["repo"] for repository in repositories] == ["local"]
    for hook in repositories[0]["hooks"]:
        program, target = hook["entry"].split()
        assert program == "make"
        assert target in TARGETS
        assert hook["pass_filenames"] is False


def test_dependabot_updates_each_file_of_requirements():
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]
    covered = [
        folder
        for update in updates
        if update["package-ecosystem"] == "pip"
        for folder in update.get("directories") or [update["directory"]]
    ]

    files = (ROOT / "examples").glob("*/requirements*.txt")
    assert sorted(covered) == sorted(["/", *{f"/{path.parent.relative_to(ROOT)}" for path in files}])


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


# The notes of a release


def notes(folder, version):
    """What a shell gets that make itself has not started."""
    environment = {name: value for name, value in os.environ.items() if not re.match("MAKE|MFLAGS", name)}
    command = ["make", "-f", str(ROOT / "Makefile"), "release-notes", f"VERSION={version}"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def sample(tmp_path):
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("0.10.0", "### Fixed\n\n- `## [0.9.0]` is a heading."),
        ("0.1.0", "The first release."),
    ],
)
def test_the_notes_of_a_release_are_its_section_of_the_changelog(sample, version, text):
    made = notes(sample, version)

    assert made.returncode == 0, made.stderr
    assert made.stdout.strip() == text


@pytest.mark.parametrize("version", ["0.9.0", "0.1", "0.1.0.", "0x1.0", ""])
def test_a_version_that_the_changelog_does_not_have_makes_no_notes(sample, version):
    made = notes(sample, version)

    assert made.returncode != 0
    assert made.stdout == ""
    assert "CHANGELOG.md has no section for version" in made.stderr


def test_the_newest_section_of_this_changelog_can_be_released():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    newest = re.search(r"^## \[(.+)\].*\n+(?!## )", changelog, re.MULTILINE)[1]

    assert "- " in notes(ROOT, newest).stdout


def test_a_release_takes_its_notes_from_the_build_before_anything_is_published():
    jobs = yaml.safe_load((GITHUB / "workflows" / "release.yml").read_text())["jobs"]
    (run,) = [step["run"] for step in jobs["build"]["steps"] if "release-notes " in step.get("run", "")]
    (uploaded,) = [
        step["with"]["path"]
        for step in jobs["build"]["steps"]
        if step.get("with", {}).get("name") == "release-notes"
    ]
    create = jobs["github"]["steps"][-1]["run"]

    assert run.endswith('> "$RUNNER_TEMP/release-notes.md"'), (
        "in the checkout it would become part of the package"
    )
    assert uploaded == "${{ runner.temp }}/release-notes.md"
    assert "--notes-file release-notes.md" in create
    assert jobs["github"]["needs"] == "publish"
    assert jobs["publish"]["needs"] == "build"
