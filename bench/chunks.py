"""Compares chunk sizes for reading report files: `python -m bench.chunks`. Takes 5 minutes.

A wide and a narrow report of the Explore API, in both formats, are read from disk and converted to
lines. Each size is measured in a separate process, in turns.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.measure import run
from bench.report import CALLS_PER_DAY, END, FORMATS, START, copy
from talkdesk_sandbox.centre.centre import Centre
from talkdesk_sandbox.reports.explore.catalogue import reports_of
from talkdesk_sandbox.reports.explore.options import Explore
from talkdesk_sandbox.reports.job_request import JobRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from talkdesk_sandbox.reports.reporting import Row

ROWS = 40_000
#: A report with 50 columns, and one with 12.
STREAMS = ("calls", "audit_logs")
KIBIBYTES = (32, 64, 128, 256, 512, 1024)


def main() -> None:
    """Prints a table for each report and format."""
    parser = argparse.ArgumentParser(prog="python -m bench.chunks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=ROWS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        for stream in STREAMS:
            for file_format in FORMATS:
                file = Path(scratch) / f"{stream}.{file_format}"
                copy(_job_request(stream, file_format, options.rows), file)
                print(_table(file, options.rounds), flush=True)
                file.unlink()


def _job_request(stream: str, file_format: str, rows: int) -> JobRequest:
    report = reports_of(Explore())[stream]
    all_rows = report.csv_rows if file_format == "csv" else report.between

    def first_rows() -> Iterator[Row]:
        return islice(all_rows(Centre(1, CALLS_PER_DAY), START, END), rows)

    def layout(total: int) -> tuple[str, str]:
        return f'{{"total":{total},"entries":[', "]}"

    return JobRequest(stream, (START, END), file_format, report.headings, first_rows, layout)


def _table(file: Path, rounds: int) -> str:
    """Returns a table: CPU seconds of each size without the start, relative to the largest, and memory."""
    output = file.with_suffix(".output")
    seconds: Mapping[int, list[float]] = {size: [] for size in KIBIBYTES}
    peaks: Mapping[int, list[float]] = {size: [] for size in KIBIBYTES}
    for _ in range(rounds):
        for size in KIBIBYTES:
            used = run([sys.executable, "-m", "bench.chunks_read", file, str(size << 10)], output)
            seconds[size].append(json.loads(output.read_text()))
            peaks[size].append(used.peak)
    largest = seconds[KIBIBYTES[-1]]
    lines = [f"{file.name}, {file.stat().st_size >> 20} MiB, {rounds} rounds in turns"]
    lines.append(f"{'KiB':>6}{'least s':>10}{'median s':>10}{'/ 1 MiB, each round':>28}{'peak MiB':>10}")
    for size in KIBIBYTES:
        ratios = sorted(one / other for one, other in zip(seconds[size], largest, strict=True))
        spread = f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        lines.append(
            f"{size:>6}{min(seconds[size]):>10.3f}{median(seconds[size]):>10.3f}"
            f"{spread:>28}{median(peaks[size]):>10.1f}"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
