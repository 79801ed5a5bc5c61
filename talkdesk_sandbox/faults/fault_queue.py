"""`Fault`, and the queue of faults that wait for a matching request.

`kinds.py` lists the kinds of faults and what each imitates.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from talkdesk_sandbox.faults.hostile import HOSTILE
from talkdesk_sandbox.faults.kind import OPERATIONS
from talkdesk_sandbox.faults.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from talkdesk_sandbox.faults.kind import Context, Kind
    from talkdesk_sandbox.wire.messages import Answer

ALL_KINDS: Mapping[str, Kind] = {**KINDS, **HOSTILE}


class Fault:
    """One fault of one operation. It happens `times` times, for one report or for any.

    The details of its kind are keyword arguments, kept in `details`.

    Raises:
        ValueError: the operation, fault or detail is unknown, or the operation cannot have
            the fault.
    """

    def __init__(
        self,
        operation: str,
        name: str,
        times: int = 1,
        report: str | None = None,
        **details: Any,
    ) -> None:
        """Creates a fault."""
        if operation not in OPERATIONS:
            raise ValueError(f"unknown operation {operation!r}; known are {', '.join(sorted(OPERATIONS))}")
        kind = ALL_KINDS.get(name)
        if kind is None:
            raise ValueError(f"unknown fault {name!r}; known are {', '.join(sorted(ALL_KINDS))}")
        if operation not in kind.operations:
            raise ValueError(f"{name} is a fault of {', '.join(sorted(kind.operations))}, not of {operation}")
        if unknown := details.keys() - kind.details.keys():
            raise ValueError(f"{name} has no detail {', '.join(sorted(unknown))}")
        if times < 1:
            raise ValueError(f"times of {name} must be at least 1, not {times}")
        self.operation, self.name, self.times, self.report = operation, name, times, report
        self.kind = kind
        self.details: dict[str, Any] = {**kind.details, **details}

    def as_json(self) -> dict[str, object]:
        """Returns the fault as the controls accept and show it."""
        named = {"operation": self.operation, "name": self.name, "times": self.times, "report": self.report}
        return named | self.details

    def __repr__(self) -> str:
        """Returns the fault as a call of its class."""
        details = "".join(f", {name}={value!r}" for name, value in self.details.items())
        return (
            f"Fault({self.operation!r}, {self.name!r}, times={self.times}, report={self.report!r}{details})"
        )

    def answer(self, context: Context) -> Answer | None:
        """Returns the answer that replaces the operation's own, if this kind has one."""
        return self.kind.answer(context) if self.kind.answer else None


class FaultQueue:
    """The faults that have not happened yet, in order. Thread-safe."""

    def __init__(self, faults: list[Fault], clock: Callable[[], datetime]) -> None:
        """Starts with these faults."""
        self._lock = threading.Lock()
        self._clock = clock
        self._waiting = [(fault, fault.times) for fault in faults]
        #: The end of each outage that has begun.
        self._ends: dict[Fault, datetime] = {}

    def add(self, fault: Fault) -> None:
        """Appends a fault."""
        with self._lock:
            self._waiting.append((fault, fault.times))

    def take(self, operation: str, report: str | None, stage: str) -> Fault | None:
        """Takes the fault of a request at a stage; it now counts as happened.

        Only the first waiting fault for this operation and report is considered. If its
        stage does not occur in this request, it keeps waiting, and so do all after it.
        """
        with self._lock:
            self._waiting = [(fault, times) for fault, times in self._waiting if not self._is_over(fault)]
            for place, (fault, times) in enumerate(self._waiting):
                if fault.operation == operation and fault.report in (None, report):
                    if fault.kind.stage != stage:
                        return None
                    if fault.name == "outage":
                        self._ends.setdefault(
                            fault, self._clock() + timedelta(seconds=fault.details["seconds"])
                        )
                    else:
                        self._waiting[place : place + 1] = [(fault, times - 1)] if times > 1 else []
                    return fault
        return None

    def unmet(self) -> list[Fault]:
        """Returns faults that happened fewer than `times` times. An outage counts when it begins."""
        with self._lock:
            return [fault for fault, _ in self._waiting if fault not in self._ends]

    def _is_over(self, fault: Fault) -> bool:
        return fault in self._ends and self._clock() >= self._ends[fault]
