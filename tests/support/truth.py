"""The expected records: rows of a sandbox, converted without the tap's own code."""

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
    """Returns the records with their counts, without their order.

    Columns of a record that its row does not have are ignored: null columns, and digests.
    """
    said = ({n: v for n, v in record.items() if v is not None and n != "_row_id"} for record in records)
    return Counter(msgspec.json.encode(record, order="sorted") for record in said)


def truth(sandbox: Sandbox, stream: str, start: str = "2026-03-02", end: str = "2026-03-09") -> list[Record]:
    """Returns the records of the Reporting API whose rows end in [start, end)."""
    return [as_record(row) for row in sandbox.rows(stream, utc(start), utc(end))]


def explore_truth(
    sandbox: Sandbox, stream: str, schema: Record, start: str = "2026-03-02", end: str = "2026-03-09"
) -> list[Record]:
    """Returns the records of the Explore API whose rows end in [start, end), without their `_row_id`."""
    rows = sandbox.rows(stream, utc(start), utc(end), api="explore")
    return [as_explore_record(row, schema) for row in rows]


def as_explore_record(row: Record, schema: Record) -> Record:
    """Returns the expected record of a row of the Explore API."""
    return {plain(name): _as_value(value, schema["properties"][plain(name)]) for name, value in row.items()}


def plain(name: str) -> str:
    """Returns the column name of a field."""
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
    """Returns the records without columns that no row of the sandbox has."""
    return [{name: value for name, value in record.items() if name not in names} for record in records]
