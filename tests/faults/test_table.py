"""The fault tables in `tests/README.md`: each fault has tests that exist, and each kind is listed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from talkdesk_sandbox.faults.kinds import KINDS
from tests.support.courses import COURSES_BY_FORMAT, LASTING
from tests.support.file_contents import CORRUPT, HANDLED_BY_FORMAT

TESTS = Path(__file__).parents[1]
FAULTS, FOUND_SINCE = 44, 58
WAYS = {"process", "in process", "process, in process"}


def rows(cells=5):
    """Returns the rows of the tables with so many cells."""
    lines = (TESTS / "README.md").read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if re.match(r"\| \d+ \|", line) and line.count("|") == cells + 1
    ]


def quoted(cell):
    return re.findall("`([^`]+)`", cell)


#: The case names of parametrized tests.
CASES = {
    "test_a_transient_fault_loses_no_row_and_repeats_no_bookmarked_row": {
        name for name, _ in COURSES_BY_FORMAT
    },
    "test_a_permanent_fault_fails_only_its_stream_and_moves_no_bookmark": set(LASTING),
    "test_an_unusual_file_arrives_with_all_its_rows": {f"{name}-{kind}" for name, kind in HANDLED_BY_FORMAT},
    "test_a_corrupt_file_is_downloaded_again_and_then_its_job_is_created_again": set(CORRUPT),
    "test_files_that_stay_corrupt_fail_the_stream_with_the_place_in_the_file": set(CORRUPT),
}


def exists(test):
    """Returns whether a test with this id exists, and its case if it is parametrized."""
    match = re.fullmatch(r"([^:]+)::(\w+)(?:\[(.*)\])?", test)
    if not match or not (TESTS / match[1]).is_file():
        return False
    tree = ast.parse((TESTS / match[1]).read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return match[2] in functions and (match[3] is None or match[3] in CASES[match[2]])


def test_each_fault_has_its_row_and_tests_that_exist():
    assert [int(row[0]) for row in rows()] == list(range(1, FAULTS + 1))
    for number, _, _, tests, way in rows():
        assert quoted(tests), number
        assert [test for test in quoted(tests) if not exists(test)] == [], number
        assert any(test.startswith("faults/") for test in quoted(tests)), number
        assert way in WAYS, number


def test_each_fault_found_since_has_tests_that_exist():
    assert [int(row[0]) for row in rows(3)] == list(range(FAULTS + 1, FOUND_SINCE + 1))
    for number, _, tests in rows(3):
        assert quoted(tests), number
        assert [test for test in quoted(tests) if not exists(test)] == [], number


def test_each_kind_of_fault_of_the_sandbox_is_in_the_table():
    assert {name for row in rows() for name in quoted(row[2])} == set(KINDS)


def test_each_fault_test_asserts_the_invariants_or_is_listed():
    """The list has the tests to which the invariants do not apply."""
    without = []
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                called = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
                if "assert_invariants" not in called and file.name != Path(__file__).name:
                    without.append(node.name)

    assert without == [
        # Explore, whose rows have other names.
        "test_a_clock_difference_of_the_api_host_is_known_before_the_plan",
        "test_a_job_has_the_time_of_talkdesk_in_its_name_and_is_adopted_by_it",
        "test_a_job_whose_response_was_lost_is_found_again_when_the_clocks_differ",
        "test_a_job_is_done_in_each_form_of_the_response",
        # No request is made, or only the sandbox is used.
        "test_no_request_is_made_when_nothing_is_due",
        "test_the_days_of_these_tests_are_not_empty",
    ]
