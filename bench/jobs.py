"""Runs with slow jobs: their time, compared with the minimum for so many jobs at once.

Each job of the sandbox, which runs in a separate process, takes 2 s.
"""

from __future__ import annotations

import json
import math
import sys
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

from bench.measure import TAP, every_stream, run, selecting, serving
from talkdesk_sandbox import CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.measure import Command

JOB_SECONDS = 2
_WIDTHS = (1, 4, 8)
_DAYS = 12
_STREAMS = 15
_SANDBOX = [
    *(sys.executable, "-m", "talkdesk_sandbox", "--port=0", "--files-port=0"),
    *(f"--pace=seconds:{JOB_SECONDS}", f"--max-open-jobs={_STREAMS}", "--calls-per-day=60"),
]
_FIRST, _SECOND, _LAST = "2026-03-02", "2026-03-03", f"2026-03-{2 + _DAYS:02}"


@dataclass(frozen=True)
class Wait:
    """The time of a run that mostly waits for jobs."""

    #: Seconds of a run with nothing to do.
    start: float
    #: Seconds of the run.
    wall: float
    #: Minimum seconds for the jobs, with so many at once.
    ideal: float

    @property
    def ratio(self) -> float:
        """The time without the start, divided by the ideal."""
        return (self.wall - self.start) / self.ideal


def measured(folder: Path, rounds: int, log: Callable[[str], None]) -> dict[str, list[Wait]]:
    """Twelve timespans of one stream at several widths, then fifteen streams with one timespan each.

    Raises:
        RuntimeError: a run created an unexpected number of jobs.
    """
    waits: dict[str, list[Wait]] = {}
    for number in range(1, rounds + 1):
        with serving(_SANDBOX, "Ctrl-C") as lines:  # a new sandbox, so that no run adopts the jobs of another
            for what, take in _runs(folder, lines[0].split()[-1]).items():
                log(f"{what}, round {number} of {rounds}")
                waits.setdefault(what, []).append(take())
    return waits


def _runs(folder: Path, url: str) -> dict[str, Callable[[], Wait]]:
    """Returns the runs against a sandbox at `url`, by name."""
    hosts = {"api_url": url, "start_date": _FIRST, "timespan_hours": 24}
    reporting = CREDENTIALS | hosts | {"token_url": f"{url}/auth/token", "end_date": _LAST}
    by_secret = {name: CREDENTIALS[name] for name in ("account", "client_id", "client_secret")}
    explore = by_secret | hosts | {"token_url": f"{url}/oauth/token", "end_date": _SECOND}
    config = explore | {"max_concurrent_jobs": _STREAMS}
    option = _configured(folder / "discover.json", config)
    streams = every_stream(option, folder / "catalog.json")[:_STREAMS]
    return {
        **{
            f"{_DAYS} timespans of calls, {width} at once": partial(
                _wait, folder, reporting | {"max_concurrent_jobs": width}, ["calls"], _DAYS
            )
            for width in _WIDTHS
        },
        f"{_STREAMS} streams of Explore, {_STREAMS} at once": partial(
            _wait, folder, config, streams, _STREAMS
        ),
    }


def _wait(folder: Path, config: dict[str, Any], streams: list[str], jobs: int) -> Wait:
    nothing = _configured(folder / "nothing.json", config | {"end_date": config["start_date"]})
    everything = _configured(folder / "everything.json", config)
    catalog: list[str | Path] = ["--catalog", selecting(streams, everything, folder / "catalog.json")]
    start = run([TAP, *nothing, *catalog])
    before = _jobs_made(config["api_url"])
    wall = run([TAP, *everything, *catalog]).wall
    if (made := _jobs_made(config["api_url"]) - before) != jobs:
        raise RuntimeError(f"{made} jobs were created instead of {jobs}")
    return Wait(start.wall, wall, math.ceil(jobs / config["max_concurrent_jobs"]) * JOB_SECONDS)


def _jobs_made(url: str) -> int:
    with closing(HTTPConnection(url.removeprefix("http://"))) as connection:
        connection.request("GET", "/sandbox/jobs")
        return len(json.load(connection.getresponse()))


def _configured(written: Path, config: dict[str, Any]) -> Command:
    written.write_text(json.dumps(config))
    return ["--config", written]
