"""Profiles the tap with Python's profiler: the cost of a JSON row, step by step."""

from __future__ import annotations

import pstats
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.measure import medians, run
from bench.part import Outcome
from bench.ranges import Range
from bench.rows import BOUND, THIS, contestants
from bench.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.part import Options
    from bench.rows import Commands

    #: File, line and name of a function; `~`, 0 and a description for a C function.
    Function = tuple[str, int, str]

#: Steps of C functions, by a part of their description; `encode_lines` before `encode`.
_IN_C = {
    "'decode' of 'msgspec": "decode into typed rows",
    "'encode_lines' of 'msgspec": "encode",
    "'write' of '_io.FileIO'": "write",
}
#: A function of the tap, by file and name. C functions that it calls count for its step.
_IN_PYTHON = {
    ("columns.py", "records_of"): "stamps",
    ("columns.py", "check_keys"): "check keys and boundaries",
    ("values.py", ""): "stamps",
    ("json_file.py", ""): "read, and cut into chunks",
    ("report_stream.py", "_sync_records"): "free the rows",
    ("chunks.py", "_learn"): "learn the fields, once",
    ("chunks.py", "<listcomp>"): "learn the fields, once",
    ("chunks.py", "_clash"): "learn the fields, once",
    ("chunks.py", ""): "check keys and boundaries",
    ("boundary.py", ""): "check keys and boundaries",
    ("columns.py", ""): "check keys and boundaries",
    ("writer.py", ""): "RECORD messages around the rows",
    ("report_stream.py", ""): "count, and log",
    ("delivery.py", ""): "count, and log",
    ("progress.py", ""): "count, and log",
}
_STEPS = tuple(dict.fromkeys([*_IN_C.values(), *_IN_PYTHON.values()]))
_REST = "the rest: download, requests, the profiler itself"
_PROFILED, _TAP, _BOUND = "profiled", "all of it, without the profiler", "lower bound, all of it"
_BESIDE = (_REST, _TAP, _BOUND)
_ROWS, _QUICK_ROWS = 200_000, 20_000


def measured(options: Options) -> Outcome:
    """Profiles some runs, and prints CPU microseconds per row, beside runs without the profiler."""
    rows = _QUICK_ROWS if options.quick else _ROWS
    profile = options.folder / "profile"
    with contestants(options.folder / "profiled", 0) as commands:
        starts = {name: used.cpu for name, used in medians(_commands(commands, profile), 3).items()}
    costs: list[dict[str, float]] = []
    with contestants(options.folder / "profiled", rows) as commands:
        for number in range(1, options.rounds + 1):
            options.log(f"{rows:,} rows under the profiler, round {number} of {options.rounds}")
            used = {name: run(command).cpu for name, command in _commands(commands, profile).items()}
            whole = {name: (cpu - starts[name]) * 1e6 / rows for name, cpu in used.items()}
            steps = {name: seconds * 1e6 / rows for name, seconds in _steps(profile).items()}
            rest = {_REST: whole.pop(_PROFILED) - sum(steps.values())}
            costs.append({**steps, **rest, **whole})
    ordered = sorted(_STEPS, key=lambda name: -median(cost[name] for cost in costs))
    lines = [(name, Range.of(cost[name] for cost in costs).text()) for name in (*ordered, *_BESIDE)]
    title = f"Cost of a row, {rows:,} rows of calls in JSON, {options.rounds} runs in turns"
    print(table(title, ("", "microseconds per row"), lines), flush=True)
    return Outcome(costs)


def _commands(commands: Mapping[str, Commands], profile: Path) -> Commands:
    tap, bound = commands["json"][THIS], commands["json"][BOUND]
    profiled = [sys.executable, "-m", "bench.profiled", profile, *tap[1:]]
    return {_PROFILED: profiled, _TAP: tap, _BOUND: bound}


def _steps(file: Path) -> dict[str, float]:
    """Returns the seconds of each step."""
    took = dict.fromkeys(_STEPS, 0.0)
    for step, seconds in _attributed(pstats.Stats(str(file))):
        took[step] += seconds
    return took


def _attributed(profile: pstats.Stats) -> Iterator[tuple[str, float]]:
    stats: dict[Function, Any] = vars(profile)["stats"]  # not a declared attribute
    for function, (_, _, own, _, callers) in stats.items():
        if (step := _step(function)) is not None:
            yield step, own
        elif function[0] == "~":
            for caller, (_, _, seconds, _) in callers.items():
                if (step := _step(caller)) is not None:
                    yield step, seconds


def _step(function: Function) -> str | None:
    file, _, name = function
    if file == "~":
        return next((step for part, step in _IN_C.items() if part in name), None)
    short = Path(file).name
    if "tap_talkdesk_reports" not in file:
        return None
    return _IN_PYTHON.get((short, name)) or _IN_PYTHON.get((short, ""))
