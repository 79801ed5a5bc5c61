"""One report as a Singer stream: plan, files, records, bookmark."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import to_builtins
from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL

from tap_talkdesk_reports.core.clock import in_words
from tap_talkdesk_reports.core.errors import ReportFileError
from tap_talkdesk_reports.core.timespans import Timespan, last_hour, rfc3339
from tap_talkdesk_reports.records.boundary import Border
from tap_talkdesk_reports.records.chunks import TypedRecords
from tap_talkdesk_reports.records.csv_file import csv_rows
from tap_talkdesk_reports.records.json_file import json_rows
from tap_talkdesk_reports.records.record import ROW_ID, UNKNOWN_FIELDS, RecordMaker
from tap_talkdesk_reports.records.values import read_timestamp
from tap_talkdesk_reports.schemas import completed
from tap_talkdesk_reports.singer.batches import Batches
from tap_talkdesk_reports.singer.logs import JobMeter

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
    from datetime import datetime

    from singer_sdk import SchemaDirectory
    from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig
    from singer_sdk.helpers.types import Context, Record

    from tap_talkdesk_reports.config.settings import Settings
    from tap_talkdesk_reports.jobs.report_files import ReportFile
    from tap_talkdesk_reports.tap import TapTalkdeskReports


logger = logging.getLogger("tap-talkdesk-reports")


class ReportStream(Stream):
    """A stream whose records come out of report files, timespan by timespan.

    The bookmark means "complete through": it is the end of the last timespan whose
    records are all written, and not the largest value seen.
    """

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # types are the business of records.py

    #: Where the schema of the stream's name stands.
    schemas: ClassVar[SchemaDirectory]

    #: Columns by the plain names that their fields had in payloads of another time.
    aliases: ClassVar[Mapping[str, str]] = {}

    #: What `_row_id` is made of, where that is the key; none: the whole row.
    row_id_fields: ClassVar[Sequence[str]] = ()

    #: Text fields that the API fills with "" instead of null; only this tells them apart in CSV.
    never_null: ClassVar[Collection[str]] = ()

    #: The API's name of the report; the stream's own name where it is left out.
    report: str = ""

    _tap: TapTalkdeskReports

    def __init__(self, tap: TapTalkdeskReports, schema: dict[str, Any] | None = None) -> None:
        """A stream of this tap, with the schema of its name unless one is given."""
        schema = schema or self.schemas.get_schema(self.name)
        keep = tap.config.get("unknown_fields", "keep") == "keep"
        super().__init__(tap, schema=completed(schema, self.primary_keys, keep_unknown=keep))
        self.report = self.report or self.name
        # A catalog that reads a stream whole may leave its replication key out.
        self._declared_key = self.replication_key or ""
        #: Records made in this run.
        self.records_made = 0
        # Records stamped exactly at the end of the timespan before, as JSON.
        self._at_border: set[bytes] = set()

    # Where it stands, and what is due

    @property
    def bookmark(self) -> datetime | None:
        """Up to where the stream is complete; None if that is unknown, or of no matter."""
        if self.replication_method != REPLICATION_INCREMENTAL:
            return None
        value = self.stream_state.get("replication_key_value")
        return read_timestamp(value) if value else None

    def due(self, settings: Settings, horizon: datetime) -> Timespan:
        """What is to be read in this run; where nothing is, its end is not after its start.

        Args:
            settings: The run's settings.
            horizon: Up to where data is settled.
        """
        start, end = settings.start_date, min(settings.end_date or horizon, horizon)
        if self._is_tested:  # one small job
            return last_hour(horizon)
        if self.bookmark:
            start = max(start, self.bookmark - settings.lookback)
        return Timespan(start, end)

    @property
    def _is_tested(self) -> bool:
        """Whether the SDK tests the connection, as its own suite does: what it reads is no part of a sync."""
        return self.ABORT_AT_RECORD_COUNT is not None

    def _complete_through(self, end: datetime) -> None:
        """Move the bookmark, never back, and write STATE."""
        if self.replication_method != REPLICATION_INCREMENTAL or self._is_tested:
            return
        state = self.stream_state
        moved = max(self.bookmark or end, end)
        state.clear()
        state.update(replication_key=self.replication_key, replication_key_value=rfc3339(moved))
        self._tap.state_writer.write_state(self.tap_state)

    # Records

    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """The records of all due timespans; the bookmark moves behind each.

        Raises:
            TalkdeskError: a timespan cannot be had; the bookmark stands before it.
        """
        for _, chunk in self._chunks():
            yield from to_builtins(chunk)

    def get_batches(
        self,
        batch_config: BatchConfig,
        context: Context | None = None,  # noqa: ARG002
    ) -> Iterator[tuple[BaseBatchFileEncoding, list[str]]]:
        """The same records in files, one manifest for each timespan that has any.

        Raises:
            TalkdeskError: as `get_records`, or a file cannot be kept.
        """
        with Batches(batch_config, self.name, spool_dir=self._tap.settings.spool_dir) as batches:
            for file, chunk in self._chunks():
                batches.add(file, chunk)
                if not chunk and (manifest := batches.publish()):
                    yield batch_config.encoding, manifest

    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        """Write whole chunks of records, where nothing asks for a look at each; else as the SDK does."""
        if not (write_messages and self._is_plain):
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        with self.get_record_counter() as counter, self.get_sync_timer():
            for _, chunk in self._chunks():
                self._tap.message_writer.write_records(self.name, chunk)
                counter.increment(len(chunk))

    @property
    def _is_plain(self) -> bool:
        """Whether records go out as they are: no stream map, no flattening, no test."""
        only, *others = self.stream_maps
        is_mapped = others or not isinstance(only, SameRecordTransform) or only.flattening_enabled
        return not (is_mapped or self._is_tested or self.emit_activate_version_messages)

    def _chunks(self) -> Iterator[tuple[ReportFile, list[Any]]]:
        """The records of all due files in chunks, and an empty one where a file is read to its end.

        Behind that the bookmark moves. A file that turns out broken ends without it,
        and what follows are the records of another for the same timespan.
        """
        with self._tap.run_of(self) as run, JobMeter(self.name) as meter:
            for turn in run.turns(self):
                while (file := turn.result(run.waiting)) is not None:
                    before = self.records_made
                    try:
                        for chunk in self._chunks_of(file):
                            run.check()
                            run.progress.add_rows(self.name, len(chunk))
                            yield file, chunk
                    except ReportFileError as error:
                        turn.refuse(error)
                        continue
                    yield file, []
                    self._complete_through(file.timespan.end)
                    logger.info(
                        "%s: done, %d rows, %s from order to file",
                        file.job,
                        self.records_made - before,
                        in_words(file.seconds),
                    )
                    meter.add(file.seconds, file.size)
                    turn.go_on()
                    run.check_time()
                run.progress.add_timespan(self.name)
            self._tell_unknown()

    def _chunks_of(self, file: ReportFile) -> Iterator[list[Any]]:
        """The records of a file, each chunk when it is asked for; none is empty."""
        border = Border(file.timespan, self._at_border)
        for chunk in self._json(file) if file.is_json else self._csv(file):
            stamps = self._records.column(self.replication_key or "", chunk)
            if records := border.without_repeats(chunk, stamps):
                yield records
            self.records_made += len(records)
        self._at_border = border.at_end

    def _json(self, file: ReportFile) -> Iterator[list[Any]]:
        return json_rows(file.content, self._records.from_json)

    def _csv(self, file: ReportFile) -> Iterator[list[Any]]:
        natural = [key for key in self.primary_keys if key != ROW_ID]
        columns = natural or [self.replication_key or self._declared_key]
        return csv_rows(file.content, columns, self._maker.column, self._records.from_csv)

    @cached_property
    def _records(self) -> TypedRecords:
        return TypedRecords(self._maker)

    @cached_property
    def _maker(self) -> RecordMaker:
        return RecordMaker(
            self.name,
            self.schema,
            keys=self.primary_keys,
            replication_key=self.replication_key or "",
            unknown_fields=self.config["unknown_fields"],
            never_null=self.never_null,
            aliases=self.aliases,
            row_id_fields=self.row_id_fields,
            selected={name for name in self.schema["properties"] if self.mask["properties", name]},
        )

    def _tell_unknown(self) -> None:
        if unknown := self._maker.unknown:
            names = ", ".join(f"{name} ({count} times)" for name, count in unknown.most_common())
            kept = f"kept in {UNKNOWN_FIELDS}" if self.config["unknown_fields"] == "keep" else "left out"
            logger.warning(
                "%s: fields unknown to the schema or of a type that does not fit, %s: %s",
                self.name,
                kept,
                names,
            )
            unknown.clear()

    # Hooks of the SDK

    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """None: the horizon of the plan bounds the bookmark, and STATE holds nothing else."""

    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log, but leave it to the run to tell an error, in one line; `sync` calls each of them unhandled."""
        super().log(message, *args, level=logging.DEBUG if level == logging.ERROR else level, **kwargs)

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Nothing: STATE holds plain bookmarks only."""

    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Nothing: no record moves the bookmark."""
