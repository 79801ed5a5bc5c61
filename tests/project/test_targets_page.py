"""The page of targets against the code that runs them."""

from __future__ import annotations

from tests.targets.page import BEGIN, END, PAGE, settings
from tests.targets.table import REPEATS, TARGETS


def rows(text):
    """The cells of the table in a text, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_page_of_targets_shows_what_the_run_asserts():
    table = rows(PAGE.read_text().partition(BEGIN)[2].partition(END)[0])

    assert [[name, configured, again, empty] for name, configured, _, again, empty, *_ in table] == [
        [target.name, settings(target), target.again, target.empty] for target in TARGETS
    ], "stale: `make targets` writes it"
    assert [row[2].startswith("all ") for row in table] == [not target.loses for target in TARGETS]


def test_every_target_has_advice():
    advice = [row[1] for row in rows(PAGE.read_text().partition("## What to set")[2].partition("\n## ")[0])]

    assert [target.name for target in TARGETS if target.name.split()[0] not in advice] == []


def test_every_version_is_pinned_and_every_target_compared_or_known_to_lose_rows():
    assert all("==" in package for target in TARGETS for package in target.packages)
    assert [target.name for target in TARGETS if (target.again in REPEATS) == target.loses] == []
