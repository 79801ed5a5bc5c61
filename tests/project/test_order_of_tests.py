"""The structure of the tests: shared code is only in `tests/support`."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.rooms import Imports

TESTS = Imports(Path(__file__).parents[1])
ROOT = TESTS.root.parent


def is_test(module):
    return module.rpartition(".")[2].startswith("test_")


def test_no_module_imports_a_test_module():
    """So a test can be changed without looking for other uses."""
    assert [
        f"{module} -> {target}"
        for module, targets in TESTS.arrows.items()
        for target in targets
        if is_test(target)
    ] == []


def test_the_shared_modules_of_tests_have_no_import_cycle():
    assert TESTS.circles() == []


def test_every_test_module_is_in_a_folder():
    assert [module for module in TESTS.files if is_test(module) and module.count(".") != 2] == []


def test_the_readme_lists_each_module_with_tests_that_make_test_leaves_out():
    text = (TESTS.root / "README.md").read_text()
    [table] = re.findall("^## What `make test-all` adds$(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    cells = re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)
    listed = [name for cell in cells for name in re.findall("`([^`]+)`", cell)]

    marked = {
        path for path in TESTS.files.values() if "mark.wide" in path.read_text() and path != Path(__file__)
    }
    names = {path.relative_to(TESTS.root).as_posix() for path in marked}
    assert {name for name in names if not name.startswith(tuple(listed))} == set()
    assert [name for name in listed if not any(each.startswith(name) for each in names)] == []


def test_the_script_of_ci_runs_every_test():
    calls = re.findall("^make .*", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    [recipe] = re.findall(r"^test-all:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert calls == ["make check", "make test-all"]
    assert "wide" not in recipe
    assert "test-integration" in recipe
