"""One working day for the reports of Explore: its interactions, sessions and agents on duty."""

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

    What follows from a call, such as a survey, happens before the day ends, so days can
    be computed in any order.
    """

    def __init__(self, centre: Centre, number: int) -> None:
        """Look at a day, by its number since the Unix epoch."""
        self.centre, self.number = centre, number
        self.begins = number * DAY + DAY_BEGINS
        self.ends = self.begins + DAY

    @cached_property
    def interactions(self) -> list[Interaction]:
        """The day's calls, in the order of their ends."""
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
        """The sessions that end in the day."""
        return self.centre.day_sessions(self.number)

    def on_duty(self, at: int) -> list[int]:
        """Who has a shift at a moment, as indexes into the staff."""
        shifts = self.centre.staff.shifts(self.number)
        return [agent for agent, shift in enumerate(shifts) if shift and shift[0] <= at < shift[1]]

    def rng(self, what: str) -> Random:
        """A source of chance for something that no call decides."""
        return Random(f"{self.centre.seed}:{what}:{self.number}")

    def before_its_end(self, at: int) -> int:
        """A moment, or the last second of the day when that comes sooner."""
        return min(at, self.ends - 1)


def digest(*parts: object) -> str:
    """40 hex characters that stand for the parts."""
    return hashlib.sha1(":".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def uuid_of(*parts: object) -> str:
    """A UUID that stands for the parts."""
    text = digest(*parts)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"
