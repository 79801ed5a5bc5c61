"""The packages of the sandbox: imports go in one direction, and each module has a docstring."""

import ast
from pathlib import Path

import pytest

import talkdesk_sandbox

ROOT = Path(talkdesk_sandbox.__file__).parent
#: Each package may import the packages below it. `""` is for the modules at the top level.
ROOMS = ("", "hosts", "store", "faults", "reports", "centre", "wire")


def name_of(file):
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for file in sorted(ROOT.rglob("*.py"))}


def room_of(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (ROOT / parts[1]).is_dir() else ""


def imports_of(module):
    """Returns the modules of the sandbox that a module imports, including those for type checkers only."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("talkdesk_sandbox"):
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in MODULES else node.module for name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)


ARROWS = {module: set(imports_of(module)) for module in MODULES}


def test_a_package_imports_only_packages_below_it():
    upward = [
        (module, target)
        for module, targets in ARROWS.items()
        for target in targets
        if ROOMS.index(room_of(target)) < ROOMS.index(room_of(module))
    ]

    assert upward == []
    assert {room_of(module) for module in MODULES} == set(ROOMS)


def test_centre_and_wire_import_no_other_package():
    for module, targets in ARROWS.items():
        if room_of(module) in ("centre", "wire"):
            assert {room_of(target) for target in targets} <= {room_of(module)}, module


FIRST_LINES = {
    module: (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n")[0]
    for module, file in MODULES.items()
}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_a_unique_first_line_and_fewer_than_250_lines(module):
    assert MODULES[module].read_text(encoding="utf-8").count("\n") < 250
    assert FIRST_LINES[module]
    assert list(FIRST_LINES.values()).count(FIRST_LINES[module]) == 1
