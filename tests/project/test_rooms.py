"""The imports between packages of the tap and of the sandbox: downwards only, without cycles."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import talkdesk_sandbox
from tests.support.rooms import TAP, Imports, arrows_allowed

SANDBOX = Imports(Path(talkdesk_sandbox.__file__).parent)
HTTP = {"requests", "urllib3", "http", "socket"}
#: Modules whose results differ between calls, or that have side effects.
IMPURE = {"os", "time", "random", "threading", "tempfile", "pathlib", "subprocess"}
#: Modules that only compute.
PURE = [
    "config.catalog",
    "config.column_types",
    "config.custom_reports",
    "config.selection",
    "core.errors",
    "core.report_job",
    "core.timespans",
    "core.words",
    "jobs.adoption",
    "records",
    "singer.state",
]
#: Modules that decide when to send requests, without any HTTP.
DECIDING = ["core.clock", "jobs", "sync.lookahead", "sync.plan"]


def test_a_package_imports_only_packages_below_it():
    assert TAP.wrong_arrows(arrows_allowed()) == []


def test_every_package_has_a_layer():
    assert TAP.rooms() == arrows_allowed().keys()


@pytest.mark.parametrize("room", sorted(arrows_allowed()))
def test_the_modules_of_a_package_do_not_import_each_other_in_a_cycle(room):
    assert TAP.circles(room) == []


@pytest.mark.parametrize("package", [TAP, SANDBOX], ids=lambda package: package.root.name)
def test_the_modules_of_a_package_import_each_other_in_no_circle(package):
    assert package.circles() == []


@pytest.mark.parametrize("place", [*PURE, *DECIDING])
def test_what_decides_or_computes_knows_no_http(place):
    assert TAP.packages(place) & HTTP == set()


@pytest.mark.parametrize("place", PURE)
def test_what_is_pure_reads_no_clock_and_no_environment(place):
    assert TAP.packages(place) & IMPURE == set()


def test_what_is_pure_imports_nothing_of_the_tap_that_is_not():
    pure = {module for place in PURE for module in TAP.within(place)}

    assert {module: TAP.arrows[module] - pure for module in pure if TAP.arrows[module] - pure} == {}


def test_only_the_client_sends_a_token():
    """All others use `Bearer(None)`, which sends no credentials."""
    with_token = {
        module
        for module, file in TAP.files.items()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Bearer"
        if [argument.value for argument in node.args if isinstance(argument, ast.Constant)] != [None]
    }

    assert with_token == {"tap_talkdesk_reports.api.client"}


def test_one_module_creates_sessions_and_it_is_in_api():
    """A session created elsewhere would not protect secrets."""
    makers = {
        module
        for module, file in TAP.files.items()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value) == "requests"
        and node.attr in {"Session", "session", "request", "get", "post", "put", "delete"}
    }

    assert [TAP.room_of(module) for module in makers] == ["api"]


def test_the_sandbox_imports_the_standard_library_and_nothing_of_the_tap():
    """So it cannot share the tap's mistakes. Signatures are the exception: the standard library has none."""
    imported = {name.partition(".")[0] for names in SANDBOX.names.values() for name in names}

    assert imported <= sys.stdlib_module_names | {"cryptography", "talkdesk_sandbox"}


def test_the_tap_imports_nothing_of_the_sandbox():
    imported = {name.partition(".")[0] for names in TAP.names.values() for name in names}

    assert "talkdesk_sandbox" not in imported


# The checks themselves, on packages with wrong imports.


def house(tmp_path, files):
    """Creates a package `house` with these files."""
    root = tmp_path / "house"
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return Imports(root)


FOR_TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "
IN_A_FUNCTION = "def late():\n    "


@pytest.mark.parametrize("where", ["", FOR_TYPES, IN_A_FUNCTION], ids=["plain", "for types", "in a function"])
@pytest.mark.parametrize("back", ["from house import tap", "import house.tap", "from house.tap import Tap"])
def test_an_import_cycle_is_named_wherever_it_is(tmp_path, where, back):
    built = house(
        tmp_path,
        {
            "tap.py": "from house.sync.run import run",
            "sync/run.py": "from house.core.clock import Clock\nfrom house.core import spool",
            "core/clock.py": "import time",
            "core/spool.py": where + back,
        },
    )

    assert built.circles() == ["house.core.spool -> house.tap -> house.sync.run -> house.core.spool"]
    assert built.circles("sync") == built.circles("core") == []


def test_two_import_cycles_are_found_and_one_is_found_within_its_package(tmp_path):
    built = house(
        tmp_path,
        {
            "jobs/lifecycle.py": "from house.jobs.polling import poll",
            "jobs/polling.py": "from house.jobs.lifecycle import job\nfrom house.core.clock import Clock",
            "core/clock.py": "from house.core import errors",
            "core/errors.py": "import house.core.clock",
        },
    )

    assert built.circles() == [
        "house.core.clock -> house.core.errors -> house.core.clock",
        "house.jobs.lifecycle -> house.jobs.polling -> house.jobs.lifecycle",
    ]
    assert built.circles("jobs") == ["house.jobs.lifecycle -> house.jobs.polling -> house.jobs.lifecycle"]


def test_a_package_may_export_its_modules_names(tmp_path):
    built = house(
        tmp_path,
        {
            "tap.py": "from house.core import Clock",
            "core/__init__.py": "from house.core.clock import Clock",
            "core/clock.py": "from house.core.errors import Stopped",
            "core/errors.py": "",
        },
    )

    assert built.circles() == []
    assert built.arrows["house.tap"] == {"house.core"}


ROOMS = {
    "__init__.py": "",
    "tap.py": "",
    "streams.py": "",
    "schemas/__init__.py": "",
    "sync/run.py": "",
    "jobs/lifecycle.py": "",
    "config/settings.py": "",
    "api/client.py": "",
    "records/values.py": "",
    "core/clock.py": "",
}


@pytest.mark.parametrize(
    ("path", "text", "arrow"),
    [
        ("core/clock.py", "from house.records.values import read", "core.clock -> house.records.values"),
        ("records/values.py", "import house.api.client", "records.values -> house.api.client"),
        ("jobs/polling.py", "from house.config import settings", "jobs.polling -> house.config.settings"),
        ("sync/run.py", FOR_TYPES + "from house.tap import Tap", "sync.run -> house.tap"),
        ("sync/run.py", IN_A_FUNCTION + "from house import streams", "sync.run -> house.streams"),
        ("records/values.py", "from house.schemas import load", "records.values -> house.schemas"),
        ("schemas/__init__.py", "from house.core.clock import Clock", "schemas -> house.core.clock"),
        ("config/settings.py", "from house import __version__", "config.settings -> house"),
        ("cellar/wine.py", "from house.core.clock import Clock", "cellar.wine -> house.core.clock"),
    ],
)
def test_an_import_in_the_wrong_direction_is_named(tmp_path, path, text, arrow):
    built = house(tmp_path, ROOMS | {path: text})

    assert built.wrong_arrows(arrows_allowed()) == [f"house.{arrow}"]


def test_an_import_in_the_right_direction_is_not_named(tmp_path):
    right = {
        "streams.py": "from house.schemas import load\nfrom house.sync.run import run",
        "sync/run.py": "import house.jobs.lifecycle\nfrom house.core.clock import Clock\nimport os",
        "records/values.py": "from house.core import clock",
    }

    assert house(tmp_path, ROOMS | right).wrong_arrows(arrows_allowed()) == []
