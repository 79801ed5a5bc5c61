"""Reads one report file in chunks of one size: `python -m bench.chunks_read FILE BYTES`. See bench.chunks."""

from __future__ import annotations

import gc
import os
import sys
import time
from pathlib import Path
from typing import Any

from bench.report import END, START
from tap_talkdesk_reports.core.timespans import Timespan
from tap_talkdesk_reports.records import csv_file, json_file
from tap_talkdesk_reports.records.boundary import Boundary
from tap_talkdesk_reports.records.chunks import ChunkBuilder
from tap_talkdesk_reports.records.record import RecordBuilder
from tap_talkdesk_reports.records.schema import completed
from tap_talkdesk_reports.singer.writer import MessageWriter
from tap_talkdesk_reports.streams import EXPLORE_STREAMS


def read(file: Path, size: int) -> float:
    """Returns the CPU seconds from the file to lines, as a stream creates them."""
    for module in (json_file, csv_file):
        vars(module)["CHUNK_BYTES"] = size
    streams: list[Any] = [*EXPLORE_STREAMS]
    stream = next(each for each in streams if each.name == file.stem)
    builder = _builder(stream)
    chunks, boundary, writer = ChunkBuilder(builder), Boundary(Timespan(START, END), ()), MessageWriter()
    key = builder.replication_key
    gc.freeze()  # as the tap does
    began = time.process_time()
    with file.open("rb") as content:
        for chunk in (
            json_file.json_rows(content, chunks.from_json)
            if file.suffix == ".json"
            else csv_file.csv_rows(content, [key], builder.column, chunks.from_csv)
        ):
            writer.write_records(stream.name, boundary.without_repeats(chunk, chunks.column(key, chunk)))
    return time.process_time() - began


def _builder(stream: Any) -> RecordBuilder:
    schema = completed(stream.schemas.get_schema(stream.name), stream.primary_keys, keep_unknown=True)
    return RecordBuilder(
        stream.name,
        schema,
        keys=stream.primary_keys,
        replication_key=stream.replication_key,
        unknown_fields="keep",
        never_null=stream.never_null,
        aliases=stream.aliases,
        day_fractions=stream.day_fractions,
        row_id_fields=stream.row_id_fields,
    )


if __name__ == "__main__":
    printed = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    seconds = read(Path(sys.argv[1]), int(sys.argv[2]))
    os.write(printed, f"{seconds}\n".encode())
