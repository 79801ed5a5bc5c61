"""A typical simple tap for the same rows: the SDK's classes with their defaults, and `requests`.

It downloads the file from its URL into memory, without sign-in and job.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import requests
from singer_sdk import Stream, Tap
from singer_sdk import typing as th

from bench.calls import KINDS, NEVER_NULL, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_sdk.helpers.types import Context, Record


class PlainCalls(Stream):
    """The calls of a report file."""

    name = "calls"
    schema = SCHEMA
    primary_keys = ("callsid",)
    replication_key = "end_at"

    def get_records(self, context: Context | None) -> Iterable[Record]:  # noqa: ARG002
        """Returns all rows of the file."""
        response = requests.get(self.config["url"], timeout=60)
        response.raise_for_status()
        response.encoding = "utf-8"
        if self.config["url"].endswith("json"):
            yield from response.json()["entries"]
        else:
            yield from csv.DictReader(io.StringIO(response.text, newline=""))

    def post_process(self, row: Record, context: Context | None = None) -> Record:  # noqa: ARG002
        """Converts timestamps to RFC 3339, and text from CSV to its type."""
        return {name: _typed(name, value) for name, value in row.items()}


def _typed(name: str, value: Any) -> Any:
    kind = KINDS[name]
    if value == "" and name not in NEVER_NULL:
        return None
    if kind == "date-time" and value:
        return value.replace(" ", "T") + "Z"
    if isinstance(value, str) and kind == "integer":
        return int(value)
    if isinstance(value, str) and kind == "boolean":
        return value == "true"
    return value


class PlainTap(Tap):
    """A tap with one stream."""

    name = "plain-tap"
    config_jsonschema = th.PropertiesList(th.Property("url", th.StringType, required=True)).to_dict()

    def discover_streams(self) -> Sequence[Stream]:
        """Returns the only stream."""
        return [PlainCalls(self)]


if __name__ == "__main__":
    PlainTap.cli()
