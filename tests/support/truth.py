"""What must arrive: the rows of a sandbox as records, said without the tap's own code."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from tests.support import as_record, utc

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from talkdesk_sandbox import Sandbox

Record = dict[str, Any]

#: The streams that both APIs have.
STREAMS = ("calls", "user_status")


def as_set(records: Iterable[Record]) -> Counter[bytes]:
    """What the rows say, without their order; each as often as it comes.

    Every record has each column of its stream, and some have a digest: a row of the sandbox says neither.
    """
    said = ({n: v for n, v in record.items() if v is not None and n != "_row_id"} for record in records)
    return Counter(msgspec.json.encode(record, order="sorted") for record in said)


def truth(sandbox: Sandbox, stream: str, start: str = "2026-03-02", end: str = "2026-03-09") -> list[Record]:
    """The records of the Reporting API whose rows end within [start, end)."""
    return [as_record(row) for row in sandbox.rows(stream, utc(start), utc(end))]


def explore_truth(
    sandbox: Sandbox, stream: str, schema: Record, start: str = "2026-03-02", end: str = "2026-03-09"
) -> list[Record]:
    """The records of the Explore API whose rows end within [start, end), but for their `_row_id`."""
    rows = sandbox.rows(stream, utc(start), utc(end), api="explore")
    return [as_explore_record(row, schema) for row in rows]


def as_explore_record(row: Record, schema: Record) -> Record:
    """The record that a row of the Explore API should become."""
    return {plain(name): _as_value(value, schema["properties"][plain(name)]) for name, value in row.items()}


def plain(name: str) -> str:
    """A field's name as a column has it."""
    return re.sub("[^a-z0-9]+", "_", name.lower()).strip("_")


def _as_value(value: Any, field: Record) -> Any:
    if isinstance(value, str) and field.get("format") == "date-time":
        return value.replace(" ", "T").removesuffix("Z") + "Z" if value else None
    if isinstance(value, str) and "boolean" in field["type"]:
        return {"yes": True, "true": True, "no": False, "false": False, "": None}[value.lower()]
    if "string" in field["type"] and not isinstance(value, str | None):
        return json.dumps(value, ensure_ascii=False)
    return None if value == "" and "string" not in field["type"] else value


def without_digest(records: Iterable[Record], names: Collection[str] = ("_row_id",)) -> list[Record]:
    """The records without what no row of the sandbox says."""
    return [{name: value for name, value in record.items() if name not in names} for record in records]
