"""The tap as a process that a test ends, and the output that it wrote until then."""

from __future__ import annotations

import json
import select
import subprocess
import time
from typing import TYPE_CHECKING, Any

from tests.support import clean_environment, command
from tests.support.forked_tap import TapProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def start(
    tmp_path: Path,
    config: dict[str, Any],
    state: dict[str, Any] | None = None,
    catalog: dict[str, Any] | None = None,
    **popen: Any,
) -> subprocess.Popen[bytes]:
    """Starts the tap. The caller must read its output and wait for its end."""
    return TapProcess(
        command(tmp_path, config, state=state, catalog=catalog),
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | popen,
        env=clean_environment(),
        cwd=tmp_path,
    )


def wait_until(so: Callable[[], object], what: str) -> None:
    """Waits until a condition is true. The deadline is long, and only shows a hang."""
    end = time.monotonic() + 60
    while not so():
        assert time.monotonic() < end, f"timed out: {what}"
        time.sleep(0.02)


def wait_until_full(write_end: int) -> None:
    """Waits until a pipe is full, so that a process blocks in its current or next write."""
    wait_until(lambda: not select.select([], [write_end], [], 0)[1], "the pipe is full")


def whole_lines(output: bytes) -> list[dict[str, Any]]:
    """Returns the complete messages. A kill may truncate the last line."""
    return [json.loads(line) for line in output.decode().split("\n")[:-1]]


def last_state(messages: list[dict[str, Any]], before: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """Returns the last STATE of a run, or its initial state."""
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    return states[-1] if states else before
