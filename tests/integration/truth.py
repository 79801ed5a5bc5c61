"""What must have arrived: the sandbox's rows as a table holds them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.support import utc
from tests.support.truth import as_explore_record, as_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from talkdesk_sandbox import Sandbox

#: Made by the tap or the target, and not by the sandbox.
MADE = ("_row_id", "_sdc_")

Record = dict[str, Any]


def truth(
    sandbox: Sandbox, stream: str, schema: Record, start: str, end: str, *, api: str = "explore"
) -> list[Record]:
    """The records of the rows that end within [start, end), said without the tap's own code."""
    return [as_explore_record(row, schema) for row in sandbox.rows(stream, utc(start), utc(end), api=api)]


def as_kept(text: str) -> str | None:
    """A text as a target keeps it that keeps all."""
    return text


def as_kept_by_pipelinewise(text: str) -> str | None:
    """A text as pipelinewise-target-postgres keeps it: none that is empty, and line breaks written out."""
    return text.replace("\r", "\\r").replace("\n", "\\n") or None


def assert_same(
    found: Iterable[Record],
    wanted: Iterable[Record],
    schema: Record,
    kept: Callable[[str], str | None] = as_kept,
) -> None:
    """These rows of a table are these records, each once and unchanged.

    A table's times have no zone, and in a table null and left out are the same.
    """
    fields = schema["properties"]
    got = as_set(_plain(row, fields) for row in found)
    right = as_set(
        _plain({n: kept(v) if isinstance(v, str) else v for n, v in record.items()}, fields)
        for record in wanted
    )
    missing, surplus = right - got, got - right
    assert (missing, surplus) == (Counter(), Counter()), (
        f"{missing.total()} rows missing, {surplus.total()} too many, such as\n"
        f"{min(missing, default='')}\nand\n{min(surplus, default='')}"
    )


def _plain(row: Record, fields: Record) -> Record:
    return {
        name: _plain_value(value, fields[name])
        for name, value in row.items()
        if not name.startswith(MADE) and value is not None
    }


def _plain_value(value: Any, field: Record) -> Any:
    if field.get("format") == "date-time":
        return datetime.fromisoformat(value).replace(tzinfo=UTC).isoformat()
    return float(value) if "number" in field["type"] else value
