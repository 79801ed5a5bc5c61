"""Jobs that take a while: how near the tap comes to what so many jobs at once must take at least.

The sandbox, a process of its own, lets each job take 2 s.
"""

from __future__ import annotations

import json
import math
import sys
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

from bench.measure import TAP, medians, run, selecting, serving
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
_STARTS = 3
_FIRST, _SECOND, _LAST = "2026-03-02", "2026-03-03", f"2026-03-{2 + _DAYS:02}"


@dataclass(frozen=True)
class Wait:
    """How long a run took that mostly waits for jobs."""

    what: str
    #: Seconds that a run takes with nothing to do.
    start: float
    #: Seconds that it took.
    wall: float
    #: Seconds that the jobs take at least, so many at once.
    ideal: float

    @property
    def ratio(self) -> float:
        """How often the ideal goes into it, the start apart."""
        return (self.wall - self.start) / self.ideal


def measured(folder: Path, told: Callable[[str], None]) -> list[Wait]:
    """Twelve timespans of one stream at several widths, then fifteen streams with one timespan each.

    Raises:
        RuntimeError: a run made other jobs than those.
    """
    with serving(_SANDBOX, "Ctrl-C") as lines:
        url = lines[0].split()[-1]
        hosts = {"api_url": url, "start_date": _FIRST, "timespan_hours": 24}
        reporting = CREDENTIALS | hosts | {"token_url": f"{url}/auth/token", "end_date": _LAST}
        by_secret = {name: CREDENTIALS[name] for name in ("account", "client_id", "client_secret")}
        explore = by_secret | hosts | {"token_url": f"{url}/oauth/token", "end_date": _SECOND}
        waits = []
        for width in _WIDTHS:
            told(f"{_DAYS} jobs of one stream, {width} at once")
            config = reporting | {"max_concurrent_jobs": width}
            waits.append(
                _wait(f"{_DAYS} timespans of calls, {width} at once", folder, config, ["calls"], _DAYS)
            )
        told(f"{_STREAMS} jobs of {_STREAMS} streams")
        config = explore | {"max_concurrent_jobs": _STREAMS}
        streams = _first_streams(folder, config)
        what = f"{_STREAMS} streams of Explore, {_STREAMS} at once"
        return [*waits, _wait(what, folder, config, streams, _STREAMS)]


def _wait(what: str, folder: Path, config: dict[str, Any], streams: list[str], jobs: int) -> Wait:
    nothing = _configured(folder / "nothing.json", config | {"end_date": config["start_date"]})
    everything = _configured(folder / "everything.json", config)
    catalog: list[str | Path] = ["--catalog", selecting(streams, everything, folder / "catalog.json")]
    start = medians({what: [TAP, *nothing, *catalog]}, _STARTS)[what]
    before = _jobs_made(config["api_url"])
    wall = run([TAP, *everything, *catalog]).wall
    if (made := _jobs_made(config["api_url"]) - before) != jobs:
        raise RuntimeError(f"{what}: {made} jobs were made")
    return Wait(what, start.wall, wall, math.ceil(jobs / config["max_concurrent_jobs"]) * JOB_SECONDS)


def _jobs_made(url: str) -> int:
    with closing(HTTPConnection(url.removeprefix("http://"))) as connection:
        connection.request("GET", "/sandbox/jobs")
        return len(json.load(connection.getresponse()))


def _first_streams(folder: Path, config: dict[str, Any]) -> list[str]:
    """The first fifteen streams of the catalog."""
    option = _configured(folder / "discover.json", config)
    catalog = json.loads(selecting((), option, folder / "catalog.json").read_text())
    return [stream["tap_stream_id"] for stream in catalog["streams"]][:_STREAMS]


def _configured(written: Path, config: dict[str, Any]) -> Command:
    written.write_text(json.dumps(config))
    return ["--config", written]
