"""Decides how the values of a column get the type that the catalog gives it, or that they cannot. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.schema import Schema

from tap_talkdesk_reports.core.errors import CatalogError
from tap_talkdesk_reports.records.names import plain_name
from tap_talkdesk_reports.records.schema import ROW_ID, UNKNOWN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    Field = Mapping[str, Any]

#: The tap makes these columns itself; their values are converted to nothing else.
OWN_COLUMNS = (ROW_ID, UNKNOWN_FIELDS)
TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
#: Formats that make a kind of its own of a text. Other formats, such as `uuid`, only describe one.
TIMES = ("date-time", "date", "time")
TEXT: Field = {"type": ["string", "null"]}
#: A schema that leaves values as they are.
ANYTHING: Field = {"type": []}
#: What the values of each kind can be converted to, besides text, which takes every value.
CONVERTIBLE = {
    "string": ("date-time", "integer", "number", "boolean", "array"),
    "integer": ("number",),
    "number": ("integer",),
}


def kinds(field: Field) -> list[str]:
    """The kinds of value that a JSON Schema allows besides null; none: it does not say.

    A kind is a type of JSON, or `date-time`, `date` or `time` for such a text.

    Raises:
        AttributeError, TypeError, ValueError: it is no JSON Schema of a column.
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
    """A column's schema as the messages have it: with a plain `type`, which the SDK's flattening needs.

    A key is never null, and any other column may be. Where the catalog says no type, the
    column has the tap's; one that the tap does not know is text.
    """
    found = kinds(field) or kinds(own or TEXT)
    types = list(dict.fromkeys("string" if kind in TIMES else kind for kind in found))
    rest = {name: value for name, value in field.items() if name not in {"anyOf", "oneOf"}}
    if "string" not in found and (times := [kind for kind in found if kind in TIMES]):
        rest["format"] = times[0]
    return rest | {"type": types if is_key else [*types, "null"]}


def conversion(own: Field, wanted: Field) -> Field | None:
    """The schema by which a record builder makes values that fit another schema.

    Args:
        own: The tap's schema of the column.
        wanted: The catalog's, which `kinds` can read.

    Returns:
        The tap's own if its values fit as they are; None if they cannot be converted.
    """
    [kind], targets = kinds(own), kinds(wanted)
    # A time is written as text already, and every whole number is a number.
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
    """Check that the values of a column can be made to fit its schema.

    Args:
        name: The column.
        own: The tap's schema of the column; None if only the catalog has it.
        wanted: The catalog's.

    Raises:
        CatalogError: they cannot, or it is no schema.
    """
    try:
        Schema.from_dict(wanted)  # the SDK reads what is nested in it, too
        kinds(wanted)
    except (AttributeError, TypeError, ValueError):
        msg = f"the catalog sets the schema of {name!r:.200} to {wanted!r:.200}, which is none of a column"
        raise CatalogError(msg) from None
    if name in OWN_COLUMNS:
        own = own or TEXT
    if own is None:
        return
    converted = conversion(own, wanted)
    if converted is None or (name in OWN_COLUMNS and converted is not own):
        shown = {key: wanted[key] for key in ("type", "format", "anyOf", "oneOf") if key in wanted}
        kind = kinds(own)[0]
        msg = f"the catalog sets the type of {name!r} to {shown!r:.200}; {kind} cannot be converted to that"
        raise CatalogError(msg)


def conversions(own: Field, in_force: Field) -> tuple[dict[str, Any], dict[str, str]]:
    """The schema by which a record builder makes records that fit the schema in force.

    Args:
        own: The stream's schema, as the tap declares it.
        in_force: The stream's schema, as the catalog has it.

    Returns:
        The schema, with all columns of both, and the columns that only the catalog has, by
        the plain names of their fields.
    """
    wanted = in_force["properties"]
    fields = {name: conversion(field, wanted.get(name, field)) for name, field in own["properties"].items()}
    added = {plain_name(name): name for name in wanted if name not in fields and name not in OWN_COLUMNS}
    more = {name: _added(field) for name, field in wanted.items() if name not in fields}
    return {**own, "properties": fields | more}, added


def _added(field: Field) -> Field:
    """The schema by which the values of a column are converted that only the catalog has."""
    found = kinds(field)
    if "string" in found:
        return {**TEXT, "printed": ANYTHING}
    return _field(found[0]) if len(found) == 1 else ANYTHING


def _field(kind: str) -> Field:
    if kind == "date-time":
        return {**TEXT, "format": kind}
    return {"type": ["string" if kind in TIMES else kind, "null"]}
