"""Holds one piece in the look-ahead: its state, its result or error, the scope that cancels its work."""

from __future__ import annotations

from enum import Enum, auto
from typing import Generic, TypeVar

from tap_talkdesk_reports.core.clock import Scope

P = TypeVar("P")
R = TypeVar("R")


class State(Enum):
    """The state of a piece in the look-ahead."""

    WAITING = auto()  # waits for a slot
    RUNNING = auto()  # a worker thread works on it
    READY = auto()  # its result waits to be read, or is being read
    FAILED = auto()  # its error waits to be raised
    ACKED = auto()  # its result was read; `after_ack` is still to be done
    CANCELLED = auto()  # its result is not needed; its slot is free when its work has ended


class Entry(Generic[P, R]):
    """A piece of the plan with its result or error; the consumer acks or rejects it."""

    def __init__(self, stream: str, piece: P) -> None:
        self.stream = stream
        self.piece = piece
        self.scope = Scope(stream)
        self.state = State.WAITING
        self.outcome: R | BaseException | None = None

    @property
    def result(self) -> R:
        """The result of the work; only for an entry that `LookAhead.next` has returned."""
        assert not isinstance(self.outcome, BaseException)
        assert self.outcome is not None
        return self.outcome
