"""Decides whether and how values are converted to the type that the catalog gives a column. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.schema import Schema

from tap_talkdesk_reports.core.errors import CatalogError
from tap_talkdesk_reports.records.names import plain_name
from tap_talkdesk_reports.records.schema import ROW_ID, UNKNOWN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    Field = Mapping[str, Any]

#: Columns that the tap makes itself; their type cannot be changed.
OWN_COLUMNS = (ROW_ID, UNKNOWN_FIELDS)
TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
#: Text formats that count as a separate kind. Other formats, such as `uuid`, only describe a text.
TIMES = ("date-time", "date", "time")
TEXT: Field = {"type": ["string", "null"]}
#: A schema that accepts every value unchanged.
ANYTHING: Field = {"type": []}
#: The kinds that the values of each kind can be converted to. Every kind can be converted to text.
CONVERTIBLE = {
    "string": ("date-time", "integer", "number", "boolean", "array"),
    "integer": ("number",),
    "number": ("integer",),
}


def kinds(field: Field) -> list[str]:
    """Returns the kinds of value, besides null, that a JSON Schema allows; empty if it has no type.

    A kind is a JSON type, or `date-time`, `date` or `time` for a text of that format.

    Raises:
        AttributeError, TypeError, ValueError: the schema is not valid for a column.
    """
    found = []
    for part in [field] if "type" in field else [*field.get("anyOf", ()), *field.get("oneOf", ())]:
        types, text_format = part.get("type", ()), part.get("format")
        for name in [types] if isinstance(types, str) else types:
            if name not in TYPES:
                raise ValueError(name)
            found.append(text_format if name == "string" and text_format in TIMES else name)
    if found and set(found) == {"null"}:
        raise ValueError(found)
    return [kind for kind in found if kind != "null"]


def typed(field: dict[str, Any], own: Field | None, *, is_key: bool) -> dict[str, Any]:
    """Returns a column's schema for the SCHEMA message, with the plain `type` that flattening needs.

    A key is never null; any other column may be. If the catalog gives no type, the column
    has the tap's type. If the tap does not know the column either, it is text.
    """
    found = kinds(field) or kinds(own or TEXT)
    types = list(dict.fromkeys("string" if kind in TIMES else kind for kind in found))
    rest = {name: value for name, value in field.items() if name not in {"anyOf", "oneOf"}}
    if "string" not in found and (times := [kind for kind in found if kind in TIMES]):
        rest["format"] = times[0]
    return rest | {"type": types if is_key else [*types, "null"]}


def conversion(own: Field, wanted: Field) -> Field | None:
    """Returns the schema with which the record builder makes values that fit the catalog's schema.

    Args:
        own: The tap's schema of the column.
        wanted: The catalog's schema of the column; `kinds` can read it.

    Returns:
        The tap's own schema if its values fit without conversion; None if they cannot be converted.
    """
    [kind], targets = kinds(own), kinds(wanted)
    # A time is already written as text, and an integer is a number.
    is_written_so = {"date-time": "string", "integer": "number"}.get(kind)
    if not targets or kind in targets or is_written_so in targets:
        return own
    for target in targets:
        if target == "string":
            return {**TEXT, "printed": own}
        if target in CONVERTIBLE.get(kind, ()):
            return _field(target)
    return None


def check(name: str, own: Field | None, wanted: dict[str, Any]) -> None:
    """Checks that a column's values can be converted to the catalog's schema.

    Args:
        name: The column.
        own: The tap's schema of the column; None if only the catalog has the column.
        wanted: The catalog's schema of the column.

    Raises:
        CatalogError: the values cannot be converted, or the catalog's schema is not valid.
    """
    try:
        Schema.from_dict(wanted)  # also checks nested schemas, which the SDK reads later
        kinds(wanted)
    except (AttributeError, TypeError, ValueError):
        msg = (
            f"the catalog sets the schema of {name!r:.200} to {wanted!r:.200}; this is not a column's schema"
        )
        raise CatalogError(msg) from None
    if name in OWN_COLUMNS:
        own = own or TEXT
    if own is None:
        return
    converted = conversion(own, wanted)
    if converted is None or (name in OWN_COLUMNS and converted is not own):
        shown = {key: wanted[key] for key in ("type", "format", "anyOf", "oneOf") if key in wanted}
        kind = kinds(own)[0]
        msg = (
            f"the catalog sets the type of {name!r} to {shown!r:.200}; "
            f"its values are {kind} and cannot be converted to that"
        )
        raise CatalogError(msg)


def conversions(own: Field, in_force: Field) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns the schema with which the record builder makes records that fit the catalog's schema.

    Args:
        own: The stream's schema as the tap declares it.
        in_force: The stream's schema from the catalog in force.

    Returns:
        The schema with the columns of both, and a mapping of the columns that only the catalog
        has: from the plain name of the field to the column.
    """
    wanted = in_force["properties"]
    fields = {name: conversion(field, wanted.get(name, field)) for name, field in own["properties"].items()}
    added = {plain_name(name): name for name in wanted if name not in fields and name not in OWN_COLUMNS}
    more = {name: _added(field) for name, field in wanted.items() if name not in fields}
    return {**own, "properties": fields | more}, added


def _added(field: Field) -> Field:
    """Returns the schema that converts the values of a column that only the catalog has."""
    found = kinds(field)
    if "string" in found:
        return {**TEXT, "printed": ANYTHING}
    return _field(found[0]) if len(found) == 1 else ANYTHING


def _field(kind: str) -> Field:
    if kind == "date-time":
        return {**TEXT, "format": kind}
    return {"type": ["string" if kind in TIMES else kind, "null"]}
