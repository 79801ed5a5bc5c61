"""Starting: what the tap takes before it does anything, beside the SDK that it is built on."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from bench.measure import TAP, in_turns

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.measure import Usage

BARE, SDK, VERSION, DISCOVER = (
    "python -c pass",
    "python -c 'import singer_sdk'",
    "tap --version",
    "tap --discover",
)
#: Wrong where it matters to nobody: no request is made.
_CONFIG = {"account": "bench", "client_id": "bench", "client_secret": "bench", "start_date": "2026-01-01"}


def measured(folder: Path, rounds: int, told: Callable[[str], None]) -> dict[str, list[Usage]]:
    """Some starts of each."""
    told(f"{rounds} starts of each")
    config = folder / "config.json"
    config.write_text(json.dumps(_CONFIG))
    return in_turns(
        {
            BARE: [sys.executable, "-c", "pass"],
            SDK: [sys.executable, "-c", "import singer_sdk"],
            VERSION: [TAP, "--version"],
            DISCOVER: [TAP, "--config", config, "--discover"],
        },
        rounds,
    )
