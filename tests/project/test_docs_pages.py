"""The pages in docs/, compared with the tap."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import tap_talkdesk_reports
from docs import make_settings, make_streams
from talkdesk_sandbox import Fault, Sandbox
from tap_talkdesk_reports.config.schema import SCHEMA
from tap_talkdesk_reports.core.timespans import timespans
from tests.support import clean_environment, run_tap, utc
from tests.support.documents import blocks
from tests.support.messages import messages
from tests.support.rooms import TAP, arrows_allowed

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "examples" / "dbt" / "README.md"]
DAY = {"start_date": "2026-03-02", "end_date": "2026-03-03"}


def test_the_page_of_streams_is_what_the_declarations_say():
    assert make_streams.PAGE.read_text() == make_streams.page(), "stale: run `make docs`"


def test_the_page_of_settings_is_what_the_schema_says():
    assert make_settings.PAGE.read_text() == make_settings.page(), "stale: run `make docs`"
    assert {name for names in make_settings.SECTIONS.values() for name in names} == set(SCHEMA["properties"])


@pytest.mark.parametrize("file", make_settings.PLUGINS, ids=lambda file: file.name)
def test_the_settings_that_meltano_knows_are_what_the_schema_says(file):
    assert file.read_text() == make_settings.plugin(file.read_text()), "stale: run `make docs`"


# The table of errors


def rows_of_errors():
    """Returns the parts of messages in the table's rows as patterns; `…` matches anything."""
    cells = re.findall(r"^\| (.*?) \|", (DOCS / "errors.md").read_text(), re.MULTILINE)
    spans = [span for cell in cells for span in re.findall(r"`([^`]+)`", cell)]
    return {span: re.compile(".*".join(map(re.escape, span.split("…")))) for span in spans}


def test_every_error_and_warning_has_a_row_in_the_table():
    rows = rows_of_errors().values()

    without = [
        f"{place}: {said}" for said, place in messages().items() if not any(r.search(said) for r in rows)
    ]

    assert without == [], "give each a row in docs/errors.md, or a span in the first cell of one"


def test_every_row_of_the_table_is_about_a_message_of_the_tap():
    said = messages()

    assert [span for span, row in rows_of_errors().items() if not any(map(row.search, said))] == []


def test_the_table_of_errors_has_no_row_that_is_about_everything():
    for span in rows_of_errors():
        assert len(re.findall("[a-z]", span)) >= 4, span


@pytest.mark.parametrize(
    ("config", "sandboxed", "row"),
    [
        ({"start_date": "6 months ago"}, {}, "is not a date; write 2026-01-31"),
        ({"client_secret": None}, {}, "…: missing; set it in the config, or as … with --config=ENV"),
        ({"client_secret": "wrong"}, {}, "Talkdesk refuses the sign-in of client …"),
        ({}, {"forbidden_reports": ["calls"]}, "these credentials may not use the report"),
        ({"timespan_hours": 24}, {"faults": [Fault("create", "wrong_total", times=2, report="calls")]},
         "row count mismatch: the file declares total=… and contains … rows"),
        ({"spool_dir": "/nowhere"}, {}, "spool_dir: … cannot be written to"),
    ],
)  # fmt: skip
def test_the_last_messages_of_a_run_are_in_the_table(tmp_path, config, sandboxed, row):
    with Sandbox(calls_per_day=60, agents=4, **sandboxed) as sandbox:
        outcome = run_tap(tmp_path, sandbox.explore_config | DAY | config)

        assert outcome.code == 1
        assert sandbox.unmet_faults() == []
    assert len(outcome.errors) == 1
    assert rows_of_errors()[row].search(outcome.errors[0].replace("`", ""))


# The other pages


def cells_below(page, heading):
    """Returns the cells of the first table whose heading begins with a text."""
    rows = page.read_text().split(f"| {heading} |", 1)[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_has_a_target(page):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", page.read_text()):
        there = page.parent / target if target else page

        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors | set(re.findall('<a id="(.*?)"', there.read_text())), anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_is_one_that_a_shell_can_read(page):
    for block in blocks(page, "sh"):
        assert subprocess.run(["bash", "-n"], input=block, text=True, check=False).returncode == 0, block


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_in_the_environment_of_a_page_exists(page):
    named = set(re.findall(r"TAP_TALKDESK_REPORTS_([A-Z_]+)", page.read_text()))

    assert named <= {name.upper() for name in SCHEMA["properties"]}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_of_a_page_exists(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = re.findall(r"(?:`|^)make ([a-z -]+)", page.read_text(), re.MULTILINE)

    assert {target for line in lines for target in line.split()} <= targets


def test_the_table_of_costs_is_right():
    rows = cells_below(DOCS / "how-a-sync-works.md", "what is due")

    assert len(rows) >= 5
    for due, hours, jobs in rows:
        start, end = re.findall(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2})?", due)
        cut = timespans(utc(start), utc(end), timedelta(hours=int(hours)))
        assert len(list(cut)) == int(jobs), due


def test_the_drawing_of_the_packages_has_all_of_them_and_every_arrow_goes_down():
    drawing = blocks(DOCS / "architecture.md")[1].split("talkdesk_sandbox ")[0]
    lines = [re.split(r"  +", line)[0].split(" · ") for line in drawing.splitlines()]
    height = {room: -number for number, line in enumerate(lines) for room in line}

    assert height.keys() - {"", "│"} == TAP.rooms()
    mapped = re.findall(r"^    (\w+)(?:\.py|/) ", tap_talkdesk_reports.__doc__, re.MULTILINE)
    assert set(mapped) == TAP.rooms() - {"__main__"}
    for room, below in arrows_allowed().items():
        for other in below:
            assert height[other] < height[room], f"{room} -> {other}"


@pytest.mark.wide
def test_the_diff_that_adds_a_report_adds_it(tmp_path):
    alone = clean_environment(GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    (diff,) = blocks(DOCS / "adding-a-report.md", "diff")
    for package in ("tap_talkdesk_reports", "talkdesk_sandbox"):
        shutil.copytree(ROOT / package, tmp_path / package)
    subprocess.run(["git", "apply", "-C1", "-"], input=diff, text=True, check=True, cwd=tmp_path, env=alone)

    def module(*arguments, **more):
        command = [sys.executable, "-m", *arguments]
        return subprocess.Popen(command, cwd=tmp_path, text=True, stdout=subprocess.PIPE, **more)

    with module("tap_talkdesk_reports", "--discover", env=clean_environment()) as tap:
        catalog = json.load(tap.stdout)
    (entry,) = [entry for entry in catalog["streams"] if entry["stream"] == "adherence"]
    (chosen,) = [each["metadata"] for each in entry["metadata"] if each["breadcrumb"] == []]
    chosen["selected"] = True
    (tmp_path / "catalog.json").write_text(json.dumps({"streams": [entry]}))
    with module("talkdesk_sandbox", "--port=0", "--files-port=0") as sandbox:
        greeting = "".join(iter(sandbox.stdout.readline, "Ctrl-C stops it.\n"))
        explore = greeting.split("# Explore API, with a client secret")[1].split("\n\n")[0]
        settings = dict(line.strip().split("=", 1) for line in explore.strip().splitlines())
        settings |= {f"TAP_TALKDESK_REPORTS_{name.upper()}": value for name, value in DAY.items()}
        arguments = ("tap_talkdesk_reports", "--config=ENV", "--catalog=catalog.json")
        with module(*arguments, env=clean_environment(**settings)) as tap:
            output = [json.loads(line) for line in tap.stdout]
        sandbox.terminate()

    assert tap.returncode == 0
    records = [message["record"] for message in output if message["type"] == "RECORD"]
    assert records
    columns = {"agent_name", "adherence_event_start_time", "_unknown_fields"}
    assert all(record.keys() == columns for record in records)
