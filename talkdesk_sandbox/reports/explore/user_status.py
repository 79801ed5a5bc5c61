"""Explore's `user_status`: sessions of agents, split at the end of a month and at a change of team."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from talkdesk_sandbox.centre.centre import OFFLINE, Centre, Session, days
from talkdesk_sandbox.reports.explore.report import Report, names
from talkdesk_sandbox.reports.explore.teams import cut_moments, cuts, ring_groups_of, team_of
from talkdesk_sandbox.reports.reporting import Row, session_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: In any period of so many days, each agent who has not left has a shift.
_LONGEST_ABSENCE = 40


def _rows(centre: Centre, first: float, stop: float) -> Iterator[Row]:
    for session in _pieces(centre, first, stop):
        team = team_of(centre, session.agent, session.start)
        yield session_row(session, centre) | {
            "team_id": team.id,
            "team_name": team.name,
            "ring_groups": ring_groups_of(session.agent),
        }


def _pieces(centre: Centre, first: float, stop: float) -> Iterator[Session]:
    """Yields sessions and parts of sessions whose end is in [first, stop), in order."""
    begin, end = math.ceil(first), math.ceil(stop)
    moments = cut_moments(len(centre.staff.agents), begin, end)
    for at in sorted(moments):
        yield from _last_pieces(centre.sessions(begin, at))
        at_once = [*_cut_off(centre, at, moments[at]), *_last_pieces(centre.sessions(at, at + 1))]
        yield from sorted(at_once)
        begin = at + 1
    yield from _last_pieces(centre.sessions(begin, end))


def _last_pieces(sessions: Iterable[Session]) -> Iterator[Session]:
    """Yields the last part of each session. Most sessions are not split."""
    for session in sessions:
        moments = cuts(session.agent, session.start, session.end)
        yield session._replace(start=moments[-1]) if moments else session


def _cut_off(centre: Centre, at: int, concerned: list[int]) -> Iterator[Session]:
    """Yields the parts that end at a split, for sessions of these agents that continue after it."""
    wanted = set(concerned)
    for session in _running(centre, at):
        if session.agent in wanted:
            before = cuts(session.agent, session.start, at)
            yield session._replace(start=before[-1] if before else session.start, end=at)


def _running(centre: Centre, at: int) -> Iterator[Session]:
    """Yields each session that began before a given time and ends after it."""
    (today,) = days(at, at + 1)
    yield from (s for s in centre.day_sessions(today) if s.start < at < s.end)
    for day in range(today + 1, today + _LONGEST_ABSENCE):
        for agent, shift in enumerate(centre.staff.shifts(day)):
            if shift and (start := centre.staff.last_seen(agent, day)) < at:
                yield Session(shift[0], centre.staff.agents[agent].user_id, start, OFFLINE, agent)


USER_STATUS = Report(
    "user_status",
    names(
        """
        user_id user_name user_email status_label status_start_at status_end_at status_time
        is_user_active team_id team_name ring_groups
        """
    ),
    _rows,
    envelope={"type": "user_status", "version": "v1"},
)
