"""The tap as a process that a test ends, and what is left of its output."""

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
    """Start the tap; its output is to be read, and its end to be waited for."""
    return TapProcess(
        command(tmp_path, config, state=state, catalog=catalog),
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | popen,
        env=clean_environment(),
        cwd=tmp_path,
    )


def wait_until(so: Callable[[], object], what: str) -> None:
    """Wait however slow the machine is: the deadline only shows what hangs."""
    end = time.monotonic() + 60
    while not so():
        assert time.monotonic() < end, f"never so: {what}"
        time.sleep(0.02)


def wait_until_full(write_end: int) -> None:
    """Wait until a pipe has no room, so that a process hangs in its write, or will with the next one."""
    wait_until(lambda: not select.select([], [write_end], [], 0)[1], "the pipe is full")


def whole_lines(output: bytes) -> list[dict[str, Any]]:
    """The messages that arrived whole; a kill may cut the last line."""
    return [json.loads(line) for line in output.decode().split("\n")[:-1]]


def last_state(messages: list[dict[str, Any]], before: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """The last STATE of a run, or what it began with."""
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    return states[-1] if states else before
