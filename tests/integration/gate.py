"""A clock for the sandbox that stops after a number of files, so that no later job gets done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talkdesk_sandbox import Sandbox


class Gate:
    """A clock, passed to the sandbox as `clock`. The sandbox needs a pace in seconds."""

    def __init__(self, files: int) -> None:
        """Stops after so many report files were downloaded."""
        self._files = files
        self._stopped: datetime | None = None
        self._is_open = False
        self.sandbox: Sandbox | None = None

    @property
    def is_reached(self) -> bool:
        """Whether so many files were downloaded."""
        ledger = self.sandbox.ledger if self.sandbox else []
        return sum(entry.operation == "object" for entry in ledger) >= self._files

    def open(self) -> None:
        """Lets the time continue."""
        self._is_open = True

    def __call__(self) -> datetime:
        """Returns the time."""
        if self._is_open or not self.is_reached:
            return datetime.now(UTC)
        self._stopped = self._stopped or datetime.now(UTC)
        return self._stopped
