"""The command `python -m bench`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import distance, load, parts, plan, profile, tables
from bench.part import Options, Outcome
from bench.versions import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.ratios import Ratio

OUTPUT = Path(__file__).with_name("output")
#: Each part measures, prints and returns its figures.
PARTS: Mapping[str, Callable[[Options], Outcome]] = {
    "startup": parts.startups,
    "rules": parts.rule_costs,
    "profile": profile.measured,
    "jobs": parts.waits,
    "rows": parts.row_rates,
    "tls": distance.measured,
    "plan": plan.measured,
    "load": load.measured,
}
#: Left out of a quick run, because it needs more environments.
_LARGE = "load"
_ROUNDS, _ROWS, _QUICK_ROWS = 3, [100_000, 1_000_000], [20_000]
_BEGAN = time.monotonic()


def main() -> None:
    """Measures the selected parts, prints tables, and writes the figures to a file."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    given = _given()
    machine = {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load before": _load(),
        "python": platform.python_version(),
        "singer-sdk": version("singer-sdk"),
        "tap-talkdesk-reports": version("tap-talkdesk-reports"),
    }
    print("\n".join(f"{name:<22}{value}" for name, value in machine.items()), flush=True)
    figures: dict[str, Any] = {"machine": machine}
    reached: list[Ratio] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, versions(given.beside) as compared:
        options = Options(
            folder=Path(scratch),
            rounds=given.rounds,
            rows=given.rows,
            quick=given.quick,
            round_trip=given.round_trip / 1000,
            job_seconds=given.job_seconds,
            width=given.width,
            versions=compared,
            log=_log,
        )
        for name in given.parts:
            before = _load()
            outcome = PARTS[name](options)
            print(f"Load of the machine, {name}: {before} before, {_load()} after", flush=True)
            figures[name] = {"load": [before, _load()], "figures": outcome.figures}
            reached += outcome.ratios
    if reached:
        print(tables.of_ratios(reached))
    figures["ratios"] = [asdict(ratio) | {"reached": ratio.reached} for ratio in reached]
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "bench.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(f"\nAll figures are in {OUTPUT / 'bench.json'}")


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the tap, or parts of it.")
    add = parser.add_argument
    parts_are = f"any of {', '.join(PARTS)}; default: all"
    add("parts", nargs="*", metavar="PART", help=parts_are)
    add("--rounds", type=int, default=_ROUNDS, help="runs of each command, in turns")
    add("--rows", type=int, nargs="+", default=_ROWS, help="numbers of rows")
    add("--round-trip", type=float, default=80, metavar="MS", help="round trip to the distant server")
    add("--job-seconds", type=float, default=0, metavar="S", help="duration of a job of the distant server")
    add("--width", type=int, default=5, metavar="JOBS", help="max_concurrent_jobs for the distant server")
    add("--beside", metavar="COMMIT", help="compare with the tap of this commit, in tls and plan")
    add("--quick", action="store_true", help="few rows, one round: checks that the benchmark works")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if given.quick:
        given.rows, given.rounds = _QUICK_ROWS, 1
    given.parts = given.parts or [name for name in PARTS if not (given.quick and name == _LARGE)]
    return given


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _log(line: str) -> None:
    print(f"{time.monotonic() - _BEGAN:4.0f} s  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
