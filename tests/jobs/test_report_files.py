"""A report file on this disk."""

from __future__ import annotations

from tap_talkdesk_reports.jobs.report_files import ReportFile
from tests.support.jobs import job


class Unwilling:
    """What a full disk did not take is an error again when it is closed."""

    def close(self):
        raise OSError("disk full")


def test_closing_a_file_never_fails():
    """Its slot would be lost."""
    ReportFile(
        job(),
        job().timespan,
        Unwilling(),
        is_json=True,
        is_adopted=False,
        ready_at=job().timespan.end,
        seconds=1.0,
    ).close()
