"""Writes the tap's settings to docs/settings.md, meltano.yml and the plugin definition.

Run it with `make docs`. The source is what `--about` prints.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from tap_talkdesk_reports.config.schema import SCHEMA
from tap_talkdesk_reports.tap import TapTalkdeskReports

PAGE = Path(__file__).with_name("settings.md")
ROOT = PAGE.parents[1]
PLUGINS = (ROOT / "meltano.yml", ROOT / "plugins/extractors/tap-talkdesk-reports.yml")

HEAD = """\
# Settings

This page lists all settings of the tap. `tap-talkdesk-reports --about --format=markdown` prints the same.

`make docs` writes this page from the [settings schema](../tap_talkdesk_reports/config/schema.py).
Do not edit it by hand.

There are three ways to set one:

| way | example |
|---|---|
| a JSON file, `--config config.json` | `{"region": "eu"}` |
| the environment, with `--config=ENV` | `export TAP_TALKDESK_REPORTS_REGION=eu` |
| Meltano | `meltano config set tap-talkdesk-reports region eu` |

Lists and objects are JSON, also in the environment.
White space around a text is removed, and an empty text counts as not set.
A wrong setting ends the run before the first request, with one line that names it.
"""

SECTIONS = {
    "Account and sign-in": (
        "account", "api", "region", "client_id", "client_secret", "private_key", "key_id", "username",
        "password", "client_version", "api_url", "token_url",
    ),
    "Data to load": (
        "start_date", "end_date", "lookback_hours", "availability_delay_minutes", "stream_settings",
        "reports",
    ),
    "Jobs, requests and runs": (
        "timespan_hours", "max_concurrent_jobs", "job_timeout_minutes", "stop_after_minutes",
        "request_timeout_seconds", "format", "delete_report_files", "spool_dir", "user_agent",
    ),
    "Records": ("unknown_fields",),
}  # fmt: skip

TAIL = """\
## Settings for single streams

```json
{
  "stream_settings": {
    "user_status": {"availability_delay_minutes": 5},
    "calls": {"timespan_hours": 24, "lookback_hours": 72}
  }
}
```

[streams.md](streams.md) suggests an availability delay for each stream.
[custom-reports.md](custom-reports.md) describes `reports`.

## Settings of the Singer SDK

[Stream maps](https://sdk.meltano.com/en/latest/stream_maps.html), flattening and
[batches](https://sdk.meltano.com/en/latest/batch.html) work as in every tap of the SDK.

"""

BATCHES = """\

With `batch_config` each timespan becomes one BATCH message, followed by its bookmark.
The message names files of JSON lines, which a target loads faster than RECORD messages.
A file gets its name when it is complete. Records in files are neither mapped nor flattened.

```json
{
  "batch_config": {
    "encoding": {"format": "jsonl", "compression": "gzip"},
    "storage": {"root": "file:///var/tmp/talkdesk"}
  }
}
```

A root that begins with `s3://` needs the package `s3fs` in the tap's environment.
"""

#: Labels of options in Meltano; an option without one is its own label.
LABELS = {
    "reporting": "Reporting API",
    "explore": "Explore API",
    "us": "United States",
    "eu": "Europe",
    "ca": "Canada",
    "json": "JSON",
    "csv": "CSV",
}

#: Types in the words of the page, if these differ from Meltano's.
TYPES = {"date_iso8601": "date or time", "array": "list", "string": "text"}


def settings() -> dict[str, dict[str, Any]]:
    """Every setting by name, those of the SDK behind the tap's own."""
    known = {"properties": dict(SCHEMA["properties"])}
    TapTalkdeskReports.append_builtin_config(known)
    del known["properties"]["faker_config"]  # needs a library that the tap does not install
    return known["properties"]


def page() -> str:
    """The text of docs/settings.md."""
    known = settings()
    lines = [HEAD]
    for heading, names in SECTIONS.items():
        lines += [f"## {heading}", "", *_table({name: known[name] for name in names}), ""]
    built_in = {name: setting for name, setting in known.items() if name not in SCHEMA["properties"]}
    return "\n".join([*lines, TAIL + "\n".join(_table(built_in)), BATCHES])


def plugin(text: str) -> str:
    """The text of a Meltano file with the settings of the tap in place of its first list of settings."""
    found = re.search(r"^( *)settings:\n((?:\1(?:- |  ).*\n)+)", text, re.MULTILINE)
    assert found, "the file has no settings"
    listed = yaml.safe_dump(list(map(_of_meltano, settings().items())), sort_keys=False, width=10**6)
    indented = re.sub("^", found[1], listed, flags=re.MULTILINE).rstrip(" ")
    return text[: found.start(2)] + indented + text[found.end(2) :]


def kind(setting: dict[str, Any]) -> str:
    """The name that Meltano has for the type of a setting."""
    if "enum" in setting:
        return "options"
    if setting.get("format") == "date-time":
        return "date_iso8601"
    return str(next(each for each in setting["type"] if each != "null"))


def _of_meltano(named: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    name, setting = named
    known: dict[str, Any] = {"name": name, "kind": kind(setting)}
    if setting.get("secret"):
        known["sensitive"] = True
    known |= {"label": setting["title"], "description": setting["description"]}
    if "default" in setting:
        known["value"] = setting["default"]
    if "enum" in setting:
        known["options"] = [
            {"label": LABELS.get(value, value), "value": value} for value in setting["enum"] if value
        ]
    return known


def _table(shown: dict[str, dict[str, Any]]) -> list[str]:
    rows = [
        f"| `{name}` | {_type(setting)} | {_default(name, setting)} | {setting['description']} |"
        for name, setting in shown.items()
    ]
    return ["| setting | type | default | meaning |", "|---|---|---|---|", *rows]


def _type(setting: dict[str, Any]) -> str:
    if "enum" in setting:
        return ", ".join(f"`{value}`" for value in setting["enum"] if value)
    if setting.get("secret"):
        return "secret"
    bounds = [f"{setting[bound]:,}" for bound in ("minimum", "maximum") if bound in setting]
    name = TYPES.get(kind(setting), kind(setting))
    return f"{name}, {' to '.join(bounds)}" if bounds else name


def _default(name: str, setting: dict[str, Any]) -> str:
    if name in SCHEMA["required"]:
        return "required"
    return f"`{json.dumps(setting['default']).strip(chr(34))}`" if "default" in setting else ""


if __name__ == "__main__":
    PAGE.write_text(page())
    for file in PLUGINS:
        file.write_text(plugin(file.read_text()))
