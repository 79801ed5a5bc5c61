"""The rooms of the house: their arrows go down only, those of imports for types included."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import tap_talkdesk_reports

PACKAGE = "tap_talkdesk_reports"
ROOT = Path(tap_talkdesk_reports.__file__).parent
HTTP = {"requests", "urllib3", "http", "socket"}


def files(room):
    """The files of a room: a module, or a package with all that is in it."""
    path = ROOT.joinpath(*room.split("."))
    found = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    assert all(file.is_file() for file in found)
    assert found, f"there is no room {room}"
    return found


def imports(room):
    """The full names of what a room imports, wherever in the code it does so."""
    for file in files(room):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file}: a relative import hides where it leads"
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_entered(room):
    """The rooms of this house that a room imports from."""
    names = [name.split(".") for name in imports(room)]
    return {parts[1] for parts in names if parts[0] == PACKAGE}


def packages(room):
    """The other packages that a room imports from."""
    return {name.partition(".")[0] for name in imports(room)} - {PACKAGE}


#: What each room below the tap's face may know of the others.
ARROWS = {
    "timespans": set(),
    "report_job": {"timespans"},
    "errors": {"report_job"},
    "clock": set(),
    "lookahead": {"clock"},
    "parsing": {"errors"},
    "names": set(),
    "values": {"timespans"},
    "records": {"errors", "names", "values"},
    "schemas": {"records"},
    "own_reports": {"names", "records"},
    "state": {"timespans", "values"},
    "adoption": {"report_job", "timespans", "values"},
    "polling": {"clock", "errors", "report_job"},
    "jobs": {"adoption", "clock", "errors", "polling", "report_job", "timespans"},
    "transport": set(),
    "writer": set(),
    "progress": {"clock"},
    "logs": {"lookahead", "report_job"},
    "border": {"timespans", "writer"},
    "spool": {"errors"},
    "batches": {"errors", "spool", "writer"},
    "csv_parsing": {"errors"},
    "layouts": {"records", "values"},
    "typed": {"layouts", "parsing", "records"},
    "settings_schema": set(),
    "settings": {"api", "own_reports", "settings_schema", "values"},
    "settings_check": {"api", "own_reports", "settings", "settings_schema", "transport", "values"},
    "connection": {"api", "clock", "download", "settings", "transport"},
    "api": {"adoption", "api", "clock", "errors", "report_job", "timespans", "transport", "values"},
    "download": {"clock", "errors", "spool", "transport"},
    "report_files": {"clock", "download", "errors", "jobs", "parsing", "report_job", "timespans"},
}
PURE = [
    "timespans",
    "names",
    "values",
    "records",
    "own_reports",
    "parsing",
    "border",
    "csv_parsing",
    "layouts",
    "typed",
    "report_job",
    "adoption",
    "state",
    "errors",
]


@pytest.mark.parametrize("room", ARROWS)
def test_a_room_enters_only_those_below_it(room):
    assert rooms_entered(room) <= ARROWS[room]


@pytest.mark.parametrize("room", [*PURE, "jobs", "lookahead", "clock", "report_files"])
def test_a_room_that_decides_or_computes_knows_no_http(room):
    assert not packages(room) & HTTP


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_reads_no_clock_and_no_environment(room):
    assert not packages(room) & {"os", "time", "random", "threading", "tempfile", "pathlib", "subprocess"}


def test_the_sandbox_imports_the_standard_library_and_nothing_of_the_tap():
    """It cannot share the tap's mistakes. What signs and verifies is in no standard library."""
    assert rooms_entered("sandbox") == {"sandbox"}
    assert packages("sandbox") <= sys.stdlib_module_names | {"cryptography"}


def test_the_tap_imports_nothing_of_the_sandbox():
    others = {file.stem for file in ROOT.glob("*.py")} | {"api", "schemas"}

    assert [room for room in others if "sandbox" in rooms_entered(room)] == []


def test_no_room_is_forgotten():
    """A new one belongs into the table above, or to the face of the tap."""
    face = {"tap", "run", "sync", "trial", "streams", "report_stream"}
    entries = {
        path.stem for path in ROOT.iterdir() if path.suffix == ".py" or path.joinpath("__init__.py").exists()
    }

    assert entries - ARROWS.keys() - face - {"sandbox"} == {"__init__", "__main__"}


def test_only_the_api_sends_a_token():
    """Everybody else says `Bearer(None)`: no credentials at all."""
    with_token = {
        file.relative_to(ROOT).parts[0]
        for file in files("")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Bearer"
        if [argument.value for argument in node.args if isinstance(argument, ast.Constant)] != [None]
    }

    assert with_token == {"api"}


def test_only_the_transport_makes_sessions():
    """A session made elsewhere would lack what keeps secrets in."""
    makers = {
        file.relative_to(ROOT).as_posix()
        for file in files("")
        if not file.is_relative_to(ROOT / "sandbox")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value) == "requests"
        and node.attr in {"Session", "session", "request", "get", "post", "put", "delete"}
    }

    assert makers == {"transport.py"}
