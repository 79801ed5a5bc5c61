"""`Options` and `Outcome`: the input and the result of each part of the benchmark."""

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

    #: Folder for temporary files.
    folder: Path
    #: Number of runs of each command, in turns with those that it is compared with.
    rounds: int
    #: Numbers of rows.
    rows: Sequence[int]
    #: Whether the run only checks that the benchmark works.
    quick: bool
    #: Seconds of a round trip to the distant server.
    round_trip: float
    #: Seconds of a job of the distant server.
    job_seconds: float
    #: The tap's `max_concurrent_jobs` for the distant server.
    width: int
    #: This version of the tap, and the one to compare with, if any.
    versions: Sequence[Version]
    #: Receives progress messages.
    log: Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """The results of a part."""

    #: Figures for the JSON file.
    figures: Any
    ratios: Sequence[Ratio] = field(default=())
