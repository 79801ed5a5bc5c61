"""The ledger: every request, its answer and the fault it met, without anything secret."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One request and its answer.

    `operation` is one of `faults.OPERATIONS`, or `other` for a request that no API
    knows. `status` is None when the connection was reset without an answer.
    """

    operation: str
    method: str
    #: Without the query, which may hold a presigned URL.
    path: str
    status: int | None
    report: str | None
    job: str | None
    #: When the request came in, by the sandbox's clock.
    at: datetime
    #: The name of the fault that was met.
    fault: str | None
    #: Whether an Authorization header was sent, right or wrong.
    authorized: bool
    #: The Range header as sent.
    range: str | None
    #: `reporting`, `explore` or `files`; None for a request that none of them knows.
    api: str | None

    def as_json(self) -> dict[str, object]:
        """The entry as the control interface shows it."""
        return asdict(self) | {"at": self.at.isoformat()}


class Ledger(Sequence[Entry]):
    """All entries so far, oldest first; an entry is there before its answer goes out."""

    def __init__(self) -> None:
        """Start empty."""
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Append an entry."""
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Remove all entries, for a test that asserts on its second half only."""
        with self._lock:
            self._entries.clear()

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        """One entry, or a list of them."""
        with self._lock:
            return self._entries[index]

    def __len__(self) -> int:
        """How many requests came in."""
        with self._lock:
            return len(self._entries)

    def __repr__(self) -> str:
        """All entries, one a line: what a failing test prints."""
        return "\n".join(map(repr, self[:])) or "(no requests)"
