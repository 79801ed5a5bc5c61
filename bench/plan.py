"""Plans of three sizes: time until the first job is created, memory, and time until TERM ends the run."""

from __future__ import annotations

import json
import re
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import TAP, environment, every_stream, selecting
from bench.part import Outcome
from bench.ranges import Range
from bench.ratios import AT_MOST, Ratio
from bench.tables import table
from talkdesk_sandbox import Pace, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.measure import Command
    from bench.part import Options
    from bench.versions import Version

#: Timeout in seconds. No run takes that long, unless the tap hangs.
_PATIENCE = 300
#: Seconds that a run continues after its first job, to include what it allocates then.
_GOING_ON = 1.0
_HOURS = 1
#: Title, end of the period that begins with 2016, whether all streams are read, hours of a timespan.
_SIZES = (
    ("1 stream, a day", "2016-01-02", False, 24),
    ("17 streams, a month of hours", "2016-02-01", True, _HOURS),
    ("17 streams, ten years of hours", "2026-01-01", True, _HOURS),
)
_START = "2016-01-01"
_FIRST_JOB, _MEMORY, _TERM = 1.2, 10, 1.0


@dataclass(frozen=True)
class Begun:
    """The figures of a run that was ended after its first job."""

    #: Seconds until the first job.
    first: float
    #: Peak memory in MiB.
    peak: float
    #: Seconds from TERM until the end.
    term: float


def measured(options: Options) -> Outcome:
    """Starts a run of each size with each version, in turns, and ends it after its first job."""
    runs: dict[str, dict[str, list[Begun]]] = {}
    rounds = 1 if options.quick else options.rounds
    for number in range(1, rounds + 1):
        for what, end, is_all, hours in _SIZES:
            for version in options.versions:
                begun = _begun(options, version, end, hours, is_all=is_all)
                options.log(f"{what}, {version.name}, round {number} of {rounds}: {begun.first:.2f} s")
                runs.setdefault(version.name, {}).setdefault(what, []).append(begun)
    print(_table(runs), flush=True)
    figures = {
        name: {what: list(map(asdict, each)) for what, each in by_size.items()}
        for name, by_size in runs.items()
    }
    return Outcome(figures, list(_ratios(next(iter(runs.values())))))


def _begun(options: Options, version: Version, end: str, hours: int, *, is_all: bool) -> Begun:
    with Sandbox(pace=Pace.after_seconds(3600)) as sandbox:
        config, catalog = options.folder / "plan.json", options.folder / "plan-catalog.json"
        settings = {"start_date": _START, "end_date": end, "timespan_hours": hours}
        config.write_text(json.dumps({**sandbox.explore_config, **settings}))
        option: Command = ["--config", config]
        streams = every_stream(option, catalog) if is_all else ["calls"]
        command = [TAP, *option, "--catalog", selecting(streams, option, catalog)]
        return _watched(command, version, sandbox)


def _watched(command: Command, version: Version, sandbox: Sandbox) -> Begun:
    """Runs a command until shortly after its first job, then ends it.

    Raises:
        RuntimeError: it created no job.
    """
    began = time.monotonic()
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment() | dict(version.environment),
    ) as process:
        try:
            while not sandbox.jobs:
                if process.poll() is not None or time.monotonic() - began > _PATIENCE:
                    raise RuntimeError(f"{version.name} created no job")
                time.sleep(0.002)
            first = time.monotonic() - began
            time.sleep(_GOING_ON)
            peak = _peak(process.pid)
            stopped = time.monotonic()
            process.terminate()
            process.wait(_PATIENCE)
            return Begun(first, peak, time.monotonic() - stopped)
        finally:
            process.kill()


def _peak(pid: int) -> float:
    """Returns the peak memory of a process, in MiB. Linux only."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def _table(runs: Mapping[str, Mapping[str, Sequence[Begun]]]) -> str:
    lines = [
        (
            f"{what}, {version}",
            Range.of(begun.first for begun in each).text(),
            Range.of(begun.peak for begun in each).text(0),
            Range.of(begun.term for begun in each).text(),
        )
        for version, by_size in runs.items()
        for what, each in by_size.items()
    ]
    headings = ("", "first job, s", "peak MiB", "TERM to the end, s")
    return table("Plans, from the start of the process", headings, lines)


def _ratios(by_size: Mapping[str, Sequence[Begun]]) -> Iterator[Ratio]:
    small, *larger = by_size.values()
    for what, each in zip(list(by_size)[1:], larger, strict=True):
        firsts = Range.of_ratios((begun.first for begun in each), (begun.first for begun in small))
        yield Ratio(f"{what}: time to the first job / 1 stream, a day", firsts, AT_MOST, _FIRST_JOB)
        more = Range.of(one.peak - other.peak for one, other in zip(each, small, strict=True))
        yield Ratio(f"{what}: MiB more than 1 stream, a day", more, AT_MOST, _MEMORY)
        yield Ratio(f"{what}: s from TERM to the end", Range.of(b.term for b in each), AT_MOST, _TERM)
