"""`messaging_contacts`: written conversations, which are independent of the calls."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from talkdesk_sandbox.centre.staff import HOUR
from talkdesk_sandbox.centre.words import DISPOSITIONS, NOTES, RING_GROUPS
from talkdesk_sandbox.reports.explore.notation import day_fraction, in_words, yes_no
from talkdesk_sandbox.reports.explore.report import Event, Report, by_day, names
from talkdesk_sandbox.reports.explore.texts import CHANNELS, CUSTOMERS, REASONS
from talkdesk_sandbox.reports.explore.workingday import WorkingDay, uuid_of
from talkdesk_sandbox.reports.reporting import Row, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from talkdesk_sandbox.centre.staff import Agent

#: Number of calls for each conversation.
_RARER = 5
_VIRTUAL_AGENT = "va-7c1d", "Fern"


class Chat(NamedTuple):
    """One contact of a conversation. Times are in seconds since the Unix epoch."""

    id: str
    conversation: str
    #: Start and end of the conversation, then of this contact.
    whole: tuple[int, int]
    started: int
    assigned: int
    finished: int
    agent: int | None
    bits: int
    handed_on: bool


def _chats(day: WorkingDay) -> Iterator[Chat]:
    rng = day.rng("messages")
    volume = day.centre.calls_per_day / _RARER
    for number in range(int(volume * (0.8 + 0.4 * rng.random()) + rng.random())):
        start = day.begins + int(HOUR * rng.triangular(1, 18, 8))
        yield from _conversation(day, rng, f"{day.centre.seed}:{day.number}:{number}", start)


def _conversation(day: WorkingDay, rng: Random, name: str, start: int) -> Iterator[Chat]:
    """Yields the contacts of a conversation: one, or two if it is transferred."""
    end = day.before_its_end(start + 60 + int(rng.expovariate(1 / 2400)))
    boundaries = [start, end]
    if rng.random() < 0.15:
        boundaries.insert(1, (start + end) // 2)
    for number, (begins, ends) in enumerate(itertools.pairwise(boundaries)):
        assigned = begins + (ends - begins) // (3 + rng.randrange(9))
        free = day.on_duty(assigned)
        agent = rng.choice(free) if free else None
        yield Chat(
            id=uuid_of(name, number),
            conversation=uuid_of(name),
            whole=(start, end),
            started=begins,
            assigned=assigned,
            finished=ends,
            agent=agent,
            bits=rng.getrandbits(64),
            handed_on=number + 2 < len(boundaries),
        )


def _events(day: WorkingDay) -> Iterator[Event]:
    for chat in _chats(day):
        yield Event(chat.finished, chat.id, partial(_row, chat, day.centre.staff.agents))


def _row(chat: Chat, agents: Sequence[Agent]) -> Row:
    person = agents[chat.agent] if chat.agent is not None else None
    virtual = person is None
    bits, group = chat.bits, RING_GROUPS[chat.bits % 6].replace("+", " + ")
    direct = person if bits >> 20 & 7 == 0 else None
    return {
        "channel_type": CHANNELS[bits >> 4 & 3],
        "contact_id": chat.id,
        "interaction_id": chat.conversation,
        **_times(chat),
        "contact_finished_reason": REASONS[bits >> 6 & 1 if person else 2],
        "interaction_status": "closed",
        "direction": "Outbound" if bits >> 8 & 7 == 0 else "Inbound",
        "contact_person_id": f"{bits >> 11 & 0xFFFF:024x}",
        "contact_person_name": CUSTOMERS[(bits >> 12) % len(CUSTOMERS)],
        "contact_person_channel_identifier": f"+1202555{bits >> 16 & 0x1FFF:04}",
        "conversation": f"https://fernline.mytalkdesk.com/conversations/{chat.conversation}",
        "touchpoint_identifier": "+18443265295",
        "touchpoint_name": "support",
        "queues": group,
        "handling_queues": group if person else "",
        "transfer_out": yes_no(chat.handed_on),
        "is_virtual_agent": yes_no(virtual).upper(),
        "virtual_agent_id": _VIRTUAL_AGENT[0] if virtual else None,
        "virtual_agent_name": _VIRTUAL_AGENT[1] if virtual else None,
        "user_id": person.user_id if person else None,
        "user_name": person.name if person else None,
        "direct_assignment_user_id": direct.user_id if direct else None,
        "direct_assignment_user": direct.name if direct else None,
        "disposition_name": DISPOSITIONS[bits >> 40 & 7] if person else None,
        "notes": NOTES[bits >> 43 & 7] if person and bits >> 46 & 3 == 0 else None,
    }


def _times(chat: Chat) -> Row:
    begins, ends = chat.whole
    return {
        "contact_started_at": stamp(chat.started),
        "contact_assigned_at": stamp(chat.assigned),
        "contact_finished_at": stamp(chat.finished),
        "interaction_started_at": stamp(begins),
        "interaction_finished_at": stamp(ends),
        "contact_duration": day_fraction(chat.finished - chat.started),
        "interaction_duration": day_fraction(ends - begins),
        "wrap-up_duration": day_fraction(chat.bits >> 50 & 63),
        "contact_handle_time": in_words(chat.finished - chat.assigned),
        "interaction_handle_time": in_words(ends - begins),
        "first_response_time": in_words(chat.assigned - chat.started + (chat.bits >> 56 & 15)),
    }


MESSAGING_CONTACTS = Report(
    "messaging_contacts",
    names(
        """
        channel_type contact_id interaction_id contact_started_at contact_assigned_at
        contact_finished_at interaction_started_at interaction_finished_at contact_duration
        interaction_duration wrap-up_duration contact_handle_time interaction_handle_time
        first_response_time contact_finished_reason interaction_status direction
        contact_person_id contact_person_name contact_person_channel_identifier conversation
        touchpoint_identifier touchpoint_name queues handling_queues transfer_out
        is_virtual_agent virtual_agent_id virtual_agent_name user_id user_name
        direct_assignment_user_id direct_assignment_user disposition_name notes
        """
    ),
    by_day(_events),
)
