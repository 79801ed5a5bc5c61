"""Runs against a distant server: their time, compared with the round trips that they need.

Hourly runs read one hour of 2 or of 17 streams, after the runs of earlier hours. The
backfill reads many timespans of two streams; its figures are per job.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bench.far import far
from bench.measure import TAP, every_stream, run, selecting
from bench.part import Outcome
from bench.ranges import Range
from bench.ratios import AT_MOST, Ratio
from bench.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.far import Far, Seen
    from bench.measure import Command, Usage
    from bench.part import Options
    from bench.versions import Version

_FEW = ("calls", "user_status")
#: A working day. Each run reads another period, so its jobs are new.
_FIRST = datetime(2025, 9, 1, 9, tzinfo=UTC)
_TRIPS_OF_A_CONNECTION = 2  # TCP and TLS 1.3
_TRIPS_OF_A_JOB = 4  # create, poll, get the presigned URL, download


@dataclass(frozen=True)
class Scenario:
    """What a run reads, and the wanted limits."""

    what: str
    streams: Sequence[str]
    #: Hours of each stream. Each hour is a timespan, so a job.
    hours: int
    #: The figures are divided by this number.
    per: int = 1
    #: Limits: wall and CPU time relative to the other version; connections; time relative to the ideal.
    wall: float | None = None
    cpu: float | None = None
    connections: float | None = None
    ideal: float | None = None

    @property
    def jobs(self) -> int:
        """Numbers of jobs."""
        return len(self.streams) * self.hours

    def trips(self, width: int) -> dict[str, int]:
        """Returns the number of sequential round trips, if `width` jobs run at the same time."""
        return {
            "TCP and TLS to the API": _TRIPS_OF_A_CONNECTION,
            "sign in": 1,
            "list the jobs of each stream": math.ceil(len(self.streams) / width),
            "create, poll, get the presigned URL, download": _TRIPS_OF_A_JOB * math.ceil(self.jobs / width),
            "TCP and TLS to the file host": _TRIPS_OF_A_CONNECTION,
        }


@dataclass(frozen=True)
class Trip:
    """The figures of one run."""

    #: Seconds before the first connection.
    start: float
    #: Seconds from the first connection to the end.
    wall: float
    #: CPU seconds, including the start.
    cpu: float
    connections: int
    #: Those of them to the file host.
    file_connections: int
    #: Number of requests of each operation.
    requests: Mapping[str, int]

    @classmethod
    def of(cls, used: Usage, seen: Seen) -> Trip:
        """Combines what a run used and what the server saw."""
        start = seen.opened[0][0] - used.began
        files = sum(is_of_files for _, is_of_files in seen.opened)
        requests = dict(Counter(seen.requests))
        return cls(start, used.wall - start, used.cpu, len(seen.opened), files, requests)


def measured(options: Options) -> Outcome:
    """Runs each scenario with each version in turns.

    Raises:
        RuntimeError: a run created an unexpected number of jobs.
    """
    figures: dict[str, Any] = {}
    ratios: list[Ratio] = []
    pace = f"--pace=seconds:{options.job_seconds}" if options.job_seconds else "--pace=now"
    with far(options.round_trip, pace) as server:
        for scenario in _scenarios(server, options):
            trips = _in_turns(scenario, server, options)
            ideal = _ideal(scenario, options)
            print(_table(scenario, trips, ideal, options), flush=True)
            ratios += _ratios(scenario, trips, ideal)
            figures[scenario.what] = {
                "round trips": scenario.trips(options.width),
                "ideal": ideal,
                **{version: [asdict(trip) for trip in each] for version, each in trips.items()},
            }
    return Outcome(figures, ratios)


def _scenarios(server: Far, options: Options) -> list[Scenario]:
    config = options.folder / "discover.json"
    config.write_text(json.dumps({**server.settings, "start_date": _FIRST.isoformat()}))
    every = every_stream(["--config", config], options.folder / "catalog.json")
    hours = 6 if options.quick else 120
    backfill = f"each job of a backfill of {2 * hours}"
    return [
        Scenario("an hour of 2 streams", _FEW, 1, ideal=1.3),
        Scenario(f"an hour of {len(every)} streams", every, 1, wall=0.65, cpu=0.45, connections=12),
        Scenario(backfill, _FEW, hours, 2 * hours, wall=0.55, cpu=0.2, connections=0.1),
    ]


def _in_turns(scenario: Scenario, server: Far, options: Options) -> dict[str, list[Trip]]:
    trips: dict[str, list[Trip]] = {version.name: [] for version in options.versions}
    command = _Runs(scenario, server, options)
    for number in range(1, options.rounds + 1):
        for version in options.versions:
            trip = command.run(version)
            options.log(
                f"{scenario.what}, {version.name}, round {number} of {options.rounds}: "
                f"{trip.wall:.1f} s wall, {trip.cpu:.1f} s CPU"
            )
            trips[version.name].append(trip)
    return trips


class _Runs:
    """Runs a scenario, each time with different hours."""

    def __init__(self, scenario: Scenario, server: Far, options: Options) -> None:
        self._scenario, self._server, self._folder = scenario, server, options.folder
        self._begin = _FIRST + timedelta(days=scenario.jobs)  # each scenario has different days
        self._settings = {"timespan_hours": 1, "max_concurrent_jobs": options.width}
        self._catalog: Command = ()

    def run(self, version: Version) -> Trip:
        start, self._begin = self._begin, self._begin + timedelta(hours=self._scenario.hours)
        self._server.seen()
        used = run(self._command(start), variables={**version.environment, **self._server.environment})
        seen = self._server.seen()
        if (made := seen.requests.count("create")) != self._scenario.jobs:
            raise RuntimeError(f"{self._scenario.what}: {made} jobs were created")
        return Trip.of(used, seen)

    def _command(self, start: datetime) -> Command:
        config, state = self._folder / "config.json", self._folder / "state.json"
        settings = self._settings | {"start_date": _FIRST.isoformat(), "end_date": self._begin.isoformat()}
        config.write_text(json.dumps({**self._server.settings, **settings}))
        bookmark = {"replication_key_value": f"{start:%Y-%m-%dT%H:%M:%SZ}"}
        state.write_text(json.dumps({"bookmarks": dict.fromkeys(self._scenario.streams, bookmark)}))
        if not self._catalog:
            file = self._folder / "catalog.json"
            self._catalog = ["--catalog", selecting(self._scenario.streams, ["--config", config], file)]
        return [TAP, "--config", config, "--state", state, *self._catalog]


def _ideal(scenario: Scenario, options: Options) -> float:
    waves = math.ceil(scenario.jobs / options.width)
    return sum(scenario.trips(options.width).values()) * options.round_trip + waves * options.job_seconds


def _table(scenario: Scenario, trips: Mapping[str, Sequence[Trip]], ideal: float, options: Options) -> str:
    unit, scale, digits = ("s", 1.0, 2) if scenario.per == 1 else ("ms", 1000.0, 0)

    def range_of(figures: Iterator[float], digits: int, scale: float = 1) -> str:
        return Range.of(figure * scale / scenario.per for figure in figures).text(digits)

    lines = [
        (
            version,
            Range.of(trip.start for trip in each).text(2),
            range_of((trip.wall for trip in each), digits, scale),
            range_of((trip.cpu for trip in each), digits, scale),
            range_of((trip.connections for trip in each), 0 if scenario.per == 1 else 2),
            range_of((sum(trip.requests.values()) for trip in each), 0 if scenario.per == 1 else 2),
            Range.of(trip.wall / ideal for trip in each).text(),
        )
        for version, each in trips.items()
    ]
    headings = ("", "start, s", f"wall, {unit}", f"processor, {unit}", "connections", "requests", "/ ideal")
    title = (
        f"TLS, round trip {options.round_trip * 1000:.0f} ms, {options.width} jobs at once: {scenario.what}; "
        f"wall time from the first connection on, {options.rounds} runs in turns"
    )
    needed = ", ".join(f"{name} {count}" for name, count in scenario.trips(options.width).items())
    made = "\n".join(
        f"{version}, last run: {', '.join(f'{name} {count}' for name, count in each[-1].requests.items())}; "
        f"connections to the file host {each[-1].file_connections}"
        for version, each in trips.items()
    )
    took = ideal * scale / scenario.per
    return f"{table(title, headings, lines)}\nIdeal: {took:.{digits}f} {unit}. Round trips: {needed}\n{made}"


def _ratios(scenario: Scenario, trips: Mapping[str, Sequence[Trip]], ideal: float) -> Iterator[Ratio]:
    (_, these), *others = trips.items()
    what = scenario.what
    yield Ratio(f"{what}: wall / ideal", Range.of(t.wall / ideal for t in these), AT_MOST, scenario.ideal)
    made = Range.of(trip.connections / scenario.per for trip in these)
    yield Ratio(f"{what}: connections", made, AT_MOST, scenario.connections)
    for name, those in others:
        walls = Range.of_ratios((t.start + t.wall for t in these), (t.start + t.wall for t in those))
        yield Ratio(f"{what}: wall time, start included / {name}", walls, AT_MOST, scenario.wall)
        cpus = Range.of_ratios((trip.cpu for trip in these), (trip.cpu for trip in those))
        yield Ratio(f"{what}: processor, start included / {name}", cpus, AT_MOST, scenario.cpu)
