"""The order of the tests: what they share lies in `tests/support`, and nowhere else."""

from __future__ import annotations

from pathlib import Path

from tests.support.rooms import Imports

TESTS = Imports(Path(__file__).parents[1])


def is_test(module):
    return module.rpartition(".")[2].startswith("test_")


def test_no_module_imports_a_test_module():
    """Who changes a test need not know who else uses it."""
    assert [
        f"{module} -> {target}"
        for module, targets in TESTS.arrows.items()
        for target in targets
        if is_test(target)
    ] == []


def test_what_tests_share_imports_itself_in_no_circle():
    assert TESTS.circles() == []


def test_every_test_module_lies_in_a_folder():
    assert [module for module in TESTS.files if is_test(module) and module.count(".") != 2] == []
