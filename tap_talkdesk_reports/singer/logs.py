"""Adds stream, report, job and timespan as fields to log records, and logs metrics of report jobs.

The SDK's `StructuredFormatter` writes the fields. On a console the message has the same content.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self, cast

from singer_sdk import metrics

from tap_talkdesk_reports.core.clock import current_scope
from tap_talkdesk_reports.core.report_job import ReportJob

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator


class Metric(StrEnum):
    """A metric that the SDK does not define."""

    DOWNLOAD_BYTES = "download_bytes"


def add_fields(record: logging.LogRecord) -> bool:
    """Adds the fields to a log record; works as a logging filter that accepts every record."""
    record.stream_name = current_scope().stream
    arguments = record.args if isinstance(record.args, tuple) else ()
    if (job := next(_jobs(arguments), None)) is not None:
        record.report, record.job, record.timespan = job.report, job.id, str(job.timespan)
    return True


def _jobs(arguments: Iterable[Any]) -> Iterator[ReportJob]:
    """Yields the jobs among the arguments of a log message, also those of errors."""
    for argument in arguments:
        job = argument if isinstance(argument, ReportJob) else getattr(argument, "job", None)
        if isinstance(job, ReportJob):
            yield job


class JobMeter:
    """Measures the report jobs of a stream, and logs the sums at the end; the SDK counts the rows."""

    def __init__(self, stream: str) -> None:
        """Starts with all sums at zero."""
        self._stream = stream
        self._jobs, self._seconds, self._bytes = 0, 0.0, 0

    def add(self, seconds: float, size: int) -> None:
        """Adds a report file that was read: its seconds from job to file, and its size in bytes."""
        self._jobs, self._seconds, self._bytes = self._jobs + 1, self._seconds + seconds, self._bytes + size

    def __enter__(self) -> Self:
        """Returns this object."""
        return self

    def __exit__(self, *_: object) -> None:
        """Logs one metric for the seconds and one for the bytes, if there was a job."""
        if not self._jobs:
            return
        tags = {metrics.Tag.STREAM: self._stream, metrics.Tag.JOB_TYPE: "report", "jobs": self._jobs}
        logger = metrics.get_metrics_logger()
        metrics.log(
            logger, metrics.Point("timer", metrics.Metric.JOB_DURATION, round(self._seconds, 3), tags)
        )
        size = cast("metrics.Metric", Metric.DOWNLOAD_BYTES)
        metrics.log(logger, metrics.Point("counter", size, self._bytes, tags))
