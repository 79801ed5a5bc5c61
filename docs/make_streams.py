"""Writes docs/streams.md from the declarations and schemas: `python -m docs.make_streams`."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_talkdesk_reports.config.catalog import REPORT_FILES
from tap_talkdesk_reports.records.schema import ROW_ID
from tap_talkdesk_reports.sync.report_stream import ReportStream
from tap_talkdesk_reports.tap import TapTalkdeskReports

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk import Stream

PAGE = Path(__file__).with_name("streams.md")

HEAD = """\
# Streams and columns

This page lists every stream of the tap: its key, its columns, and what is known about the freshness of its
data. `make docs` writes it from the [declarations](../tap_talkdesk_reports/streams.py) and the
[schemas](../tap_talkdesk_reports/schemas/), so do not edit it.

`--discover` prints the same information. To see one stream:

```sh
tap-talkdesk-reports --discover | jq '.streams[] | select(.stream == "calls")'
```

## Which rows a report has

The report of a timespan has the rows whose replication key is in the timespan. For most reports, no document
says which time Talkdesk filters on. Then this page names the time that other programs use, or a likely guess.

## Freshness

If the tap reads a timespan before all its rows are at Talkdesk, the tap misses rows. The setting
`availability_delay_minutes` prevents this: it is 60 by default, for every stream. In the tables below,
*freshness* repeats Talkdesk's documents, and *delay* is a value of the setting that fits, with a margin.
Set it for one stream in `stream_settings`. If nothing is documented, keep the default.

## Keys

- Only key columns are never null. Every other column may be null, whatever Talkdesk's documents say.
- `_row_id` is a digest of the fields that identify a row and do not change. Each stream below lists them.
  Of `feedback_flow` and `csat_score` no such fields are known, so the digest covers the whole row: a row that
  was edited at Talkdesk appears as a second row.

## Types

- Times are RFC 3339 in UTC.
- Ids are text.
- `Yes`/`No` and `TRUE`/`FALSE` become booleans.
- Durations are whole seconds, or fractions of a day if the description says so.
- A value that does not fit the type of its column becomes null, and `_unknown_fields` gets it.

## Names

Many databases accept only plain column names, so the tap changes other names: `in_business_hours?` becomes
`in_business_hours`. The description of the column has Talkdesk's name.

## Missing and unknown fields

- Every record has every selected column. If the report file lacks the field, the column is null. So different
  payloads of a report give the same columns: `calls` loads the payload since May 2026 and the older ones.
- `_unknown_fields` is a JSON object as text. It has the fields that the schema does not know, the values that
  do not fit their type, and the source values of durations that the tap rounded to whole seconds. The setting
  `unknown_fields` can also leave it out, or make such values an error.

## Empty cells in CSV files

In a CSV file, empty text and null look the same. The tap reads an empty cell as null. The exceptions are text
fields that Talkdesk fills with empty text, such as `ivr_options`. JSON does not have this problem and is the
default `format`.
"""

FRESHNESS = re.compile(r"[^.]*\b(?:complete after|refreshes) [^.]*\.")

#: `availability_delay_minutes`, with a margin, for each documented freshness.
DELAYS = {
    "Talkdesk refreshes this report every minute": "5",
    "Rows are complete after 5 minutes": "10",
    "Rows are complete after 1 hour": "90",
    "written with the file": "-",
}


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    for api in ("explore", "reporting"):
        tap = TapTalkdeskReports(config={"api": api}, validate_config=False)
        lines += [f"## {api.title()} API", "", *_api(api, tap.discover_streams())]
    return "\n".join(lines)


def _api(api: str, streams: Sequence[Stream]) -> Iterator[str]:
    """A table of an API's streams, then each of them."""
    yield "| stream | key | replication key | freshness | delay | selected by default |"
    yield "|---|---|---|---|---|---|"
    for stream in streams:
        chosen = "yes" if stream.selected_by_default else "no"
        freshness = _freshness(stream)
        cells = _keys(stream), f"`{stream.replication_key}`", freshness, _delay(freshness), chosen
        yield f"| [`{stream.name}`](#{api}-{stream.name}) | {' | '.join(cells)} |"
    yield ""
    for stream in streams:
        yield from _stream(api, stream)


def _stream(api: str, stream: Stream) -> Iterator[str]:
    schema = stream.schema
    yield f'<a id="{api}-{stream.name}"></a>'
    yield f"### `{stream.name}` ({api.title()} API)"
    yield ""
    yield schema["description"]
    for paragraph in _declared(stream):
        yield ""
        yield paragraph
    yield ""
    yield f"Key: {_keys(stream)}. Replication key: `{stream.replication_key}`."
    if ROW_ID in stream.primary_keys:
        of = ", ".join(f"`{name}`" for name in getattr(stream, "row_id_fields", ()))
        whole = "the whole row, so a row that was edited at Talkdesk appears as a second row"
        yield f"`{ROW_ID}` is a digest of {of or whole}."
    if isinstance(stream, ReportStream) and stream.aliases:
        renamed = ", ".join(f"`{old}` → `{new}`" for old, new in stream.aliases.items())
        yield ""
        yield f"A payload may have other names for some fields. They arrive in these columns: {renamed}."
    yield ""
    yield "| column | type | meaning |"
    yield "|---|---|---|"
    for name, field in schema["properties"].items():
        yield f"| `{name}` | {_type(field)} | {field['description']} |"
    yield ""


def _declared(stream: Stream) -> list[str]:
    """What the declaration says after its first sentence, with its sources as links."""
    text = re.sub(r" \(talkdesk-api, C\d+\)", "", inspect.getdoc(type(stream)) or "")
    text = re.sub(r"(?m)(https://\S+?)\.$", r"<\1>.", text).partition(".")[2]
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n") if paragraph.strip()]


def _freshness(stream: Stream) -> str:
    """The sentence of the schema's description about freshness, if there is one."""
    if stream.name == REPORT_FILES:
        return "written with the file"
    found = FRESHNESS.search(stream.schema["description"])
    return found[0].strip().rstrip(".") if found else "not documented"


def _delay(freshness: str) -> str:
    """The delay in minutes that fits a documented freshness."""
    return DELAYS.get(freshness, "60")


def _keys(stream: Stream) -> str:
    return ", ".join(f"`{key}`" for key in stream.primary_keys)


def _type(field: dict[str, Any]) -> str:
    """The type as a word."""
    (kind,) = [kind for kind in field["type"] if kind != "null"]
    said = {"string": "text"}.get(kind, kind)
    said = "time" if field.get("format") == "date-time" else said
    return said if "null" in field["type"] else f"{said}, never null"


if __name__ == "__main__":
    PAGE.write_text(page())
