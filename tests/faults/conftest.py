"""Fixtures for runs with faults: settings, and the tap as a process whose memory is measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import clean_environment, command
from tests.support.courses import DAYS
from tests.support.forked_tap import Forked, TapProcess, run
from tests.support.invariants import Measured

if TYPE_CHECKING:
    from collections.abc import Callable

#: Runs a command from a small process, because Linux counts the memory before `exec` as the command's.
MEASURE = """
import resource, subprocess, sys
if sys.argv[2] != "-":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
code = subprocess.call(sys.argv[3:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
open(sys.argv[1], "w").write(str(peak))
sys.exit(code)
"""


@pytest.fixture
def days(tmp_path) -> dict[str, Any]:
    """Returns settings with two timespans for each of two streams, and their own spool directory."""
    spool = tmp_path / "spool"
    spool.mkdir()
    return DAYS | {"spool_dir": str(spool)}


@pytest.fixture
def process(tmp_path) -> Callable[..., Measured]:
    """Returns a function that runs the tap to its end.

    With `is_installed`, and always on macOS, it runs the installed command, which may not write a file of
    more than `largest_file` bytes.
    """

    def of_the_command(line: list[str], largest_file: int | None = None, **options: Any) -> tuple[Any, int]:
        peak = Path(tmp_path / "peak")
        measured = [sys.executable, "-S", "-E", "-c", MEASURE, str(peak), str(largest_file or "-")]
        finished = subprocess.run(
            [*measured, *line], capture_output=True, check=False, timeout=120, **options
        )
        return finished, int(peak.read_text())

    def of_a_fork(line: list[str], **options: Any) -> tuple[Any, int]:
        finished = run(line, **options)
        return finished, finished.peak

    def process(
        config: dict[str, Any],
        *,
        is_installed: bool = TapProcess is not Forked,
        largest_file: int | None = None,
        **files: Any,
    ) -> Measured:
        line = command(tmp_path, config, **files)
        options = {"text": True, "cwd": tmp_path, "env": clean_environment()}
        if is_installed or largest_file:
            finished, peak = of_the_command(line, largest_file, **options)
        else:
            finished, peak = of_a_fork(line, **options)
        messages = [json.loads(line) for line in finished.stdout.splitlines()]
        return Measured(finished.returncode, finished.stdout, finished.stderr, messages, peak=peak)

    return process
