"""The report job as a thing, and what the API's words for its status mean. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_talkdesk_reports.core.timespans import Timespan

#: The file is there.
DONE = "done"
#: Final, and there is no file.
DEAD = frozenset({"failed", "canceled", "deleted"})
#: Words seen for a job that is still running. Any other word means so too, but is told once.
RUNNING = frozenset({"created", "processing", "uploading", "sending"})


@dataclass(frozen=True)
class ReportJob:
    """One order for one report and one timespan, as the API last described it."""

    id: str
    report: str
    timespan: Timespan
    #: The API's own word, in lower case.
    status: str
    #: The name that it was ordered under, where the API has names.
    name: str = ""

    def __str__(self) -> str:
        """As it stands in log lines and errors."""
        return f"report {self.report!r}, job {self.id}, timespan {self.timespan}"

    @property
    def is_dead(self) -> bool:
        """Whether it has ended without a file."""
        return self.status in DEAD

    @property
    def is_over(self) -> bool:
        """Whether the status is final."""
        return self.status == DONE or self.status in DEAD
