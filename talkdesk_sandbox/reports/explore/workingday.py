"""`WorkingDay`: the interactions, sessions and agents of one working day, for Explore's reports."""

from __future__ import annotations

import hashlib
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

from talkdesk_sandbox.centre.staff import DAY, DAY_BEGINS
from talkdesk_sandbox.reports.explore.interactions import Interaction, interaction_of

if TYPE_CHECKING:
    from talkdesk_sandbox.centre.centre import Centre, Session


class WorkingDay:
    """A working day of a centre, 06:00 to 06:00 UTC.

    Events after a call, such as a survey, happen before the day ends. So days can be
    computed in any order.
    """

    def __init__(self, centre: Centre, number: int) -> None:
        """Prepares a day, in days since the Unix epoch."""
        self.centre, self.number = centre, number
        self.begins = number * DAY + DAY_BEGINS
        self.ends = self.begins + DAY

    @cached_property
    def interactions(self) -> list[Interaction]:
        """The day's calls, sorted by their ends."""
        day = self.centre.day(self.number)
        wrap_ups = {
            (agent, call_to): wrapped_up - call_to
            for agent, calls in day.busy.items()
            for _, call_to, wrapped_up in calls
        }
        agents = [(agent.name, agent.email) for agent in self.centre.staff.agents]
        return [interaction_of(call, wrap_ups, agents) for call in day.calls]

    @property
    def sessions(self) -> list[Session]:
        """The sessions that end on this day."""
        return self.centre.day_sessions(self.number)

    def on_duty(self, at: int) -> list[int]:
        """Returns the agents with a shift at a given time, as indexes into the staff."""
        shifts = self.centre.staff.shifts(self.number)
        return [agent for agent, shift in enumerate(shifts) if shift and shift[0] <= at < shift[1]]

    def rng(self, what: str) -> Random:
        """Returns a random generator for something that does not depend on a call."""
        return Random(f"{self.centre.seed}:{what}:{self.number}")

    def before_its_end(self, at: int) -> int:
        """Returns a time, or the last second of the day if that is earlier."""
        return min(at, self.ends - 1)


def digest(*parts: object) -> str:
    """Returns 40 hex characters derived from the parts."""
    return hashlib.sha1(":".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def uuid_of(*parts: object) -> str:
    """Returns a UUID derived from the parts."""
    text = digest(*parts)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"
