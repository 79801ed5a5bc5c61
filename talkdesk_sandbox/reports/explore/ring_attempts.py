"""`ring_attempts`: one row for each phone that rang, with its agent and outcome."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING

from talkdesk_sandbox.reports.explore.contacts import contact_id
from talkdesk_sandbox.reports.explore.report import Event, Report, by_day, names
from talkdesk_sandbox.reports.explore.ringing import Attempt, attempts
from talkdesk_sandbox.reports.explore.teams import team_of
from talkdesk_sandbox.reports.explore.workingday import WorkingDay, digest, uuid_of
from talkdesk_sandbox.reports.reporting import Row, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talkdesk_sandbox.reports.explore.interactions import Interaction, Leg

#: The queues of an attempt. The name has a dot.
QUEUES = "dial_attempts.queues"
#: Number of tries to find an agent on duty, before any agent is taken.
_ATTEMPTS = 16


def _events(day: WorkingDay) -> Iterator[Event]:
    for interaction in day.interactions:
        for leg in interaction.legs:
            for number, attempt in enumerate(attempts(interaction, leg)):
                key = digest(interaction.id, leg.number, number)
                row = partial(_row, day, interaction, leg, attempt, key)
                yield Event(attempt.finished, key, row)


def _row(day: WorkingDay, interaction: Interaction, leg: Leg, attempt: Attempt, key: str) -> Row:
    agent = leg.user if attempt.outcome == "Answered" else None
    if agent is None:
        agent = _agent_rung(day, attempt.started, key)
    person = day.centre.staff.agents[agent]
    team = team_of(day.centre, agent, attempt.started)
    return {
        "interaction_id": interaction.id,
        "contact_id": contact_id(interaction, leg),
        "batch_ring_id": uuid_of(interaction.id, leg.number, "batch"),
        "ring_attempt_id": key,
        "attempt_type": attempt.outcome,
        "ring_started_at_time": stamp(attempt.started),
        "ring_finished_at_time": stamp(attempt.finished),
        "ring_attempt_duration": attempt.finished - attempt.started,
        "user_name": person.name,
        "user_email": person.email,
        "team_name": team.name,
        QUEUES: list(dict.fromkeys(interaction.reported["ring_groups"].split("+"))),
    }


def _agent_rung(day: WorkingDay, at: int, key: str) -> int:
    """Returns the agent who did not answer, mostly one on duty."""
    rng, shifts = Random(key), day.centre.staff.shifts(day.number)
    agent = 0
    for _ in range(_ATTEMPTS):
        agent = rng.randrange(len(shifts))
        shift = shifts[agent]
        if shift and shift[0] <= at < shift[1]:
            break
    return agent


RING_ATTEMPTS = Report(
    "ring_attempts",
    names(
        f"""
        interaction_id contact_id batch_ring_id ring_attempt_id attempt_type ring_started_at_time
        ring_finished_at_time ring_attempt_duration user_name user_email team_name {QUEUES}
        """
    ),
    by_day(_events),
)
