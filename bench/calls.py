"""The columns of `calls`, for the programs that are compared with the tap. They share its schema only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tap_talkdesk_reports

SCHEMA: dict[str, Any] = json.loads(
    (Path(tap_talkdesk_reports.__file__).parent / "schemas" / "reporting" / "calls.json").read_text()
)
#: `date-time`, `integer`, `boolean` or `string`.
KINDS = {name: field.get("format", field["type"][0]) for name, field in SCHEMA["properties"].items()}
#: Text fields in which an empty cell means an empty text. In all others it means null.
NEVER_NULL = ("ring_groups", "ivr_options")
