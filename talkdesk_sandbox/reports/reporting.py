"""The two reports of the Reporting API, `calls` and `user_status`: their fields and rows."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from talkdesk_sandbox.centre.staff import DAY, HOUR, weekday_of
from talkdesk_sandbox.centre.words import (
    CONTACT_PREFIXES,
    DISPOSITIONS,
    IVR_OPTIONS,
    LINES,
    NOTES,
    RING_GROUPS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from talkdesk_sandbox.centre.centre import Centre, Session
    from talkdesk_sandbox.centre.simulation import Call

Value = str | int | float | list[str] | None
Row = dict[str, Value]


@dataclass(frozen=True)
class Report:
    """One report: its fields in the order of the file, and its rows sorted by end time."""

    name: str
    fields: tuple[str, ...]
    rows: Callable[[Centre, int, int], Iterator[Row]]
    #: Members of a JSON file besides entries and total.
    envelope: Mapping[str, str] = field(default_factory=dict)

    def between(
        self, centre: Centre, start: datetime, end: datetime, *, closed: bool = False
    ) -> Iterator[Row]:
        """Yields rows whose end time t has start <= t < end, or start <= t <= end if `closed`."""
        stop = math.floor(end.timestamp()) + 1 if closed else math.ceil(end.timestamp())
        return self.rows(centre, math.ceil(start.timestamp()), stop)


_HANGUPS = {
    "abandoned": "waiting",
    "short_abandoned": "waiting",
    "voicemail": "waiting",
    "missed": "offered",
    "outbound_missed": "offered",
}
_FIRST_CONTACT = 2_000_000_000
_EPOCH = date(1970, 1, 1)
_MINUTES = tuple(f"{minute // 60:02}:{minute % 60:02}:" for minute in range(1440))
_SECONDS = tuple(f"{second:02}" for second in range(60))


@lru_cache(maxsize=64)
def _date(day: int) -> str:
    return f"{_EPOCH + timedelta(days=day):%Y-%m-%d }"


def stamp(at: int) -> str:
    """Formats seconds since the Unix epoch as `2016-01-29 10:22:02`."""
    day, second = divmod(at, DAY)
    return _date(day) + _MINUTES[second // 60] + _SECONDS[second % 60]


def _calls(centre: Centre, first: int, stop: int) -> Iterator[Row]:
    agents = [(agent.name, agent.email) for agent in centre.staff.agents]
    for call in centre.calls(first, stop):
        yield call_row(call, agents)


def call_row(call: Call, agents: list[tuple[str, str]]) -> Row:
    """Returns one call as a row. Details that are not simulated come from the bits of its key.

    `total_time` is the sum of `wait_time` and `talk_time`. Hold time is a part of talk time.
    """
    end, key, start, kind, wait, talk, agent, handling, forwarded = call
    sid = f"CA{key:032x}"
    bits = key & 0xFFFF_FFFF_FFFF
    number, label = LINES[bits & 3]
    outbound = kind.startswith("outbound")
    inbound = kind == "inbound"
    attended = agent is not None or handling is not None
    rated = inbound and attended and bits >> 4 & 7 == 0
    name, email = agents[agent] if agent is not None else (None, None)
    handling_name, handling_email = agents[handling] if handling is not None else (None, None)
    day, second = divmod(start, DAY)
    return {
        "callsid": sid,
        "type": kind,
        "start_at": stamp(start),
        "end_at": stamp(end),
        "talkdesk_phone_number": number,
        "talkdesk_phone_display_name": label,
        "contact_phone_number": CONTACT_PREFIXES[bits % 6]
        + str(_FIRST_CONTACT + (bits >> 7) % 30_011 * 17_389),
        "agent_name": name,
        "agent_email": email,
        "total_time": wait + talk,
        "talk_time": talk,
        "wait_time": wait,
        "hold_time": talk // (2 + (bits >> 12 & 7)) if attended and bits >> 15 & 7 == 0 else 0,
        "abandon_time": wait if kind in ("abandoned", "short_abandoned") else 0,
        "agent_speed_to_answer_time": wait if inbound and attended else 0,
        "disposition_code": DISPOSITIONS[bits >> 18 & 7] if attended and talk else None,
        "notes": NOTES[bits >> 21 & 7] if attended and talk and bits >> 24 & 7 == 0 else None,
        "agent_voice_rating": 1 + (bits >> 27) % 5 if rated else (0 if bits >> 29 & 1 else None),
        "ring_groups": "" if outbound else RING_GROUPS[(bits >> 30) % 6],
        "ivr_options": "" if outbound else IVR_OPTIONS[bits >> 33 & 7],
        "hangup": _HANGUPS.get(kind, "handled"),
        "is_in_business_hours": 8 * HOUR <= second < 20 * HOUR and weekday_of(day) < 5,
        "is_callback_from_queue": None if outbound or bits >> 36 & 15 == 0 else bits >> 40 & 31 == 0,
        "is_transfer": agent is not None and handling is not None,
        "handling_agent_name": handling_name,
        "handling_agent_email": handling_email,
        "recording_url": f"https://media-files.talkdeskapp.com/calls/{sid}/recordings/0.mp3"
        if talk
        else None,
        "is_external_transfer": agent is None and handling is not None,
        "is_if_no_answer": forwarded and bits & 1 == 0,
        "is_call_forwarding": forwarded and bits & 1 == 1,
    }


def _user_status(centre: Centre, first: int, stop: int) -> Iterator[Row]:
    for session in centre.sessions(first, stop):
        yield session_row(session, centre)


def session_row(session: Session, centre: Centre) -> Row:
    """Returns a status as a row, the same in both APIs."""
    agent = centre.staff.agents[session.agent]
    return {
        "user_id": agent.user_id,
        "user_name": agent.name,
        "user_email": agent.email,
        "status_label": session.label,
        "status_start_at": stamp(session.start),
        "status_end_at": stamp(session.end),
        "status_time": session.end - session.start,
        "is_user_active": agent.left is None,
        "team_id": agent.team_id,
        "team_name": agent.team_name,
    }


_CALLS_FIELDS = """
    callsid type start_at end_at talkdesk_phone_number talkdesk_phone_display_name
    contact_phone_number agent_name agent_email total_time talk_time wait_time hold_time
    abandon_time agent_speed_to_answer_time disposition_code notes agent_voice_rating
    ring_groups ivr_options hangup is_in_business_hours is_callback_from_queue is_transfer
    handling_agent_name handling_agent_email recording_url is_external_transfer
    is_if_no_answer is_call_forwarding
"""
_USER_STATUS_FIELDS = """
    user_id user_name user_email status_label status_start_at status_end_at status_time
    is_user_active team_id team_name
"""

REPORTS = {
    "calls": Report("calls", tuple(_CALLS_FIELDS.split()), _calls),
    "user_status": Report("user_status", tuple(_USER_STATUS_FIELDS.split()), _user_status),
}
