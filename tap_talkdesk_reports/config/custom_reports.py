"""Reads the setting `reports`: checks the custom reports, and makes a JSON Schema for each. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_talkdesk_reports.records.names import plain_name
from tap_talkdesk_reports.records.schema import ROW_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: PostgreSQL's limit for names of tables and columns.
LONGEST_NAME = 63
#: One segment of a URL path that needs no quoting; `..` does not match.
_type = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.~-]*")

TYPES = ("string", "integer", "number", "boolean", "array", "object", "date-time")


@dataclass(frozen=True)
class CustomReport:
    """A report that the user declares in the setting `reports`."""

    #: The API's name of the report, as in the path of a request.
    type: str
    #: The stream's name.
    name: str
    keys: tuple[str, ...]
    replication_key: str
    #: The declared type of each column.
    fields: Mapping[str, str]

    @classmethod
    def from_setting(cls, entry: Mapping[str, Any]) -> CustomReport:
        """Reads an entry that `custom_report_problems` has accepted."""
        return cls(
            type=entry["type"],
            name=plain_name(entry.get("name") or entry["type"]),
            keys=tuple(plain_name(key) for key in entry.get("keys") or ()) or (ROW_ID,),
            replication_key=plain_name(entry["replication_key"]),
            fields={plain_name(name): kind for name, kind in (entry.get("fields") or {}).items()},
        )

    def schema(self) -> dict[str, Any]:
        """Returns the JSON Schema with the keys, the replication key and the declared fields."""
        natural = {key: "string" for key in self.keys if key != ROW_ID}
        types = natural | dict(self.fields) | {self.replication_key: "date-time"}
        return {
            "type": "object",
            "description": f"Report {self.type!r}, as the setting `reports` declares it.",
            "properties": {name: _property(name, kind) for name, kind in types.items()},
        }


def custom_report_problems(entries: object, taken: set[str]) -> Iterator[str]:
    """Yields the problems of the setting `reports`, one line each.

    Args:
        entries: The setting's value.
        taken: Names of existing streams.
    """
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        yield 'it must be a list of objects such as {"type": "adherence", "replication_key": "started_at"}'
        return
    taken = set(taken)
    for entry in entries:
        kind = entry.get("type")
        if wrong := _wrong(entry):
            yield f"{kind!r}: {wrong}"
            continue
        name = CustomReport.from_setting(entry).name
        if name in taken:
            yield f"{kind!r}: there is a stream {name!r} already; set another `name`"
        taken.add(name)


def _wrong(entry: Mapping[str, Any]) -> str | None:
    """Returns the first problem of an entry; None if it has none."""
    for name in ("type", "replication_key", "name"):
        if not isinstance(entry.get(name), str) and not (name == "name" and entry.get(name) is None):
            return f"`{name}` must be a string"
    if not _type.fullmatch(entry["type"]):
        return "`type` must be the name of the report in the path /data/reports/{type}/jobs"
    keys = entry.get("keys")
    if keys is not None and not (isinstance(keys, list) and all(isinstance(key, str) for key in keys)):
        return "`keys` must be a list of field names"
    fields = entry.get("fields") or {}
    if not isinstance(fields, dict) or not all(kind in TYPES for kind in fields.values()):
        return f"`fields` must give each field one of the types {', '.join(TYPES)}"
    if unknown := set(entry) - {"type", "name", "keys", "replication_key", "fields"}:
        return f"`{min(unknown)}` is not one of type, name, keys, replication_key, fields"
    stream = "name" if entry.get("name") else "type"
    names = {stream: [entry[stream]], "replication_key": [entry["replication_key"]], "keys": keys or ()}
    problems = (_wrong_names(part, given) for part, given in (names | {"fields": fields}).items())
    return next(filter(None, problems), None)


def _wrong_names(part: str, given: Iterable[str]) -> str | None:
    """Returns the first name in a part of an entry that cannot name a column or stream; None if all can."""
    columns: dict[str, str] = {}
    for name in given:
        column = plain_name(name)
        if not column:
            return f"`{part}` {name!r} must have a letter from a to z or a digit"
        if len(column) > LONGEST_NAME:
            return f"`{part}` {name!r} is longer than {LONGEST_NAME} characters"
        if column in columns:
            return f"`{part}` has {columns[column]!r} and {name!r}, which become the same column; remove one"
        columns[column] = name
    return None


def _property(name: str, kind: str) -> dict[str, Any]:
    described = {"description": f"Field {name!r}, as declared."}
    if kind == "date-time":
        return {"type": ["string", "null"], "format": "date-time", **described}
    if kind == "array":
        return {"type": ["array", "null"], "items": {}, **described}
    return {"type": [kind, "null"], **described}
