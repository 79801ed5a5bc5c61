"""The agents of the contact centre, their teams, and their shifts.

Times are whole seconds since the Unix epoch, days are whole days since then. A working
day is from 06:00 to 06:00 UTC of the next day, so a night shift is within one day.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING

from talkdesk_sandbox.centre.words import FIRST_NAMES, LAST_NAMES, NAMES_IN_OTHER_SCRIPTS, TEAMS

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR = 3600
DAY = 24 * HOUR
DAY_BEGINS = 6 * HOUR
SHIFT_LENGTH = 8 * HOUR + HOUR // 2

#: Start of each kind of shift, in seconds after 00:00 UTC of its day.
_EARLY, _MIDDLE, _LATE, _NIGHT = 7 * HOUR, 9 * HOUR, 13 * HOUR, 21 * HOUR
_SHIFTS = (_MIDDLE, _EARLY, _LATE, _MIDDLE, _EARLY, _LATE, _MIDDLE, _NIGHT)
_ABSENT = 0.06
_JITTER = 600
_FIRST_LEAVING_DAY, _LAST_LEAVING_DAY = 18_000, 19_500


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent. `left` is the agent's last day at work."""

    user_id: str
    name: str
    email: str
    team_id: str | None
    team_name: str | None
    shift_begins: int
    works_weekends: bool
    left: int | None


#: Start and end of an agent's shift.
Shift = tuple[int, int]


class Staff:
    """All agents and their shifts. They depend only on the seed and the day."""

    def __init__(self, seed: int, size: int) -> None:
        """Creates `size` agents. The first ones are the same for each size."""
        self._seed = seed
        self.agents: Sequence[Agent] = _hire(seed, size)
        self.shifts = lru_cache(maxsize=64)(self._shifts)

    def _shifts(self, day: int) -> Sequence[Shift | None]:
        """Returns all agents' shifts on a day, in the order of `agents`; None is a day off."""
        rng = Random(f"{self._seed}:shifts:{day}")
        weekday = weekday_of(day)
        shifts: list[Shift | None] = []
        for agent in self.agents:
            jitter, luck = int(rng.uniform(-_JITTER, _JITTER)), rng.random()
            begins = day * DAY + agent.shift_begins + jitter
            off = weekday < 2 if agent.works_weekends else weekday > 4
            gone = agent.left is not None and day > agent.left
            shifts.append(None if off or gone or luck < _ABSENT else (begins, begins + SHIFT_LENGTH))
        return shifts

    def last_seen(self, agent: int, day: int) -> int:
        """Returns the end of the agent's last shift before a day."""
        while True:
            day -= 1
            shift = self.shifts(day)[agent]
            if shift is not None:
                return shift[1]


def team_id_of(team: int) -> str:
    """Returns the id of a team by its index in `words.TEAMS`."""
    return f"5f3b{team:020x}"


def weekday_of(day: int) -> int:
    """Returns the weekday of a day. Monday is 0, as in `datetime`."""
    return (day + 3) % 7


def _hire(seed: int, size: int) -> list[Agent]:
    rng = Random(f"{seed}:staff")
    agents: list[Agent] = []
    mailboxes: set[str] = set()
    for index in range(size):
        if index % 16 == 5:
            name = NAMES_IN_OTHER_SCRIPTS[index // 16 % len(NAMES_IN_OTHER_SCRIPTS)]
        else:
            name = f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"
        mailbox = _mailbox(name) or f"agent{index}"
        if mailbox in mailboxes:
            mailbox = f"{mailbox}{index}"
        mailboxes.add(mailbox)
        team = index % (len(TEAMS) + 1)
        in_team = team < len(TEAMS)
        leaving_day = rng.randint(_FIRST_LEAVING_DAY, _LAST_LEAVING_DAY)
        agents.append(
            Agent(
                user_id=f"{rng.getrandbits(96):024x}",
                name=name,
                email=f"{mailbox}@fernline.example",
                team_id=team_id_of(team) if in_team else None,
                team_name=TEAMS[team] if in_team else None,
                shift_begins=_SHIFTS[index % len(_SHIFTS)],
                works_weekends=index % 3 == 2,
                left=leaving_day if index % 9 == 8 else None,
            )
        )
    return agents


def _mailbox(name: str) -> str:
    """Returns a name as the local part of a mail address; empty if it has no Latin letter."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join("".join(letter for letter in word if letter.isalnum()) for word in plain.split())
