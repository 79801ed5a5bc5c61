"""The benchmark as a command: `python -m bench`."""

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
from typing import TYPE_CHECKING

from bench import jobs, ratios, rows, rules, startup, tables

if TYPE_CHECKING:
    from bench.rows import Figures

OUTPUT = Path(__file__).with_name("output")
FEW, MANY, QUICK = 100_000, 1_000_000, 20_000
_BEGAN = time.monotonic()


def main() -> None:
    """Measure everything, print tables, and leave the figures in a file."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    options = _options()
    machine = {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load before": f"{os.getloadavg()[0]:.1f} processes",
        "python": platform.python_version(),
        "singer-sdk": version("singer-sdk"),
        "tap-talkdesk-reports": version("tap-talkdesk-reports"),
    }
    print("\n".join(f"{name:<22}{value}" for name, value in machine.items()))
    figures: Figures = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        starts = startup.measured(folder, _tell)
        _show(tables.of_starts(starts))
        _tell("what each rule costs")
        costs = rules.measured(rounds=5)
        _show(tables.of_rules(costs))
        waits = jobs.measured(folder, _tell)
        _show(tables.of_jobs(waits) + "\n" + tables.HOW_ROWS)
        for form, count, used in rows.measured(folder, options.sizes, _tell):
            figures.setdefault(form, {})[count] = used
            rounds = options.sizes[count]
            _show(
                tables.of_rows(form, count, used, figures[form][0], rounds)
                if count
                else tables.of_no_rows(form, used, rounds)
            )
    if rows.BATCH not in figures:
        _show(tables.NO_BATCH)
    reached = [*ratios.of_rows(figures), *ratios.of_jobs(waits), *ratios.of_starts(starts)]
    _show(tables.of_ratios(reached))
    OUTPUT.mkdir(exist_ok=True)
    everything = {
        "machine": machine,
        "starts": {name: asdict(used) for name, used in starts.items()},
        "rules": costs,
        "jobs": [asdict(wait) | {"ratio": wait.ratio} for wait in waits],
        "rows": {
            form: {
                count: {name: asdict(used) for name, used in each.items()} for count, each in by_rows.items()
            }
            for form, by_rows in figures.items()
        },
        "ratios": [asdict(ratio) | {"reached": ratio.reached} for ratio in reached],
    }
    (OUTPUT / "bench.json").write_text(json.dumps(everything, indent=2) + "\n")
    print(f"\nAll figures lie in {OUTPUT / 'bench.json'}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure the tap; takes some 10 minutes."
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help=f"runs of {FEW:,} rows or fewer; more rows run once"
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[FEW, MANY], help="numbers of rows")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} rows, once: says whether it works")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.rounds = [QUICK], 1
    options.sizes = {count: options.rounds if count <= FEW else 1 for count in (0, *sorted(options.rows))}
    return options


def _tell(line: str) -> None:
    print(f"{time.monotonic() - _BEGAN:4.0f} s  {line}", file=sys.stderr, flush=True)


def _show(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
