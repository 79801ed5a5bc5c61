"""Coverage-guided fuzzing of report files: `make fuzz`. Not collected by pytest.

Any bytes must give rows, or an error of the tap. Anything else stops the fuzzer with the bytes in a file.
"""

from __future__ import annotations

import io
import sys

import atheris

with atheris.instrument_imports(include=["tap_talkdesk_reports"]):
    from tap_talkdesk_reports.core.errors import ReportFileError, UnfitRowError
    from tap_talkdesk_reports.jobs.report_files import check_ends
    from tap_talkdesk_reports.records import json_file as parsing
    from tap_talkdesk_reports.records.chunks import ChunkBuilder
    from tap_talkdesk_reports.records.csv_file import csv_rows
    from tap_talkdesk_reports.records.json_file import json_rows
    from tap_talkdesk_reports.records.record import RecordBuilder

FIELDS = {
    "id": {"type": ["string"]},
    "at": {"type": ["string", "null"], "format": "date-time"},
    "n": {"type": ["integer", "null"], "unit": "seconds"},
    "ok": {"type": ["boolean", "null"]},
    "_unknown_fields": {"type": ["string", "null"]},
}


def read(data: bytes) -> None:
    """Reads the bytes as a report file. The first byte is the chunk size, the second the format."""
    parsing.CHUNK_BYTES = 1 + (data[0] if data else 0)
    is_json, file = data[1:2] < b"\x80", io.BytesIO(data[2:])
    builder = RecordBuilder(
        "calls", {"properties": FIELDS}, keys=("id",), replication_key="at", unknown_fields="keep"
    )
    chunk_builder = ChunkBuilder(builder)
    try:
        check_ends(file)
        chunks = (
            json_rows(file, chunk_builder.from_json)
            if is_json
            else csv_rows(file, ["id"], builder.column, chunk_builder.from_csv)
        )
        for _ in chunks:
            pass
    except (ReportFileError, UnfitRowError):
        pass


if __name__ == "__main__":
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
