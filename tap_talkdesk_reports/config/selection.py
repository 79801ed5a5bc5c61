"""Reads which streams and columns a catalog entry selects, in every form that programs write. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_talkdesk_reports.core.errors import CatalogError
from tap_talkdesk_reports.records.values import to_boolean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Entry = Mapping[str, Any]
    #: Values by breadcrumb; the stream's own breadcrumb is empty.
    Metadata = dict[tuple[str, ...], dict[str, Any]]


def metadata_of(entry: Entry) -> Metadata:
    """Returns the metadata of an entry.

    Raises:
        CatalogError: it is not valid Singer metadata.
    """
    metadata: Metadata = {}
    try:
        for part in entry.get("metadata") or ():
            breadcrumb = tuple(map(str, part["breadcrumb"]))
            metadata[breadcrumb] = metadata.get(breadcrumb, {}) | part["metadata"]
    except (KeyError, TypeError, ValueError):
        shown = f"{entry['metadata']!r:.200}"
        msg = f"the catalog sets metadata to {shown}; it must be a list of objects as --discover writes them"
        raise CatalogError(msg) from None
    return metadata


def schema_of(entry: Entry) -> dict[str, Any]:
    """Returns the schema of an entry; empty if it has none, as in many hand-made catalogs.

    Raises:
        CatalogError: the schema is not an object with properties.
    """
    schema = entry.get("schema") or {}
    if not isinstance(schema, dict) or not isinstance(schema.get("properties") or {}, dict):
        msg = f"the catalog sets schema to {schema!r:.200}; it must be an object with properties"
        raise CatalogError(msg)
    return schema


def is_selected(entry: Entry, metadata: Metadata, *, is_default: bool) -> bool:
    """Whether an entry selects its stream.

    Older programs write `selected` next to `tap_stream_id`, or into the schema.

    Args:
        entry: The entry.
        metadata: The entry's metadata.
        is_default: Whether discovery selects the stream.

    Raises:
        CatalogError: a value is neither true nor false.
    """
    root = metadata.get((), {})
    places = [root, entry, schema_of(entry)]
    values = [value for place in places if (value := _boolean(place, "selected", "the stream")) is not None]
    if values:
        return bool(edited(is_default, values))
    by_default = _boolean(root, "selected-by-default", "the stream")
    if by_default is not None:
        return by_default
    # The SDK applies the same rule.
    return not metadata or root.get("inclusion") == "automatic"


def columns_selected(entry: Entry, metadata: Metadata, automatic: Iterable[str]) -> Metadata:
    """Returns the metadata of an entry's columns; the columns of `automatic` are always selected.

    Raises:
        CatalogError: a value is neither true nor false.
    """
    found = {breadcrumb: dict(values) for breadcrumb, values in metadata.items() if breadcrumb}
    for name, field in (schema_of(entry).get("properties") or {}).items():
        if isinstance(field, dict) and "selected" in field:
            found.setdefault(("properties", name), {}).setdefault("selected", field["selected"])
    for breadcrumb, values in found.items():
        if values.get("inclusion") == "automatic":
            # Meltano writes this, too. Only the tap decides which columns are automatic.
            values["inclusion"] = "available"
        for key in values.keys() & {"selected", "selected-by-default"}:
            values[key] = _boolean(values, key, f"the column {breadcrumb[-1]!r:.200}")
    return found | {("properties", name): {"inclusion": "automatic"} for name in automatic}


def edited(own: Any, values: Iterable[Any]) -> Any:
    """Returns the first value that differs from the tap's own value; the tap's own if none does.

    The same value stands in several places of an entry. Programs edit one place and leave the others.
    """
    return next((value for value in values if value != own), own)


def _boolean(place: Mapping[str, Any], name: str, what: str) -> bool | None:
    """Reads a boolean, also one written as text; returns None if it is missing."""
    value = place.get(name)
    if value is None or isinstance(value, bool):
        return value
    try:
        return to_boolean(str(value))
    except ValueError:
        msg = f"the catalog sets {name} of {what} to {value!r:.200}; it must be true or false"
        raise CatalogError(msg) from None
