"""The tap as a process that a test ends, and what is left of its output."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from tests.support import clean_environment, command
from tests.support.forked_tap import TapProcess

if TYPE_CHECKING:
    from pathlib import Path


def start(
    tmp_path: Path, config: dict[str, Any], state: dict[str, Any] | None = None, **popen: Any
) -> subprocess.Popen[bytes]:
    """Start the tap; its output is to be read, and its end to be waited for."""
    return TapProcess(
        command(tmp_path, config, state=state),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
        cwd=tmp_path,
        **popen,
    )


def whole_lines(output: bytes) -> list[dict[str, Any]]:
    """The messages that arrived whole; a kill may cut the last line."""
    return [json.loads(line) for line in output.decode().split("\n")[:-1]]


def last_state(messages: list[dict[str, Any]], before: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """The last STATE of a run, or what it began with."""
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    return states[-1] if states else before
