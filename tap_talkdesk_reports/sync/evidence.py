"""Implements the stream `report_files`: one record for each report file whose rows were all emitted."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel

from tap_talkdesk_reports.config.column_types import conversions
from tap_talkdesk_reports.core.report_job import JobName
from tap_talkdesk_reports.core.timespans import rfc3339
from tap_talkdesk_reports.records.record import RecordBuilder
from tap_talkdesk_reports.records.schema import completed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from datetime import datetime

    from singer_sdk import SchemaDirectory, Tap
    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Context, Record

    from tap_talkdesk_reports.core.report_job import ReportJob
    from tap_talkdesk_reports.records.file_counts import FileCounts
    from tap_talkdesk_reports.sync.delivery import Delivery


class EvidenceStream(Stream):
    """Writes the evidence that the other streams are complete; it reads no report.

    `sync` writes its SCHEMA. Each report stream then adds one record for each file, after the
    file's own records and before the STATE that covers them. They are RECORD messages even with
    `batch_config`. STATE has no bookmark for this stream.
    """

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    #: The folder with the schema, which has the stream's name.
    schemas: ClassVar[SchemaDirectory]

    def __init__(self, tap: Tap) -> None:
        """Creates the stream with the schema of its name."""
        schema = self.schemas.get_schema(self.name)
        super().__init__(tap, schema=completed(schema, self.primary_keys, keep_unknown=False))

    def add(self, row: Mapping[str, Any]) -> None:
        """Writes one record, with the selection and the stream maps of this stream."""
        self._write_record_message(self._builder.from_json(row))

    @cached_property
    def _builder(self) -> RecordBuilder:
        schema, _ = conversions(self.schema, self.effective_schema)
        return RecordBuilder(
            self.name,
            schema,
            keys=self.primary_keys,
            replication_key=self.replication_key or "",
            unknown_fields="warn",
        )

    # Hooks that the SDK calls

    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Returns None, because STATE has no bookmark for this stream."""

    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Returns no record; `add` writes the records."""
        return iter(())

    def get_batch_config(self, config: Mapping[str, Any]) -> BatchConfig | None:  # noqa: ARG002
        """Returns None: the records are few, and must be written before the STATE that covers them."""
        return None

    def _sync_records(
        self,
        context: Context | None = None,  # noqa: ARG002
        *,
        write_messages: bool = True,  # noqa: ARG002
    ) -> Generator[Record, Any, Any]:
        """Writes nothing, not even a STATE."""
        yield from ()


def evidence(
    stream: str, delivery: Delivery, counts: FileCounts, *, rows: int, left_out: int, read_at: datetime
) -> dict[str, Any]:
    """Returns the evidence record of a report file that was read to its end.

    Args:
        stream: The stream's name in the Singer messages.
        delivery: The file, with the number of its attempt.
        counts: The counts of the file's rows.
        rows: The number of records that were emitted.
        left_out: The number of repeats at a boundary that were left out.
        read_at: When the end of the file was reached.
    """
    file = delivery.file
    return {
        "stream": stream,
        "report": file.job.report,
        "timespan_start": rfc3339(file.timespan.start),
        "timespan_end": rfc3339(file.timespan.end),
        "rows": rows,
        "rows_within": counts.within,
        "rows_left_out": left_out,
        "total": counts.total,
        "bytes": file.size,
        "sha256": file.sha256(),
        "format": "json" if file.is_json else "csv",
        "job_id": file.job.id,
        "is_adopted": file.is_adopted,
        "job_created_at": _created_at(file.job),
        "file_ready_at": rfc3339(file.ready_at),
        "read_at": rfc3339(read_at),
        "attempt": delivery.attempt,
    }


def _created_at(job: ReportJob) -> str | None:
    """Returns when a job was created, by Talkdesk's response or the job's name; None if unknown."""
    if job.created_at is not None:
        return rfc3339(job.created_at)
    name = JobName.of(job)
    return rfc3339(name.created) if name else None
