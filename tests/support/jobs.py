"""Report jobs of an earlier run."""

from __future__ import annotations

from datetime import timedelta

from tap_talkdesk_reports.core.report_job import JobName, ReportJob
from tap_talkdesk_reports.core.timespans import Timespan
from tests.support import utc

NOW = utc("2026-03-10")


def job(first=2, last=3, *, status="processing", made=30, report="calls", file_format="json", name=None):
    """Returns a job for the days of March from `first` to `last`, created `made` minutes ago."""
    span = Timespan(utc(f"2026-03-{first:02}"), utc(f"2026-03-{last:02}"))
    named = str(JobName(report, span, NOW - timedelta(minutes=made), file_format))
    return ReportJob(f"{report}-{first}-{last}-{made}", report, span, status, named if name is None else name)
