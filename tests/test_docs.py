"""The documents say what is so: README and meltano.yml against the tap itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tap_talkdesk_reports.own_reports import problems as problems_of_reports
from tests.support import run_tap

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()

#: Settings that the SDK brings; its own documents describe them.
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
def plugin():
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    return project["plugins"]["extractors"][0]


def own_settings(about):
    return {name: each for name, each in about["settings"]["properties"].items() if name not in BUILTIN}


def table(heading):
    """The rows of the first table under a heading of the README, or behind a line of it."""
    behind = re.split(rf"^(?:## )?{re.escape(heading)}$", README, maxsplit=1, flags=re.MULTILINE)[1]
    lines = behind[behind.index("\n|") + 1 :].split("\n\n", 1)[0].splitlines()
    rows = [re.split(r" *\| *", line.strip("| ")) for line in lines]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_the_readme_lists_every_setting_with_its_default(about):
    documented = {row[0].strip("`"): row[2].strip("`") for row in table("Settings")}

    assert set(documented) == set(own_settings(about))
    for name, setting in own_settings(about).items():
        if "default" in setting:
            assert documented[name] == json.dumps(setting["default"]).strip('"'), name
        assert (documented[name] == "required") == (name in about["settings"]["required"]), name


@pytest.mark.parametrize(
    ("api", "heading"), [("explore", "Streams"), ("reporting", "The Reporting API has two:")]
)
def test_the_readme_lists_every_stream_with_its_keys(tmp_path, api, heading):
    catalog = json.loads(run_tap(tmp_path, {"api": api}, "--discover").stdout)

    documented = {row[0].strip("`"): (row[2], row[3]) for row in table(heading)}

    assert documented == {
        entry["stream"]: (
            ", ".join(f"`{key}`" for key in entry["key_properties"]),
            f"`{entry['replication_key']}`",
        )
        for entry in catalog["streams"]
    }


def test_meltano_knows_every_setting_as_the_tap_does(about, plugin):
    settings = {each["name"]: each for each in plugin["settings"]}

    assert set(settings) == set(own_settings(about))
    for name, setting in own_settings(about).items():
        assert settings[name]["description"] == setting["description"], name
        assert settings[name]["label"] == setting["title"], name
        assert settings[name].get("sensitive", False) == setting.get("secret", False), name
        assert settings[name].get("value") == setting.get("default"), name
        if "enum" in setting:
            assert [option["value"] for option in settings[name]["options"]] == setting["enum"], name


def test_meltano_knows_what_the_tap_can(about, plugin):
    assert sorted(plugin["capabilities"]) == sorted(about["capabilities"])
    assert plugin["select"] == ["calls.*", "user_status.*"]


def test_every_make_target_that_is_spoken_of_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    spoken_of = set()
    for document in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        spoken_of |= set(re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / document).read_text(), re.MULTILINE))

    assert {"demo", "test", "check"} <= spoken_of
    assert spoken_of <= targets


def test_every_link_within_the_repository_leads_somewhere():
    for document in [*ROOT.glob("*.md"), *ROOT.glob("tap_talkdesk_reports/sandbox/*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_example_of_the_setting_reports_is_accepted():
    examples = [json.loads(block) for block in re.findall(r"```json\n(\{.*?\n\})\n```", README, re.DOTALL)]
    reports = [example for example in examples if "reports" in example]

    assert len(reports) == 2
    for example in reports:
        assert list(problems_of_reports(example["reports"], {"calls"})) == []
