"""Compares the measured figures with the project's targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.measure import Usage
from bench.ranges import Range
from bench.rows import BATCH, BOUND, LOOP, ORDINARY, PLAIN, THIS
from bench.startup import DISCOVER, SDK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.jobs import Wait
    from bench.rows import Figures

AT_LEAST, AT_MOST = "at least", "at most"
#: Form, contestant, the one it is compared with, and the target ratio if there is one.
_SPEEDS: Sequence[tuple[str, str, str, float | None]] = (
    ("json", THIS, PLAIN, 12),
    ("json", THIS, BOUND, None),
    ("json", THIS, LOOP, None),
    ("json", ORDINARY, PLAIN, 3),
    ("csv", THIS, PLAIN, 6),
    ("csv", THIS, LOOP, None),
    ("csv", ORDINARY, PLAIN, 3),
    (BATCH, THIS, PLAIN, None),
)
_MEMORY_GROWTH, _MEMORY, _JOBS, _DISCOVER = 1.1, 100, 1.15, 1.3


@dataclass(frozen=True)
class Ratio:
    """A figure measured in several runs, and its target."""

    what: str
    value: Range
    #: `at least` or `at most`.
    sense: str = AT_LEAST
    wanted: float | None = None

    @property
    def reached(self) -> str:
        """Whether every run, some runs or no run reach the target; empty without a target."""
        if self.wanted is None:
            return ""
        is_good = [
            each >= self.wanted if self.sense == AT_LEAST else each <= self.wanted for each in self.value
        ]
        return "yes" if all(is_good) else "at times" if any(is_good) else "no"


def of_rows(figures: Figures) -> Iterator[Ratio]:
    """Yields ratios of rows per CPU second, without the start; then memory."""
    for form, this, other, wanted in _SPEEDS:
        by_rows = figures.get(form, {})
        for rows, used in by_rows.items():
            if rows and this in used and other in used:
                what = f"{form}, {rows:,} rows: {this} / {other}"
                here, there = (without_start(used, by_rows[0], name) for name in (this, other))
                yield Ratio(what, Range.of_ratios(there, here), AT_LEAST, wanted)
    for form, by_rows in figures.items():
        fewer, most = sorted(by_rows)[-2:]
        peaks = [used.peak for used in by_rows[most][THIS]]
        yield Ratio(f"{form}: MiB of the tap at {most:,} rows", Range.of(peaks), AT_MOST, _MEMORY)
        if fewer:
            before = [used.peak for used in by_rows[fewer][THIS]]
            what = f"{form}: memory of the tap, {most:,} / {fewer:,} rows"
            yield Ratio(what, Range.of_ratios(peaks, before), AT_MOST, _MEMORY_GROWTH)


def without_start(
    used: Mapping[str, Sequence[Usage]], starts: Mapping[str, Sequence[Usage]], name: str
) -> list[float]:
    """Returns the CPU seconds of each run of a contestant, without the median of its runs without rows.

    A run that is as short as a start counts as a millisecond.
    """
    start = Usage.median(starts[name]).cpu
    return [max(each.cpu - start, 0.001) for each in used[name]]


def of_jobs(waits: Mapping[str, Sequence[Wait]]) -> Iterator[Ratio]:
    """Yields ratios of seconds, without the start."""
    for what, each in waits.items():
        yield Ratio(f"{what}: time / ideal", Range.of(wait.ratio for wait in each), AT_MOST, _JOBS)


def of_starts(starts: Mapping[str, Sequence[Usage]]) -> Iterator[Ratio]:
    """Yields ratios of seconds."""
    walls = ([used.wall for used in starts[name]] for name in (DISCOVER, SDK))
    yield Ratio(f"{DISCOVER} / {SDK}", Range.of_ratios(*walls), AT_MOST, _DISCOVER)
