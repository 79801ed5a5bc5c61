"""Simulates one working day: when calls arrive, which agent answers, how long they wait and talk."""

from __future__ import annotations

import math
from heapq import heapify, heappop, heappush
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from talkdesk_sandbox.centre.staff import DAY, DAY_BEGINS, HOUR, Shift, weekday_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Calls of each weekday, as a factor of the average day; Monday first.
_WEEKDAY_LOAD = (1.35, 1.2, 1.15, 1.15, 1.1, 0.6, 0.45)
#: Calls of each hour, as parts of the day; 00:00 UTC first.
_HOUR_LOAD = (6, 4, 3, 3, 3, 5, 9, 25, 60, 90, 100, 95, 75, 85, 95, 90, 80, 65, 45, 30, 20, 16, 12, 8)
_LONGEST_TALK = 50 * 60
#: Callers who hang up before this count as `short_abandoned`.
_SHORT_ABANDON = 10
#: An agent whose shift ends in less than this gets no more calls.
_LAST_CALL = 180


class Call(NamedTuple):
    """One call. Sorts by its end, then its key.

    `key` is 128 random bits: the call's id, and the source of every detail that does not
    influence the simulation. `agent` and `handling` are indexes into the staff.
    """

    end: int
    key: int
    start: int
    type: str
    wait: int
    talk: int
    agent: int | None = None
    handling: int | None = None
    forwarded: bool = False


class Day(NamedTuple):
    """A simulated working day. `busy` is per agent: start of a call, its end, end of its wrap-up."""

    calls: list[Call]
    busy: dict[int, list[tuple[int, int, int]]]


class Workday:
    """A working day in simulation. The free agent who has been idle longest answers."""

    def __init__(self, seed: int, day: int, load: float, shifts: Sequence[Shift | None]) -> None:
        """Starts a day with `load` calls on average, and with every agent's shift."""
        self._rng = Random(f"{seed}:{day}")
        self._day = day
        self._load = load
        self._shifts = shifts
        self._free = [(shift[0], agent) for agent, shift in enumerate(shifts) if shift]
        heapify(self._free)
        self._busy: dict[int, list[tuple[int, int, int]]] = {agent: [] for _, agent in self._free}

    def play(self) -> Day:
        """Simulates the whole day. A call that would end after it is left out."""
        random, bits = self._rng.random, self._rng.getrandbits
        ends = (self._day + 1) * DAY + DAY_BEGINS
        calls: list[Call] = []
        for arrival in self._arrivals():
            key, luck = bits(128), random()
            call = self._outbound(arrival, key) if luck < 0.25 else None
            if call is None:
                call = self._inbound(arrival, key)
            if call.end < ends:
                calls.append(call)
        calls.sort()
        return Day(calls, self._busy)

    def _arrivals(self) -> Iterator[int]:
        """Yields the times at which calls arrive, in order."""
        random = self._rng.random
        load = self._load * _WEEKDAY_LOAD[weekday_of(self._day)] / sum(_HOUR_LOAD)
        begins = self._day * DAY + DAY_BEGINS
        for hour in range(24):
            expected = load * _HOUR_LOAD[(hour + DAY_BEGINS // HOUR) % 24]
            count = int(expected * (0.8 + 0.4 * random()) + random())
            yield from sorted(begins + int(HOUR * random()) for _ in range(count))
            begins += HOUR

    def _next_agent(self, now: int) -> tuple[int, int, int] | None:
        """Returns the agent who is free first, from when and until when, or None.

        The agent stays first in `_free`: the caller of this function pops the entry.
        """
        free = self._free
        while free:
            free_at, agent = free[0]
            shift = self._shifts[agent]
            if shift is not None and shift[1] - max(free_at, now) > _LAST_CALL:
                return agent, free_at, shift[1]
            heappop(free)
        return None

    def _inbound(self, arrival: int, key: int) -> Call:
        random = self._rng.random
        patience = _SHORT_ABANDON + int(300 * random())
        luck = random()
        if luck < 0.03:
            return _unanswered(arrival, key, "short_abandoned", 1 + int((_SHORT_ABANDON - 1) * random()))
        found = self._next_agent(arrival)
        ringing = 2 + int(14 * random())
        if found is None or found[1] - arrival + ringing > patience:
            on_duty = found is not None and found[1] - arrival < HOUR
            return self._not_answered(arrival, key, patience, on_duty=on_duty)
        agent, free_at, until = found
        wait = max(free_at - arrival, 0) + ringing
        if luck < 0.055:
            return _unanswered(arrival, key, "missed", wait)
        answered = arrival + wait
        heappop(self._free)
        talk, wrapped_up = self._talk(answered, until)
        end = answered + talk
        if luck < 0.12 and talk > 60:
            second = self._second_agent(answered, end)
            if second is not None:
                handover = answered + talk // 3
                self._occupy(agent, answered, handover, handover + wrapped_up - end)
                self._occupy(second, handover, end, end + 5)
                return Call(end, key, arrival, "inbound", wait, talk, agent, second)
        self._occupy(agent, answered, end, wrapped_up)
        if luck > 0.985:
            # As in Talkdesk's sample: the handling columns have the agent of a call that was
            # transferred to an external number.
            return Call(end, key, arrival, "inbound", wait, talk, None, agent)
        return Call(end, key, arrival, "inbound", wait, talk, agent)

    def _second_agent(self, answered: int, end: int) -> int | None:
        """Pops a free agent who can take over a call."""
        found = self._next_agent(answered)
        if found is None or found[1] > answered or end + 60 > found[2]:
            return None
        heappop(self._free)
        return found[0]

    def _not_answered(self, arrival: int, key: int, patience: int, *, on_duty: bool) -> Call:
        luck = self._rng.random()
        if luck < (0.7 if on_duty else 0.35):
            return _unanswered(arrival, key, "abandoned", patience)
        wait, talk = 10 + patience // 4, 8 + int(90 * self._rng.random())
        if luck < 0.92:
            return Call(arrival + wait + talk, key, arrival, "voicemail", wait, talk)
        return Call(arrival + wait + talk * 4, key, arrival, "inbound", wait, talk * 4, forwarded=True)

    def _outbound(self, arrival: int, key: int) -> Call | None:
        found = self._next_agent(arrival)
        if found is None or found[1] > arrival:
            return None
        agent, _, until = found
        heappop(self._free)
        ringing = 4 + int(22 * self._rng.random())
        talk, wrapped_up = self._talk(arrival + ringing, until)
        if self._rng.random() < 0.3:
            wrapped_up -= talk
            talk = 0
        end = arrival + ringing + talk
        self._occupy(agent, arrival, end, wrapped_up)
        return Call(end, key, arrival, "outbound" if talk else "outbound_missed", ringing, talk, agent)

    def _talk(self, answered: int, until: int) -> tuple[int, int]:
        """Returns the length of a talk and the end of its wrap-up, both within the shift."""
        random = self._rng.random
        talk = 12 + int(-190 * math.log(1.0 - random()))
        wrap_up = 5 + int(40 * random())
        talk = min(talk, _LONGEST_TALK, until - answered - wrap_up)
        return talk, answered + talk + wrap_up

    def _occupy(self, agent: int, call_from: int, call_to: int, wrapped_up: int) -> None:
        """Assigns an agent to a call; the agent is free again after the wrap-up."""
        self._busy[agent].append((call_from, call_to, wrapped_up))
        heappush(self._free, (wrapped_up, agent))


def _unanswered(arrival: int, key: int, kind: str, wait: int) -> Call:
    return Call(arrival + wait, key, arrival, kind, wait, 0)
