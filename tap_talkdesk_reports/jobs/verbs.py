"""Declares the operations of a report API that the jobs room uses, and the api room implements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_talkdesk_reports.core.report_job import ReportJob
    from tap_talkdesk_reports.core.timespans import Timespan


class Api(Protocol):
    """The operations of a report API."""

    @property
    def names_jobs(self) -> bool:
        """Whether a job has a name by which a later run recognises it."""

    @property
    def can_cancel(self) -> bool:
        """Whether a running job can be cancelled."""

    def now(self) -> datetime: ...  # noqa: D102
    def create(self, report: str, timespan: Timespan, file_format: str) -> ReportJob: ...  # noqa: D102
    def get(self, job: ReportJob) -> ReportJob: ...  # noqa: D102
    def cancel(self, job: ReportJob) -> None: ...  # noqa: D102
    def list(self, report: str, *, per_page: int) -> Iterator[ReportJob]: ...  # noqa: D102
    def open(self, job: ReportJob) -> Any: ...  # noqa: D102
    def delete_file(self, job: ReportJob) -> None: ...  # noqa: D102
