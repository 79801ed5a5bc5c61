"""The figures that the project wants to reach, beside those that it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.rows import BATCH, FLOOR, ORDINARY, PLAIN, THIS
from bench.startup import DISCOVER, SDK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.jobs import Wait
    from bench.measure import Usage
    from bench.rows import Figures

_AT_LEAST, _AT_MOST = "at least", "at most"
#: Form, contestant, the one it is compared with, the ratio that is wanted, and the one that is hoped for.
_SPEEDS: Sequence[tuple[str, str, str, float | None, float | None]] = (
    ("json", THIS, PLAIN, 12, 20),
    ("json", THIS, FLOOR, 0.6, 0.9),
    ("json", ORDINARY, PLAIN, 3, None),
    ("csv", THIS, PLAIN, 6, None),
    ("csv", THIS, FLOOR, None, None),
    ("csv", ORDINARY, PLAIN, 3, None),
    (BATCH, THIS, PLAIN, None, None),
)
_MEMORY_GROWTH, _MEMORY, _JOBS, _DISCOVER = 1.1, 100, 1.15, 1.3


@dataclass(frozen=True)
class Ratio:
    """One figure that was measured, and the one that is wanted."""

    what: str
    value: float
    #: `at least` or `at most`.
    sense: str = _AT_LEAST
    wanted: float | None = None
    aim: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether it is as wanted; None where nothing is."""
        if self.wanted is None:
            return None
        return self.value >= self.wanted if self.sense == _AT_LEAST else self.value <= self.wanted


def of_rows(figures: Figures) -> Iterator[Ratio]:
    """By rows per second of processor, start included; then memory."""
    for form, this, other, wanted, aim in _SPEEDS:
        for rows, used in figures.get(form, {}).items():
            if rows and this in used:
                what = f"{form}, {rows:,} rows: {this} / {other}"
                yield Ratio(what, used[other].cpu / used[this].cpu, _AT_LEAST, wanted, aim)
    for form, by_rows in figures.items():
        fewer, most = sorted(by_rows)[-2:]
        peak = by_rows[most][THIS].peak
        yield Ratio(f"{form}: MiB of the tap at {most:,} rows", peak, _AT_MOST, _MEMORY)
        if fewer:
            what = f"{form}: memory, {most:,} / {fewer:,} rows"
            yield Ratio(what, peak / by_rows[fewer][THIS].peak, _AT_MOST, _MEMORY_GROWTH)


def of_jobs(waits: Sequence[Wait]) -> Iterator[Ratio]:
    """By seconds, the start apart."""
    return (Ratio(f"{wait.what}: time / ideal", wait.ratio, _AT_MOST, _JOBS) for wait in waits)


def of_starts(starts: Mapping[str, Usage]) -> Iterator[Ratio]:
    """By seconds."""
    yield Ratio(f"{DISCOVER} / {SDK}", starts[DISCOVER].wall / starts[SDK].wall, _AT_MOST, _DISCOVER)
