"""The team of an agent at a given time. Some agents change teams, which splits their status."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from talkdesk_sandbox.centre.staff import DAY, HOUR, team_id_of
from talkdesk_sandbox.centre.words import RING_GROUPS, TEAMS

if TYPE_CHECKING:
    from talkdesk_sandbox.centre.centre import Centre

_EPOCH = date(1970, 1, 1)
#: One agent in `_MOVING` changes teams, every `_STAY` days, at noon UTC.
_STAY, _MOVING, _NOON = 40, 7, 12 * HOUR


class Team(NamedTuple):
    """A team, or none."""

    id: str | None
    name: str | None


def _moves(agent: int) -> bool:
    return agent % _MOVING == 3


def _stay(agent: int, at: int) -> int:
    """Returns the number of an agent's stay in a team. It grows by one with each change."""
    return (at - _NOON - agent * DAY) // (_STAY * DAY)


def team_of(centre: Centre, agent: int | None, at: int) -> Team:
    """Returns an agent's team at a given time."""
    if agent is None:
        return Team(None, None)
    if _moves(agent) and _stay(agent, at) % 2:
        other = (agent % (len(TEAMS) + 1) + 1) % len(TEAMS)
        return Team(team_id_of(other), TEAMS[other])
    person = centre.staff.agents[agent]
    return Team(person.team_id, person.team_name)


def ring_groups_of(agent: int) -> str:
    """Returns the ring groups of an agent."""
    group = RING_GROUPS[agent % len(RING_GROUPS)]
    return f"agents+csr+{group}" if agent % 3 else f"agents+{group}"


@lru_cache(maxsize=1024)
def month_begins(day: int) -> bool:
    """Returns whether a day, in days since the Unix epoch, is the first of its month."""
    return (_EPOCH + timedelta(days=day)).day == 1


def cuts(agent: int, start: int, end: int) -> list[int]:
    """Returns the times at which a status of an agent is split, in order.

    Talkdesk splits a status at the end of a month and at a change of team.
    """
    moments = [day * DAY for day in range(start // DAY + 1, (end - 1) // DAY + 1) if month_begins(day)]
    if _moves(agent):
        first, last = _stay(agent, start) + 1, _stay(agent, end - 1)
        moments += [stay * _STAY * DAY + _NOON + agent * DAY for stay in range(first, last + 1)]
        moments.sort()
    return moments


def cut_moments(agents: int, first: float, stop: float) -> dict[int, list[int]]:
    """Returns the times in [first, stop) at which statuses can be split, each with its agents."""
    moments: dict[int, list[int]] = {}
    for day in range(int(first) // DAY, int(stop) // DAY + 1):
        if month_begins(day):
            moments[day * DAY] = list(range(agents))
        moving = [a for a in range(agents) if _moves(a) and (day - a) % _STAY == 0]
        if moving:
            moments[day * DAY + _NOON] = moving
    return {at: concerned for at, concerned in moments.items() if first <= at < stop}
