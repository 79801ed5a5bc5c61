"""Report files on the local disk."""

from __future__ import annotations

from tap_talkdesk_reports.jobs.report_files import ReportFile
from tests.support.jobs import job


class Unwilling:
    """A file whose close fails, as after a write to a full disk."""

    def close(self):
        raise OSError("disk full")


def test_closing_a_file_never_fails():
    """Otherwise its slot would be lost."""
    ReportFile(
        job(),
        job().timespan,
        Unwilling(),
        is_json=True,
        is_adopted=False,
        ready_at=job().timespan.end,
        seconds=1.0,
    ).close()
