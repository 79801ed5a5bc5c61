"""The benchmark itself, and what it must never say of the tap. Wide margins: other work goes on beside it."""

from __future__ import annotations

import sys

import pytest

from bench.measure import Usage, run
from bench.ratios import of_rows
from bench.report import FORMATS
from bench.rows import FLOOR, ORDINARY, PLAIN, THIS, compare, contestants

ROWS, FEW_ROWS = 30_000, 2_000
#: How often as fast as a plain tap the tap is at least, start included.
TIMES_PLAIN = 2.5
MOST_MIB = 100


@pytest.mark.wide
def test_the_tap_is_faster_than_a_plain_one_and_needs_little_memory(tmp_path):
    with contestants(tmp_path / "files", ROWS) as commands:
        used = {name: run(commands["json"][name]) for name in (THIS, PLAIN)}
    assert used[PLAIN].cpu / used[THIS].cpu >= TIMES_PLAIN, used
    assert used[THIS].peak < MOST_MIB, used


@pytest.mark.wide
def test_all_that_are_compared_write_the_same_records(tmp_path):
    with contestants(tmp_path / "files", FEW_ROWS) as commands:
        for form in FORMATS:
            assert {THIS, ORDINARY, PLAIN, FLOOR} <= commands[form].keys()
            compare(commands[form], tmp_path / "output", FEW_ROWS)


@pytest.mark.parametrize(
    "lines",
    [
        ['{"type": "RECORD", "record": {"callsid": "CA1", "talk_time": 2}}'],
        ['{"type": "RECORD", "record": {"callsid": "CA1", "talk_time": 1}}'] * 2,
        ['{"type": "STATE"}'],
    ],
    ids=["another", "one too many", "none"],
)
def test_a_comparison_is_refused_when_the_records_differ(tmp_path, lines):
    echo = [sys.executable, "-c", "import sys; print(*sys.argv[1:], sep='\\n')"]
    right = [*echo, '{"type": "RECORD", "record": {"callsid": "CA1", "talk_time": 1}}']
    compare({"one": right, "two": right}, tmp_path / "output", 1)
    with pytest.raises(ValueError, match="two wrote"):
        compare({"one": right, "two": [*echo, *lines]}, tmp_path / "output", 1)


def test_what_a_command_used_is_its_own_and_whole():
    kept = b"x" * (64 << 20)  # by this process, which must not count as the command's
    idle = run([sys.executable, "-c", "pass"])
    large = run([sys.executable, "-c", "b'x' * (200 << 20)"])
    busy = run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.5: pass"])
    assert len(kept) >> 20 > idle.peak
    assert 200 < large.peak < 250
    assert idle.cpu < 0.5 <= busy.cpu <= busy.wall + 0.1


def test_a_command_that_fails_is_no_measurement():
    with pytest.raises(RuntimeError, match=r"(?s)no such row.*ended with code 1"):
        run([sys.executable, "-c", "raise SystemExit('no such row')"])


def test_a_ratio_compares_the_tap_with_the_other_and_says_whether_that_is_as_wanted():
    def used(cpu: float, peak: float) -> Usage:
        return Usage(cpu=cpu, wall=99.0, peak=peak)

    few = {THIS: used(1.0, 50), PLAIN: used(11.9, 300), ORDINARY: used(3.0, 60), FLOOR: used(0.6, 20)}
    many = {THIS: used(10.0, 60), PLAIN: used(120.0, 3000), ORDINARY: used(50.0, 60), FLOOR: used(5.9, 20)}
    ratios = list(of_rows({"json": {0: few, 100: few, 1000: many}}))

    assert [(ratio.what, round(ratio.value, 2), ratio.reached) for ratio in ratios] == [
        ("json, 100 rows: tap / plain", 11.9, False),
        ("json, 1,000 rows: tap / plain", 12.0, True),
        ("json, 100 rows: tap / floor", 0.6, True),
        ("json, 1,000 rows: tap / floor", 0.59, False),
        ("json, 100 rows: tap, ordinary path / plain", 3.97, True),
        ("json, 1,000 rows: tap, ordinary path / plain", 2.4, False),
        ("json: MiB of the tap at 1,000 rows", 60, True),
        ("json: memory, 1,000 / 100 rows", 1.2, False),
    ]
