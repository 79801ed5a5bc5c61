"""The benchmark, and the memory of the tap. No test here depends on speed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench import distance, plan, profile
from bench.measure import Usage, run, run_joined
from bench.part import Options
from bench.ranges import Range
from bench.ratios import of_rows
from bench.report import FORMATS
from bench.rows import BOUND, LOOP, ORDINARY, PLAIN, THIS, compare, contestants
from bench.versions import Version, versions

ROOT = Path(__file__).parents[2]
ROWS, FEW_ROWS = 30_000, 2_000
MOST_MIB = 100


@pytest.mark.wide
def test_the_tap_needs_little_memory(tmp_path):
    with contestants(tmp_path / "files", ROWS) as commands:
        used = run(commands["json"][THIS])

    assert used.peak < MOST_MIB, used


@pytest.mark.wide
def test_all_that_are_compared_write_the_same_records(tmp_path):
    with contestants(tmp_path / "files", FEW_ROWS) as commands:
        for form in FORMATS:
            assert {THIS, ORDINARY, PLAIN, LOOP} <= commands[form].keys()
            assert (BOUND in commands[form]) == (form == "json")
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


def test_the_usage_of_a_command_is_complete_and_only_its_own():
    kept = b"x" * (64 << 20)  # memory of this process, which must not count as the command's
    idle = run([sys.executable, "-c", "pass"])
    large = run([sys.executable, "-c", "b'x' * (200 << 20)"])
    busy = run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.5: pass"])
    assert len(kept) >> 20 > idle.peak
    assert 200 < large.peak < 250
    assert idle.cpu < 0.5 <= busy.cpu <= busy.wall + 0.1


def test_a_command_that_fails_is_no_measurement():
    with pytest.raises(RuntimeError, match=r"(?s)no such row.*ended with code 1"):
        run([sys.executable, "-c", "raise SystemExit('no such row')"])


def test_commands_that_are_joined_read_what_the_one_before_writes(tmp_path):
    write = [sys.executable, "-c", "print('a row')"]
    read = [sys.executable, "-c", "import sys; print(sys.stdin.read().upper())"]

    used = run_joined([write, read], tmp_path / "output")

    assert (tmp_path / "output").read_text().strip() == "A ROW"
    assert len(used) == 2
    with pytest.raises(RuntimeError, match="ended with code 3"):
        run_joined([write, [sys.executable, "-c", "raise SystemExit(3)"]])


def test_a_ratio_is_a_range_of_the_rounds_without_the_start_and_says_whether_it_is_as_wanted():
    def used(*cpus: float, peak: float = 50) -> list[Usage]:
        return [Usage(cpu=cpu, wall=99.0, peak=peak) for cpu in cpus]

    none = {THIS: used(0.3, 0.3), PLAIN: used(1, 1), ORDINARY: used(0.3, 0.3), BOUND: used(0.1, 0.1)}
    few = {THIS: used(1.3, 2.3), PLAIN: used(13, 25), ORDINARY: used(4.3, 12.3), BOUND: used(0.6, 1.1)}
    many = {THIS: used(10.3, 20.3, peak=60), BOUND: used(5.1, 10.1)}
    ratios = list(of_rows({"json": {0: none, 100: few, 1000: many}}))

    assert [(ratio.what, ratio.value.text(), ratio.reached) for ratio in ratios] == [
        ("json, 100 rows: tap / plain tap", "12.00", "yes"),
        ("json, 100 rows: tap / lower bound", "0.50", ""),
        ("json, 1,000 rows: tap / lower bound", "0.50", ""),
        ("json, 100 rows: tap, ordinary path / plain tap", "2.00 to 3.00", "at times"),
        ("json: MiB of the tap at 1,000 rows", "60.00", "yes"),
        ("json: memory of the tap, 1,000 / 100 rows", "1.20", "no"),
    ]


def test_a_range_is_one_figure_if_its_ends_look_alike():
    assert Range.of([3.14, 2.61, 2.9]).text(1) == "2.6 to 3.1"
    assert Range.of([3.14, 3.11]).text(1) == "3.1"


def options_of(folder, **others):
    """Returns the options of a quick run, with changes."""
    quick = {"rounds": 1, "rows": (), "quick": True, "round_trip": 0.02, "job_seconds": 0, "width": 5}
    return Options(folder=folder, log=print, **quick | {"versions": [Version("this tap")]} | others)


@pytest.mark.wide
def test_a_run_with_a_distant_server_takes_its_round_trips_and_is_counted(tmp_path, capsys):
    figures = distance.measured(options_of(tmp_path)).figures

    few, _, backfill = figures.values()
    (run_of_two,) = few["this tap"]
    assert few["ideal"] == pytest.approx(0.02 * sum(few["round trips"].values()))
    assert run_of_two["wall"] > few["ideal"]
    assert run_of_two["connections"] > run_of_two["file_connections"] > 0
    assert run_of_two["requests"]["create"] == run_of_two["requests"]["object"] == 2
    assert backfill["this tap"][0]["requests"]["create"] == 12
    assert "TCP and TLS to the file host 2" in capsys.readouterr().out


@pytest.mark.wide
def test_another_version_of_the_tap_is_the_one_that_runs(tmp_path):
    """A clone without history, and a package without the project, have no commit to compare with."""
    if subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip("no commit")
    where = [sys.executable, "-P", "-c", "import tap_talkdesk_reports as tap; print(tap.__file__)"]

    with versions("HEAD") as (here, other):
        for version in (here, other):
            run(where, tmp_path / version.name, version.environment)

    assert (tmp_path / "this tap").read_text().startswith(str(ROOT))
    assert (tmp_path / "HEAD").read_text().startswith(other.environment["PYTHONPATH"])


@pytest.mark.wide
def test_the_profile_finds_each_step_of_a_row(tmp_path, monkeypatch):
    monkeypatch.setattr(profile, "_QUICK_ROWS", FEW_ROWS)

    (costs,) = profile.measured(options_of(tmp_path)).figures

    assert all(costs[step] > 0 for step in profile._STEPS)


@pytest.mark.wide
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_plan_is_ended_after_its_first_job(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "_GOING_ON", 0.05)

    figures = plan.measured(options_of(tmp_path)).figures

    runs = [run for each in figures["this tap"].values() for run in each]
    assert len(runs) == 3
    assert all(run["first"] > 0 and run["term"] > 0 and 10 < run["peak"] < MOST_MIB for run in runs)
