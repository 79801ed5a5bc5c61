"""What every part of the benchmark is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.ratios import Ratio
    from bench.versions import Version


@dataclass(frozen=True)
class Options:
    """How to measure."""

    #: Where files can lie while something is measured.
    folder: Path
    #: How often each thing is run, in turns with what it is compared with.
    rounds: int
    #: Numbers of rows.
    rows: Sequence[int]
    #: Whether it is enough to see that the benchmark works.
    quick: bool
    #: Seconds that a round trip to a server takes that is far away.
    round_trip: float
    #: Seconds that the jobs of such a server take.
    job_seconds: float
    #: How many jobs the tap may have there at once.
    width: int
    #: This version of the tap, and the one that it is compared with, if there is one.
    versions: Sequence[Version]
    #: Is given signs of life.
    told: Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What a part has measured."""

    #: For the file of figures.
    figures: Any
    ratios: Sequence[Ratio] = field(default=())
