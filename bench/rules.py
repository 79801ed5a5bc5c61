"""Measures the cost of each rule of the records: the same rows, each time with one more rule."""

from __future__ import annotations

import gc
import json
import time
from io import BytesIO
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bench.calls import SCHEMA
from bench.report import path, prepare
from tap_talkdesk_reports.records.chunks import ChunkBuilder
from tap_talkdesk_reports.records.json_file import json_rows
from tap_talkdesk_reports.records.lenient_json import decode_rows
from tap_talkdesk_reports.records.record import RecordBuilder
from tap_talkdesk_reports.records.schema import ROW_ID, completed
from tap_talkdesk_reports.singer.writer import encode_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Decode = Callable[[bytes], list[Any]]

ROWS = 20_000
ALL = "usual rows"


def measured(rounds: int) -> dict[str, float]:
    """Returns CPU microseconds per row by rule, from the bytes of a file to lines."""
    with TemporaryDirectory(prefix="bench-") as scratch:
        prepare(Path(scratch) / "rules", ROWS)
        content = path(Path(scratch) / "rules", "json").read_bytes()
    rows = json.loads(content)["entries"]
    half = set(list(rows[0])[::2]) | {"callsid", "end_at"}
    renamed = {name: f"the_{name}" for name in rows[0]}
    cases: dict[str, tuple[bytes, Decode]] = {
        ALL: (content, _in_chunks()),
        "timestamps already in the final form": (_report(map(_stamped, rows)), _in_chunks()),
        "half of the columns deselected": (content, _in_chunks(selected=half)),
        "key `_row_id`, of five fields": (
            content,
            _in_chunks(keys=(ROW_ID,), row_id_fields=("callsid", "type", "start_at", "end_at", "agent_name")),
        ),
        "every field renamed": (
            _report({renamed[name]: value for name, value in row.items()} for row in rows),
            _in_chunks(aliases={other: name for name, other in renamed.items()}),
        ),
        "an unknown field in every row, kept": (_report(row | {"queue": "x"} for row in rows), _in_chunks()),
        "numbers in quotation marks": (_report(row | {"talk_time": "17"} for row in rows), _in_chunks()),
        "a value that does not fit in every chunk": (
            _report(row | ({"talk_time": "soon"} if i % 100 == 0 else {}) for i, row in enumerate(rows)),
            _in_chunks(),
        ),
        "one by one, without chunks": (content, _one_by_one()),
    }
    del rows
    gc.collect()
    gc.freeze()  # the collector must not scan what was prepared here
    took: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, (report, decode) in cases.items():
            began = time.process_time()
            for chunk in json_rows(BytesIO(report), decode):
                encode_lines(chunk)
            took[name].append((time.process_time() - began) * 1e6 / ROWS)
    return {name: median(each) for name, each in took.items()}


def _builder(keys: tuple[str, ...] = ("callsid",), **options: Any) -> RecordBuilder:
    schema = completed(SCHEMA, keys, keep_unknown=True)
    return RecordBuilder(
        "calls", schema, keys=keys, replication_key="end_at", unknown_fields="keep", **options
    )


def _in_chunks(**options: Any) -> Decode:
    return ChunkBuilder(_builder(**options)).from_json


def _one_by_one() -> Decode:
    make = _builder().from_json
    return lambda data: list(map(make, decode_rows(data)))


def _stamped(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: row[name].replace(" ", "T") + "Z" for name in ("start_at", "end_at")}


def _report(rows: Iterable[dict[str, Any]]) -> bytes:
    entries = list(rows)
    return json.dumps({"total": len(entries), "entries": entries}, separators=(",", ":")).encode()
