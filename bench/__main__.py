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

from bench import jobs, ratios, rows, startup
from bench.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.jobs import Wait
    from bench.measure import Usage
    from bench.ratios import Ratio

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
        "python": platform.python_version(),
        "singer-sdk": version("singer-sdk"),
        "tap-talkdesk-reports": version("tap-talkdesk-reports"),
    }
    print("\n".join(f"{name:<22}{value}" for name, value in machine.items()))
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        starts = startup.measured(folder, _tell)
        _show(_starts(starts))
        waits = jobs.measured(folder, _tell)
        _show(_waits(waits))
        figures = rows.measured(folder, options.sizes, _tell)
    _show(*_rows(figures))
    reached = [*ratios.of_rows(figures), *ratios.of_jobs(waits), *ratios.of_starts(starts)]
    _show(_ratios(reached))
    OUTPUT.mkdir(exist_ok=True)
    everything = {
        "machine": machine,
        "starts": {name: asdict(used) for name, used in starts.items()},
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


def _show(*tables: str) -> None:
    print(*tables, sep="\n", flush=True)


def _starts(starts: Mapping[str, Usage]) -> str:
    lines = [
        (name, f"{used.wall:.3f}", f"{used.wall / starts[startup.SDK].wall:.2f}")
        for name, used in starts.items()
    ]
    return table("Start, median", ("", "s", "/ import"), lines)


def _waits(waits: Sequence[Wait]) -> str:
    lines = [
        (wait.what, *(f"{seconds:.2f}" for seconds in (wait.start, wait.wall, wait.ideal, wait.ratio)))
        for wait in waits
    ]
    title = f"Jobs of {jobs.JOB_SECONDS} s: (run - start) / ideal"
    return table(title, ("", "start, s", "run, s", "ideal, s", "ratio"), lines)


def _rows(figures: rows.Figures) -> Iterator[str]:
    headings = ("", "rows/s of processor", "without start", "rows/s of time", "peak MiB")
    for form in rows.FORMS:
        if form not in figures:
            yield f"\nRows, {form}: not available; the tap refuses the setting batch_config"
            continue
        starts = figures[form][0]
        for count, usages in figures[form].items():
            if count:
                lines = [
                    (
                        name,
                        f"{count / used.cpu:,.0f}",
                        _rate(count, used.cpu - starts[name].cpu),
                        f"{count / used.wall:,.0f}",
                        f"{used.peak:,.0f}",
                    )
                    for name, used in usages.items()
                ]
                yield table(f"Rows of calls, {form}, {count:,}", headings, lines)
    start_lines = [
        (name, f"{used.cpu:.3f}", f"{used.wall:.3f}", f"{used.peak:,.0f}")
        for name, used in figures["json"][0].items()
    ]
    yield table("Rows of calls, json, none: the start", ("", "s of processor", "s", "peak MiB"), start_lines)


def _rate(count: int, seconds: float) -> str:
    """Nothing where the start is all that there was to measure."""
    return f"{count / seconds:,.0f}" if seconds > 0.01 else "-"


def _ratios(reached: Sequence[Ratio]) -> str:
    words = {True: "yes", False: "no", None: ""}
    lines = [
        (
            ratio.what,
            f"{ratio.value:.2f}",
            "-" if ratio.wanted is None else f"{ratio.sense} {ratio.wanted:g}",
            "" if ratio.aim is None else f"{ratio.aim:g}",
            words[ratio.reached],
        )
        for ratio in reached
    ]
    return table("Ratios", ("", "measured", "wanted", "aim", "reached"), lines)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
