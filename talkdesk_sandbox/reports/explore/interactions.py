"""A call as an interaction: its contacts (two if it was transferred), and its survey."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from talkdesk_sandbox.reports.reporting import call_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talkdesk_sandbox.centre.simulation import Call

#: Makes the ids of interactions differ from the carrier's ids of the same calls.
_MASK = 0x5BD1E995_9E3779B9_7F4A7C15_C2B2AE35
_SURVEY_QUESTIONS = 3


class Leg(NamedTuple):
    """One contact. `user` is an index into the staff."""

    number: int
    started: int
    answered: int | None
    finished: int
    user: int | None
    #: An external number took part, and no agent.
    external: bool
    #: Seconds of after-call work.
    wrap_up: int

    @property
    def talk(self) -> int:
        """Seconds of talk time, including hold time."""
        return self.finished - self.answered if self.answered is not None else 0


class Survey(NamedTuple):
    """The survey after a call. Without a score, the caller did not answer."""

    delay: int
    score: int | None
    questions: int


class Interaction(NamedTuple):
    """A call and its contacts. `reported` is the row of the call in the Reporting API."""

    id: str
    call: Call
    reported: Mapping[str, Any]
    legs: Sequence[Leg]

    @property
    def outbound(self) -> bool:
        """Whether the call is outbound."""
        return self.call.type.startswith("outbound")

    @property
    def answered(self) -> bool:
        """Whether an agent answered the call."""
        return self.call.talk > 0 and self.legs[0].user is not None

    def bits(self, what: str) -> int:
        """Returns 64 bits derived from the call's key, different for each purpose."""
        return int.from_bytes(blake2b(f"{self.call.key}:{what}".encode(), digest_size=8).digest())

    @property
    def survey(self) -> Survey | None:
        """The survey sent after the call, for one inbound call in eight."""
        if not self.answered or self.outbound or self.call.key >> 64 & 7:
            return None
        bits = self.call.key >> 67
        score = 1 + bits % 5 if bits & 0x300 else None
        return Survey(20 + (bits >> 10) % 60, score, _SURVEY_QUESTIONS if score else 1)


def interaction_of(
    call: Call, wrap_ups: Mapping[tuple[int, int], int], agents: list[tuple[str, str]]
) -> Interaction:
    """Returns a call with its contacts.

    Args:
        call: The call.
        wrap_ups: Seconds of after-call work, by agent and end of a call.
        agents: Name and mail address of each agent.
    """
    return Interaction(f"{call.key ^ _MASK:032x}", call, call_row(call, agents), _legs(call, wrap_ups))


def _legs(call: Call, wrap_ups: Mapping[tuple[int, int], int]) -> Sequence[Leg]:
    start, end, answered = call.start, call.end, call.start + call.wait
    agent, second = call.agent, call.handling

    def leg(number: int, began: int, taken: int | None, over: int, user: int | None) -> Leg:
        wrap_up = 0 if user is None else wrap_ups.get((user, over), 0)
        outside = user is None and taken is not None
        return Leg(number, began, taken, over, user, outside, wrap_up)

    if not call.talk or call.type == "voicemail":
        return (leg(0, start, None, end, agent),)
    if second is None:
        return (leg(0, start, answered, end, agent),)
    if agent is None:
        # The agent stays on the line while the external number talks.
        joined = answered + call.talk // 2
        return leg(0, start, answered, end, second), leg(1, joined, joined, end, None)
    # As in the simulation, the call is transferred after a third of the talk.
    handover = answered + call.talk // 3
    ringing = 2 + call.key % 10
    return (
        leg(0, start, answered, handover, agent),
        leg(1, handover - ringing, handover, end, second),
    )
