"""Completes a stream's schema: adds `_row_id` and `_unknown_fields`, and forbids null in keys. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The column with the digest that identifies a row.
ROW_ID = "_row_id"
#: The column with the fields and values that fit no other column.
UNKNOWN_FIELDS = "_unknown_fields"


def completed(schema: Mapping[str, Any], keys: Sequence[str], *, keep_unknown: bool) -> dict[str, Any]:
    """Returns the schema with the columns that the tap makes.

    Keys are never null. All other columns may be null, because a value that does not fit
    becomes null.

    Args:
        schema: The declared schema.
        keys: The key columns; `_row_id` is added if it is one of them.
        keep_unknown: Whether to add `_unknown_fields`.
    """
    properties = dict(schema["properties"])
    if ROW_ID in keys:
        digest = {
            "type": ["string", "null"],
            "description": "Digest that identifies this row; the report has no key of its own.",
        }
        properties = {ROW_ID: digest, **properties}
    if keep_unknown:
        properties[UNKNOWN_FIELDS] = {
            "type": ["string", "null"],
            "description": (
                "Fields unknown to this schema, and values that do not fit their type: a JSON object as text."
            ),
        }
    for key in keys:
        types = [kind for kind in properties[key]["type"] if kind != "null"]
        properties[key] = {**properties[key], "type": types}
    return {**schema, "properties": properties, "required": list(keys)}
