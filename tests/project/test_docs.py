"""Compares the README, meltano.yml and the plugin definition with the tap."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tap_talkdesk_reports.config.custom_reports import custom_report_problems
from tap_talkdesk_reports.config.settings import normalize
from tap_talkdesk_reports.config.validation import problems
from tests.support import new_private_key, run_tap
from tests.support.documents import blocks

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

#: Settings of the SDK, which its own documents describe.
BUILTIN = {
    "stream_maps",
    "stream_map_config",
    "faker_config",
    "flattening_enabled",
    "flattening_max_depth",
    "flattening_max_key_length",
    "flattening_separator",
    "batch_config",
}


@pytest.fixture
def about(tmp_path):
    return json.loads(run_tap(tmp_path, {}, "--about", "--format", "json").stdout)


@pytest.fixture
def definition():
    return yaml.safe_load((ROOT / "plugins/extractors/tap-talkdesk-reports.yml").read_text())


@pytest.fixture(params=["meltano.yml", "definition"])
def plugin(request, definition):
    """The tap's entry for Meltano: in the project of this repository, and for other projects."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    return definition if request.param == "definition" else project["plugins"]["extractors"][0]


def own_settings(about):
    return {name: each for name, each in about["settings"]["properties"].items() if name not in BUILTIN}


def table(heading):
    """The rows of the first table after a heading or a line of the README."""
    behind = re.split(rf"^(?:## )?{re.escape(heading)}$", README, maxsplit=1, flags=re.MULTILINE)[1]
    lines = behind[behind.index("\n|") + 1 :].split("\n\n", 1)[0].splitlines()
    rows = [re.split(r" *\| *", line.strip("| ")) for line in lines]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_the_settings_of_the_readme_exist_and_have_these_defaults(about):
    documented = {
        name: row[1].strip("`") for row in table("Settings") for name in re.findall("`(.*?)`", row[0])
    }

    assert set(about["settings"]["required"]) <= documented.keys()
    for name, shown in documented.items():
        default = json.dumps(own_settings(about)[name].get("default", "")).strip('"')
        assert shown == ("required" if name in about["settings"]["required"] else default), name


@pytest.mark.parametrize(
    ("api", "heading"), [("explore", "Streams"), ("reporting", "The Reporting API has three:")]
)
def test_the_readme_lists_every_stream_with_its_keys(tmp_path, api, heading):
    catalog = json.loads(run_tap(tmp_path, {"api": api}, "--discover").stdout)

    documented = {row[0].strip("`"): re.findall("`(.*?)`", row[2]) for row in table(heading)}

    assert documented == {entry["stream"]: entry["key_properties"] for entry in catalog["streams"]}


def test_meltano_knows_what_the_tap_can(about, plugin):
    assert sorted(plugin["capabilities"]) == sorted(about["capabilities"])
    assert plugin["select"] == ["calls.*", "user_status.*"]
    assert (plugin["name"], plugin["executable"]) == (about["name"], about["name"])


def test_each_group_of_settings_that_meltano_asks_for_is_enough_and_not_too_much(plugin):
    values = {"private_key": new_private_key(), "start_date": "2026-03-02"}
    groups = plugin["settings_group_validation"]

    assert len(groups) == 3  # the ways to sign in
    for group in groups:
        config = {name: values.get(name, "something") for name in group}
        assert list(problems(normalize(dict(config)), set())) == []
        for name in group:
            less = {other: value for other, value in config.items() if other != name}
            assert list(problems(normalize(less), set())), f"{group} without {name}"


def test_the_definition_is_one_that_meltano_hub_takes(about, definition):
    """Its schema asks for some of these fields, and knows no others."""
    of_the_hub = {"label", "variant", "namespace", "pip_url", "keywords", "domain_url", "maintenance_status"}
    of_its_page = {
        "definition",
        "prereq",
        "settings_preamble",
        "next_steps",
        "usage",
        "select",
        "description",
    }
    of_the_tap = {"name", "executable", "capabilities", "settings", "settings_group_validation"}

    assert definition.keys() == of_the_hub | of_its_page | of_the_tap | {"supported_python_versions"}
    assert definition["supported_python_versions"] == about["supported_python_versions"]
    assert definition["description"] == about["description"]
    assert definition["maintenance_status"] in {"active", "beta", "development", "inactive", "unknown"}


def test_the_loader_of_the_first_try_is_defined_alike_here_and_for_other_projects():
    other = yaml.safe_load((ROOT / "plugins/loaders/target-jsonl.yml").read_text())
    (own,) = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]["loaders"]

    assert own == {name: other[name] for name in own}


def test_every_make_target_that_a_document_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    named = set()
    for document in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        named |= set(re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / document).read_text(), re.MULTILINE))

    assert {"demo", "test", "check"} <= named
    assert named <= targets


def test_every_link_within_the_repository_leads_somewhere():
    for document in [*ROOT.glob("*.md"), *ROOT.glob("talkdesk_sandbox/*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_example_of_the_setting_reports_is_accepted():
    examples = [json.loads(block) for block in blocks(ROOT / "docs/custom-reports.md", "json")]
    reports = [example for example in examples if "reports" in example]

    assert len(reports) == 2
    for example in reports:
        assert list(custom_report_problems(example["reports"], {"calls"})) == []
