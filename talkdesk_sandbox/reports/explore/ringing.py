"""The ring attempts before an inbound call is answered or missed: which agents, from when to when."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talkdesk_sandbox.reports.explore.interactions import Interaction, Leg

_IN_VAIN = ("Ignored", "Ignored", "Rejected", "Device Unavailable")
#: The shortest and the longest ringing of a phone, in seconds.
_SHORTEST, _LONGEST = 4, 25


class Attempt(NamedTuple):
    """One phone that rang."""

    started: int
    finished: int
    outcome: str


def attempts(interaction: Interaction, leg: Leg) -> Sequence[Attempt]:
    """Returns the attempts of one contact, in order. Outbound calls and external numbers have none."""
    kind = interaction.call.type
    if interaction.outbound or leg.external:
        return ()
    if leg.number:
        return (Attempt(leg.started, leg.finished - leg.talk, "Answered"),)
    rng = Random(f"{interaction.call.key}:ringing")
    gave_up = leg.started + interaction.call.wait
    if leg.answered is not None:
        ringing = min(interaction.call.wait, 2 + rng.randrange(14))
        begins = leg.answered - ringing
        earlier = _in_vain(leg.started, begins, rng.choice((0, 0, 1, 2)), rng)
        return [*earlier, Attempt(begins, leg.answered, "Answered")]
    if kind == "missed":
        return _in_vain(leg.started, gave_up, 1 + rng.randrange(2), rng) or [
            Attempt(leg.started, gave_up, "Ignored")
        ]
    if rng.random() < 0.5:
        return ()
    *rest, last = _in_vain(leg.started, gave_up, 1, rng) or [Attempt(leg.started, gave_up, "")]
    return [*rest, last._replace(outcome="Device Unavailable" if kind == "voicemail" else "Canceled")]


def ringing_time(interaction: Interaction, leg: Leg) -> int:
    """Returns the seconds of ringing: at agents if inbound, at the other party if outbound."""
    if interaction.outbound:
        return interaction.call.wait
    return sum(attempt.finished - attempt.started for attempt in attempts(interaction, leg))


def _in_vain(start: int, end: int, count: int, rng: Random) -> list[Attempt]:
    """Returns up to `count` consecutive attempts. The last one stops at `end`."""
    if not count or (end - start) // count < _SHORTEST:
        return []
    each = min(_LONGEST, (end - start) // count)
    begins = range(end - count * each, end, each)
    return [Attempt(at, at + each, rng.choice(_IN_VAIN)) for at in begins]
