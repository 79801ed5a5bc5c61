"""Adds to a stream's schema what the tap makes: `_row_id`, `_unknown_fields`, and which columns may be null.

Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The column of the digest that identifies a row.
ROW_ID = "_row_id"
#: The column of what no other column takes.
UNKNOWN_FIELDS = "_unknown_fields"


def completed(schema: Mapping[str, Any], keys: Sequence[str], *, keep_unknown: bool) -> dict[str, Any]:
    """The schema with the columns that the tap makes.

    Keys are never null. All other columns may be, whatever the documents say: a value
    that does not fit becomes null.
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
