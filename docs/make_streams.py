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

Made by `make docs` from the [declarations](../tap_talkdesk_reports/streams.py) and the
[schemas](../tap_talkdesk_reports/schemas/); do not edit it by hand.

What `--discover` prints is the same. To see one stream:

```sh
tap-talkdesk-reports --discover | jq '.streams[] | select(.stream == "calls")'
```

- Only keys are never null. Every other column may be, whatever the documents say.
- Times are RFC 3339 in UTC. Ids are text. Durations are in seconds unless the description says otherwise.
- The report of a timespan holds the rows whose *replication key* lies in it. For most reports nobody has
  documented which time that is; what stands here is what other clients rely on, or a likely guess.
- *Fresh* is what Talkdesk's documents say of how old data must be to be complete, and *delay* the
  `availability_delay_minutes` that fits it, with a margin. The default, 60, is kept for all streams
  until you set another in `stream_settings`. Where nothing is documented, keep it: what is not there yet
  when its timespan is read is missed.
- `_unknown_fields` is there with `unknown_fields: keep`, the default: a JSON object as text.
- Every record has each selected column, null if the report file lacks the field: a payload of another
  year has other ones.
"""

FRESH = re.compile(r"[^.]*\b(?:Fresh|Refreshed|Available) [^.]*\.")

#: `availability_delay_minutes`, with a margin, by what is documented.
DELAYS = {
    "Refreshed every minute": "5",
    "Fresh after 5 minutes": "10",
    "Fresh after 1 hour": "90",
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
    yield "| stream | key | replication key | fresh | delay | selected by default |"
    yield "|---|---|---|---|---|---|"
    for stream in streams:
        chosen = "yes" if stream.selected_by_default else "no"
        fresh = _fresh(stream)
        cells = _keys(stream), f"`{stream.replication_key}`", fresh, _delay(fresh), chosen
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
        whole = "the whole row, so that a row which was edited at Talkdesk appears as a second one"
        yield f"`{ROW_ID}` is a digest of {of or whole}."
    if isinstance(stream, ReportStream) and stream.aliases:
        renamed = ", ".join(f"`{old}` → `{new}`" for old, new in stream.aliases.items())
        yield ""
        yield f"Fields that a payload names otherwise arrive in these columns: {renamed}."
    yield ""
    yield "| column | type | meaning |"
    yield "|---|---|---|"
    for name, field in schema["properties"].items():
        yield f"| `{name}` | {_type(field)} | {field['description']} |"
    yield ""


def _declared(stream: Stream) -> list[str]:
    """What the declaration says beyond the schema, with its sources as links."""
    text = re.sub(r" \(talkdesk-api, C\d+\)", "", inspect.getdoc(type(stream)) or "")
    text = re.sub(r"(?m)(https://\S+?)\.$", r"<\1>.", text)
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def _fresh(stream: Stream) -> str:
    """What the schema's description says of it; that nothing is documented does not count."""
    if stream.name == REPORT_FILES:
        return "written with the file"
    found = FRESH.search(stream.schema["description"])
    return found[0].strip().rstrip(".") if found else "not documented"


def _delay(fresh: str) -> str:
    """The delay in minutes that fits what is documented."""
    return DELAYS.get(fresh, "60")


def _keys(stream: Stream) -> str:
    return ", ".join(f"`{key}`" for key in stream.primary_keys)


def _type(field: dict[str, Any]) -> str:
    """The type in words."""
    (kind,) = [kind for kind in field["type"] if kind != "null"]
    said = {"string": "text"}.get(kind, kind)
    said = "time" if field.get("format") == "date-time" else said
    return said if "null" in field["type"] else f"{said}, never null"


if __name__ == "__main__":
    PAGE.write_text(page())
