"""The ledger: every request with its answer and fault, without secrets."""

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

    `operation` is one of `faults.OPERATIONS`, or `other` for a request that matches no
    API. `status` is None if the connection was reset without an answer.
    """

    operation: str
    method: str
    #: The path without the query, which may contain the signature of a presigned URL.
    path: str
    status: int | None
    report: str | None
    job: str | None
    #: When the request arrived, by the sandbox's clock.
    at: datetime
    #: Name of the fault that happened.
    fault: str | None
    #: Whether an Authorization header was sent, valid or not.
    authorized: bool
    #: The Range header, as sent.
    range: str | None
    #: `reporting`, `explore` or `files`; None for a request that matches none of them.
    api: str | None

    def as_json(self) -> dict[str, object]:
        """Returns the entry as the controls show it."""
        return asdict(self) | {"at": self.at.isoformat()}


class Ledger(Sequence[Entry]):
    """All entries, oldest first. An entry is added before its answer is sent."""

    def __init__(self) -> None:
        """Starts empty."""
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Appends an entry."""
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Removes all entries, for a test that asserts only on its second half."""
        with self._lock:
            self._entries.clear()

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        """Returns one entry, or a list of them."""
        with self._lock:
            return self._entries[index]

    def __len__(self) -> int:
        """Returns the number of requests."""
        with self._lock:
            return len(self._entries)

    def __repr__(self) -> str:
        """Returns all entries, one per line, for the output of a failing test."""
        return "\n".join(map(repr, self[:])) or "(no requests)"
