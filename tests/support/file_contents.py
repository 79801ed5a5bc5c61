"""Unusual report files and corrupt report files, by name."""

from __future__ import annotations

import json
from typing import Any

from talkdesk_sandbox import Fault

Row = dict[str, Any]


def unknown(record, **fields):
    return record | {"_unknown_fields": json.dumps(fields, separators=(",", ":"), ensure_ascii=False)}


def with_new_field(record):
    return unknown(
        {name: value for name, value in record.items() if name != "weather"}, weather=record["weather"]
    )


def with_type_changed(record):
    value = record["talk_time"]
    return record if value is None else unknown(record | {"talk_time": None}, talk_time=value)


def with_renamed_field(record):
    kept = {name: value for name, value in record.items() if name != "remarks"}
    return unknown(kept, remarks=record["remarks"])


def with_bare_newlines(record):
    return record | {"notes": record["notes"] and record["notes"].replace("\r\n", "\n")}


def with_odd_times(record):
    return {
        name: value.replace("ZZ", "Z") if name.endswith("_at") else value for name, value in record.items()
    }


#: Unusual files: the fault, and a function that changes the expected records.
HANDLED = {
    "no total": (Fault("create", "no_total", report="calls"), None),
    "report without rows": (Fault("create", "empty", report="calls"), None),
    "byte order mark": (Fault("create", "bom", report="calls"), None),
    "NUL in a text": (Fault("create", "nul", report="calls"), None),
    "line ends in a text": (Fault("create", "newline", report="calls"), None),
    "field longer than 128 KiB": (Fault("create", "long_field", report="calls"), None),
    "new field": (Fault("create", "new_field", 2, "calls"), with_new_field),
    "field gone": (Fault("create", "field_gone", 2, "calls"), None),
    "field renamed": (
        Fault("create", "field_renamed", 2, "calls", field="notes", to="remarks"),
        with_renamed_field,
    ),
    "type changed": (Fault("create", "type_changed", 2, "calls"), with_type_changed),
    "other form of time": (Fault("create", "odd_times", report="calls"), with_odd_times),
    "call without an end": (Fault("create", "no_end", report="calls"), None),
    "row before the timespan": (Fault("create", "outside", report="calls"), None),
    "row after the timespan": (Fault("create", "outside", report="calls", at="2031-11-11 11:11:11"), None),
}
CSV_ONLY = {
    "only a heading": (Fault("create", "empty", report="calls"), None),
    "Unix line ends": (Fault("create", "line_ends", 2, "calls"), with_bare_newlines),
}
HANDLED_BY_FORMAT = [(name, "json") for name in HANDLED] + [(name, "csv") for name in HANDLED | CSV_ONLY]

#: Corrupt files: the fault, the format, and a part of the error.
CORRUPT = {
    "ragged row": ("ragged", "csv", "line 2: the row has 2 cells"),
    "unclosed quotation mark": ("unclosed_quote", "csv", "line "),
    "bytes of another encoding, CSV": ("not_utf8", "csv", "'utf-8' codec can't decode"),
    "bytes of another encoding, JSON": ("not_utf8", "json", "row 0"),
    "total too large": ("wrong_total", "json", "row count mismatch"),
    "JSON file without a byte": ("no_bytes", "json", "the file is empty"),
}
