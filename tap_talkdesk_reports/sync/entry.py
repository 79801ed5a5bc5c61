"""One piece in the look-ahead: how far it is, its result or error, and the scope that cancels its work."""

from __future__ import annotations

from enum import Enum, auto
from typing import Generic, TypeVar

from tap_talkdesk_reports.core.clock import Scope

P = TypeVar("P")
R = TypeVar("R")


class State(Enum):
    """How far an entry is."""

    WAITING = auto()  # for a slot
    RUNNING = auto()  # on a worker thread
    READY = auto()  # its result waits to be read, or is being read
    FAILED = auto()  # its error waits to be raised; its slot is free
    ACKED = auto()  # its result was read; what follows an ack is still to be done
    CANCELLED = auto()  # its result is unwanted; its slot is free once its thread has ended


class Entry(Generic[P, R]):
    """One piece of the plan with its result; the consumer acks or rejects it."""

    def __init__(self, stream: str, piece: P) -> None:
        self.stream = stream
        self.piece = piece
        self.scope = Scope(stream)
        self.state = State.WAITING
        self.outcome: R | BaseException | None = None

    @property
    def result(self) -> R:
        """What the work made of the piece; only for an entry that `next` has returned."""
        assert not isinstance(self.outcome, BaseException)
        assert self.outcome is not None
        return self.outcome
