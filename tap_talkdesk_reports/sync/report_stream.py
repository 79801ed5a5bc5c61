"""Reads a report as a Singer stream: reads each file, writes its records, moves the bookmark."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import to_builtins
from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL

from tap_talkdesk_reports.config.column_types import conversions
from tap_talkdesk_reports.core.errors import ReportFileError, UnfitRowError
from tap_talkdesk_reports.core.timespans import rfc3339
from tap_talkdesk_reports.core.words import counted
from tap_talkdesk_reports.records.boundary import Boundary
from tap_talkdesk_reports.records.chunks import ChunkBuilder
from tap_talkdesk_reports.records.csv_file import csv_rows
from tap_talkdesk_reports.records.file_counts import FileCounts
from tap_talkdesk_reports.records.json_file import json_rows
from tap_talkdesk_reports.records.record import RecordBuilder
from tap_talkdesk_reports.records.schema import ROW_ID, UNKNOWN_FIELDS, completed
from tap_talkdesk_reports.singer.batches import Batches
from tap_talkdesk_reports.singer.state import read_bookmark
from tap_talkdesk_reports.sync.evidence import evidence
from tap_talkdesk_reports.sync.plan import StreamToRead

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
    from datetime import datetime

    from singer_sdk import SchemaDirectory, Tap
    from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig
    from singer_sdk.helpers.types import Context, Record

    from tap_talkdesk_reports.jobs.report_files import ReportFile
    from tap_talkdesk_reports.sync.delivery import Delivery
    from tap_talkdesk_reports.sync.runs import Runs

logger = logging.getLogger("tap-talkdesk-reports")

#: Most fields without a column that a warning names.
SHOWN_FIELDS = 10


class ReportStream(Stream):
    """Reads a stream's records from report files, timespan by timespan.

    The bookmark means "complete through". It is the end of the last timespan whose
    records are all written, and not the largest value seen.
    """

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # the records room converts the types

    #: The folder with the schema, which has the stream's name.
    schemas: ClassVar[SchemaDirectory]

    #: Columns by the plain names that their fields have in older payloads.
    aliases: ClassVar[Mapping[str, str]] = {}

    #: Plain names of duration fields whose values below 1 are fractions of a day.
    day_fractions: ClassVar[Collection[str]] = ()

    #: The fields that `_row_id` is a digest of, if it is the key; empty means the whole row.
    row_id_fields: ClassVar[Sequence[str]] = ()

    #: Text fields that the API fills with "" instead of null. CSV has the same empty cell for both.
    never_null: ClassVar[Collection[str]] = ()

    #: The API's name of the report; by default the stream's name.
    report: str = ""

    def __init__(self, tap: Tap, runs: Runs, schema: dict[str, Any] | None = None) -> None:
        """Creates a stream that gets its files from `runs`; by default the schema has the stream's name."""
        schema = schema or self.schemas.get_schema(self.name)
        keep = tap.config.get("unknown_fields", "keep") == "keep"
        super().__init__(tap, schema=completed(schema, self.primary_keys, keep_unknown=keep))
        self._runs = runs
        self.report = self.report or self.name
        #: Number of records of the files that were read to their end in this run.
        self.rows_read = 0
        # The end of the previous timespan, and the records stamped exactly there, as JSON.
        self._read_to: datetime | None = None
        self._at_boundary: set[bytes] = set()

    @property
    def bookmark(self) -> datetime | None:
        """The time up to which the stream is complete; None if unknown, or for FULL_TABLE.

        Raises:
            BookmarkError: the state's bookmark cannot be used.
        """
        if self.replication_method != REPLICATION_INCREMENTAL:
            return None
        return read_bookmark(self.stream_state, self.name, self.replication_key or "")

    @property
    def to_read(self) -> StreamToRead:
        """The facts about the stream that the plan needs."""
        is_full_table = self.replication_method != REPLICATION_INCREMENTAL
        return StreamToRead(self.name, self.report, self.bookmark, self._is_tested, is_full_table)

    @property
    def _is_tested(self) -> bool:
        """Whether the SDK tests the connection, for example in its test suite, and does not sync."""
        return self.ABORT_AT_RECORD_COUNT is not None

    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Yields the records of all files that are due; the bookmark moves after each file.

        Raises:
            TalkdeskError: the file of a timespan cannot be made; the bookmark stays before it.
        """
        for delivery in self._files():
            with self._reading(delivery) as chunks:
                for chunk in chunks:
                    yield from to_builtins(chunk)

    def get_batches(
        self,
        batch_config: BatchConfig,
        context: Context | None = None,  # noqa: ARG002
    ) -> Iterator[tuple[BaseBatchFileEncoding, list[str]]]:
        """Writes the same records to BATCH files, and yields one manifest for each report file with rows.

        Raises:
            TalkdeskError: as `get_records`, or a BATCH file cannot be stored.
        """
        with Batches(batch_config, self.name, spool_dir=self._runs.settings.spool_dir) as batches:
            for delivery in self._files():
                batches.clear()
                with self._reading(delivery) as chunks:
                    for chunk in chunks:
                        batches.add(chunk)
                    if manifest := batches.publish():
                        yield batch_config.encoding, manifest

    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        """Writes whole chunks of records if nothing changes single records; otherwise uses the SDK."""
        if not (write_messages and self._is_plain):
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        with self.get_record_counter() as counter, self.get_sync_timer():
            for delivery in self._files():
                with self._reading(delivery) as chunks:
                    for chunk in chunks:
                        self._runs.writer.write_records(self.stream_maps[0].stream_alias, chunk)
                        counter.increment(len(chunk))

    @property
    def _is_plain(self) -> bool:
        """Whether records are written unchanged: no stream map, no flattening, no test."""
        only, *others = self.stream_maps
        is_mapped = others or not isinstance(only, SameRecordTransform) or only.flattening_enabled
        return not (is_mapped or self._is_tested or self.emit_activate_version_messages)

    def _files(self) -> Iterator[Delivery]:
        try:
            yield from self._runs.files(self.to_read)
        finally:
            self._warn_of_unknown()

    @contextmanager
    def _reading(self, delivery: Delivery) -> Generator[Iterator[list[Any]], None, None]:
        """Reads a report file; moves the bookmark at its end, or rejects the file if it is corrupt."""
        timespan = delivery.file.timespan
        boundary = Boundary(timespan, self._at_boundary if timespan.start == self._read_to else ())
        counts, written = FileCounts(timespan), self._runs.writer.records
        try:
            yield delivery.read(self._chunks(delivery.file, boundary, counts))
        except ReportFileError as error:
            delivery.reject(error)
            return
        except UnfitRowError as error:
            error.begin_with(delivery.file.job)
            raise
        if delivery.file.is_json and counts.total is None:
            words = "%s: the file declares no total, so only the end of its JSON shows that it is complete"
            logger.info(words, delivery.file.job)
        self._at_boundary, self._read_to = boundary.at_end, timespan.end
        self.rows_read += delivery.rows
        if self._runs.evidence is not None and not self._is_tested:
            is_batch = self.get_batch_config(self.config) is not None
            rows = delivery.rows if is_batch else self._runs.writer.records - written
            name, now = self.stream_maps[0].stream_alias, self._runs.clock.now()
            self._runs.evidence.add(
                evidence(name, delivery, counts, rows=rows, left_out=boundary.left_out, read_at=now)
            )
        self._complete_through(timespan.end)
        delivery.ack()

    def _chunks(self, file: ReportFile, boundary: Boundary, counts: FileCounts) -> Iterator[list[Any]]:
        """Yields the records of a file in chunks, without repeats of the previous timespan."""
        column = self.replication_key or ""
        for chunk in counts.total_of(self._json(file) if file.is_json else self._csv(file)):
            stamps = self._records.column(column, chunk)
            if self._runs.evidence is not None:
                counts.add(stamps)
            yield boundary.without_repeats(chunk, stamps)

    def _complete_through(self, end: datetime) -> None:
        """Moves the bookmark, never back, and writes STATE."""
        if self.replication_method != REPLICATION_INCREMENTAL or self._is_tested:
            return
        state = self.stream_state
        moved = max(self.bookmark or end, end)
        state.clear()
        state.update(replication_key=self.replication_key, replication_key_value=rfc3339(moved))
        self._tap.state_writer.write_state(self.tap_state)

    def _json(self, file: ReportFile) -> Generator[list[Any], None, int | None]:
        return json_rows(file.content, self._records.from_json)

    def _csv(self, file: ReportFile) -> Generator[list[Any], None, None]:
        natural = [key for key in self.primary_keys if key != ROW_ID]
        columns = natural or [self.replication_key or ""]
        return csv_rows(file.content, columns, self._builder.column, self._records.from_csv)

    @cached_property
    def _records(self) -> ChunkBuilder:
        return ChunkBuilder(self._builder)

    @cached_property
    def _builder(self) -> RecordBuilder:
        schema, added = conversions(self.schema, self.effective_schema)
        if added:
            words = "%s: the catalog adds columns, which are read from the fields of the same names: %s"
            logger.info(words, self.name, ", ".join(added.values()))
        return RecordBuilder(
            self.name,
            schema,
            keys=self.primary_keys,
            replication_key=self.replication_key or "",
            unknown_fields=self.config["unknown_fields"],
            never_null=self.never_null,
            aliases={**self.aliases, **added},
            day_fractions=self.day_fractions,
            row_id_fields=self.row_id_fields,
            selected={name for name in self.effective_schema["properties"] if self.mask["properties", name]},
        )

    def _warn_of_unknown(self) -> None:
        if unknown := self._builder.unknown:
            shown = unknown.most_common(SHOWN_FIELDS)
            names = ", ".join(f"{name} ({counted(count, 'time')})" for name, count in shown)
            if more := len(unknown) - len(shown):
                names += f" and {more:,} more"
            kept = f"kept in {UNKNOWN_FIELDS}" if UNKNOWN_FIELDS in self._builder.columns else "left out"
            words = "%s: %s unknown to the schema or of an unexpected type, %s: %s"
            logger.warning(words, self.name, counted(len(unknown), "field"), kept, names)
            unknown.clear()

    # Hooks that the SDK calls

    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Returns None, because the plan's horizon limits the bookmark."""

    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Logs the SDK's messages, errors at DEBUG only: `sync_all` logs each error in one line."""
        super().log(message, *args, level=logging.DEBUG if level == logging.ERROR else level, **kwargs)

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Does nothing, because STATE contains only plain bookmarks."""

    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Does nothing, because records do not move the bookmark."""
