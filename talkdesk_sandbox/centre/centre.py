"""`Centre` computes all calls and agent sessions between two times from a seed.

Nothing is stored. A working day (06:00 to 06:00 UTC) is simulated when it is needed, with
the same result each time. Each call ends within its working day, so days can be simulated
in any order.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from talkdesk_sandbox.centre.simulation import Call, Day, Workday
from talkdesk_sandbox.centre.staff import DAY, DAY_BEGINS, Staff

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALLS_PER_AGENT = 40

AVAILABLE, ON_A_CALL, AFTER_CALL_WORK, AWAY, OFFLINE = (
    "Available",
    "On A Call",
    "After Call Work",
    "Away",
    "Offline",
)


class Session(NamedTuple):
    """A period of one agent in one status. Sorts by its end, then its key."""

    end: int
    user_id: str
    start: int
    label: str
    agent: int


class Centre:
    """A contact centre with its calls and sessions, at any time."""

    def __init__(self, seed: int = 1, calls_per_day: int = 400, agents: int = 12) -> None:
        """Sets up the centre.

        `calls_per_day` is the average. There are at least `agents` agents, and more if that
        many calls need them.
        """
        self.seed = seed
        self.calls_per_day = calls_per_day
        self.staff = Staff(seed, max(agents, math.ceil(calls_per_day / _CALLS_PER_AGENT)))
        self._day = lru_cache(maxsize=2)(
            lambda day: Workday(seed, day, calls_per_day, self.staff.shifts(day)).play()
        )
        self._day_sessions = lru_cache(maxsize=2)(self._chain)

    def calls(self, first: int, stop: int) -> Iterator[Call]:
        """Yields the calls whose end t has first <= t < stop, in order."""
        for day in days(first, stop):
            calls = self._day(day).calls
            yield from calls[bisect_left(calls, (first,)) : bisect_left(calls, (stop,))]

    def sessions(self, first: int, stop: int) -> Iterator[Session]:
        """Yields the sessions whose end t has first <= t < stop, in order."""
        for day in days(first, stop):
            sessions = self._day_sessions(day)
            yield from sessions[bisect_left(sessions, (first,)) : bisect_left(sessions, (stop,))]

    def day(self, number: int) -> Day:
        """Simulates a working day."""
        return self._day(number)

    def day_sessions(self, number: int) -> list[Session]:
        """Returns the sessions that end in a working day, in order."""
        return self._day_sessions(number)

    def _chain(self, day: int) -> list[Session]:
        """Returns all agents' statuses of a day, without gaps or overlaps: offline, then the shift."""
        rng = Random(f"{self.seed}:breaks:{day}")
        busy = self._day(day).busy
        sessions: list[Session] = []
        for agent, shift in enumerate(self.staff.shifts(day)):
            if shift is None:
                continue
            begins, ends = shift
            chain = [(self.staff.last_seen(agent, day), begins, OFFLINE)]
            at = begins
            for call_from, call_to, wrapped_up in busy.get(agent, ()):
                chain += _idle(at, call_from, rng)
                chain += (call_from, call_to, ON_A_CALL), (call_to, wrapped_up, AFTER_CALL_WORK)
                at = wrapped_up
            chain += _idle(at, ends, rng)
            user_id = self.staff.agents[agent].user_id
            sessions += [Session(end, user_id, start, label, agent) for start, end, label in chain]
        sessions.sort()
        return sessions


def days(first: int, stop: int) -> range:
    """Returns the working days that overlap [first, stop)."""
    return range((first - DAY_BEGINS) // DAY, (stop - 1 - DAY_BEGINS) // DAY + 1)


def _idle(start: int, end: int, rng: Random) -> list[tuple[int, int, str]]:
    """Returns what an agent does between two calls: wait, and sometimes rest in a long gap."""
    if start >= end:
        return []
    if end - start < 900 or rng.random() < 0.5:
        return [(start, end, AVAILABLE)]
    leave = start + (end - start) // 4
    back = min(leave + rng.randint(240, 2400), end - 60)
    return [(start, leave, AVAILABLE), (leave, back, AWAY), (back, end, AVAILABLE)]
