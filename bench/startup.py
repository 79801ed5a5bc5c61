"""Measures the start of the tap, compared with an import of the SDK."""

from __future__ import annotations

import compileall
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import tap_talkdesk_reports
from bench.measure import TAP, in_turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.measure import Command, Usage

BARE, SDK, VERSION, DISCOVER, DISCOVER_REPORTING = (
    "python -c pass",
    "python -c 'import singer_sdk'",
    "tap --version",
    "tap --discover",
    "tap --discover, Reporting API",
)
#: Invalid credentials; no request is made.
_CONFIG = {"account": "bench", "client_id": "bench", "client_secret": "bench", "start_date": "2026-01-01"}


def measured(folder: Path, rounds: int, log: Callable[[str], None]) -> dict[str, list[Usage]]:
    """Measures some starts of each command."""
    log(f"{rounds} starts of each")
    return in_turns(commands(folder), rounds)


def commands(folder: Path) -> dict[str, Command]:
    """Returns the commands; their configs are written to this folder.

    The tap is compiled first, as pip does on installation. Without that, each start would compile it
    again if PYTHONDONTWRITEBYTECODE is set.
    """
    compileall.compile_dir(Path(tap_talkdesk_reports.__file__).parent, quiet=1)

    def discover(api: str) -> Command:
        config = folder / f"{api}.config.json"
        config.write_text(json.dumps(_CONFIG | {"api": api}))
        return [TAP, "--config", config, "--discover"]

    return {
        BARE: [sys.executable, "-c", "pass"],
        SDK: [sys.executable, "-c", "import singer_sdk"],
        VERSION: [TAP, "--version"],
        DISCOVER: discover("explore"),
        DISCOVER_REPORTING: discover("reporting"),
    }
