"""Counts the CPU instructions of each start with valgrind. A busy machine does not change them.

`python -m bench.instructions` takes a minute.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import environment
from bench.startup import SDK, commands

if TYPE_CHECKING:
    from bench.measure import Command

NO_VALGRIND = "Instructions: not counted, because valgrind is not on the PATH"
_COUNT = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
_counted = re.compile(r"I +refs: +([\d,]+)")


def counted(folder: Path) -> dict[str, int] | None:
    """Returns the instructions of each start; None if valgrind is missing."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return None
    return {name: _instructions([valgrind, *_COUNT, *command]) for name, command in commands(folder).items()}


def _instructions(command: Command) -> int:
    """Runs a command under valgrind and returns its count. Hashes are fixed, so it repeats exactly.

    Raises:
        RuntimeError: the command failed.
    """
    fixed = environment() | {"PYTHONHASHSEED": "0"}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=fixed)
    found = _counted.search(ran.stderr)
    if ran.returncode or found is None:
        raise RuntimeError(f"{ran.stderr[-2000:]}\n{command} ended with code {ran.returncode}")
    return int(found[1].replace(",", ""))


def table(counts: dict[str, int] | None) -> str:
    """Returns the counts as a table, relative to an import of the SDK."""
    if counts is None:
        return NO_VALGRIND
    lines = [f"{name:<32}{count / 1e6:>8,.0f}{count / counts[SDK]:>10.2f}" for name, count in counts.items()]
    return "\n".join([f"{'Instructions of a start':<32}{'millions':>8}{'/ import':>10}", *lines])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        print(table(counted(Path(scratch))))
