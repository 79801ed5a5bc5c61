"""Compares the rows that arrived with the records that were sent."""

from __future__ import annotations

import ast
import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Record = dict[str, Any]


def differences(
    found: Iterable[Record], sent: Iterable[Record], schema: Record, kept: Callable[[str], str | None]
) -> tuple[Counter[str], Counter[str]]:
    """Returns the rows that are missing, and those that were not sent, each as text.

    Args:
        found: Rows of a table or file; columns that the target adds are left out.
        sent: Records of the tap.
        schema: Schema of the stream.
        kept: Maps a text to the one that the target stores.
    """
    fields = schema["properties"]
    got = Counter(_plain(row, fields) for row in found)
    right = Counter(
        _plain({n: kept(v) if isinstance(v, str) else v for n, v in record.items()}, fields)
        for record in sent
    )
    return right - got, got - right


def _plain(row: Record, fields: Record) -> str:
    """Writes a row in one form that does not depend on the types of its columns; null means left out."""
    values = {name: _value(value, fields[name]) for name, value in row.items() if name in fields}
    return json.dumps({name: value for name, value in values.items() if value is not None}, sort_keys=True)


def _value(value: Any, field: Record) -> Any:
    (kind,) = (kind for kind in field["type"] if kind != "null")
    if value is None or (value == "" and kind != "string"):
        return None
    match kind:
        case "string" if field.get("format") == "date-time":
            return _time(value)
        case "integer":
            return int(value)
        case "number":
            return float(value)
        case "boolean":
            return value if isinstance(value, bool) else {"true": True, "false": False}[value.lower()]
        case "array" if isinstance(value, str):
            return ast.literal_eval(value)
        case _:
            return value


def _time(value: str | datetime) -> str | None:
    """A time in UTC; one without a zone is in UTC."""
    if value == "":
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
