"""Explore's `calls`, in each of its payloads, and `explore_calls`: one row for each call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from talkdesk_sandbox.reports.explore.notation import day_fraction, true_false, with_zone, yes_no
from talkdesk_sandbox.reports.explore.report import Event, Report, Rows, by_day, names
from talkdesk_sandbox.reports.explore.ringing import ringing_time
from talkdesk_sandbox.reports.explore.teams import team_of
from talkdesk_sandbox.reports.explore.texts import DISPOSITION_SETS, MOODS, RATING_REASONS
from talkdesk_sandbox.reports.explore.workingday import WorkingDay
from talkdesk_sandbox.reports.reporting import Row, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talkdesk_sandbox.centre.staff import Agent
    from talkdesk_sandbox.reports.explore.interactions import Interaction

RowOf = Callable[[WorkingDay, "Interaction"], Row]


def _rows(row_of: RowOf) -> Rows:
    def events(day: WorkingDay) -> Iterator[Event]:
        for interaction in day.interactions:
            yield Event(interaction.call.end, interaction.id, partial(row_of, day, interaction))

    return by_day(events)


def _call_until_2026(day: WorkingDay, interaction: Interaction) -> Row:
    bits = interaction.bits("mood")
    prompted = bool(bits & 1) if interaction.answered else None
    mood = MOODS[bits >> 1 & 3] if prompted else None
    times = {"start_at": stamp(interaction.call.start), "end_at": stamp(interaction.call.end)}
    return _common(day, interaction) | times | {"mood": mood, "is_mood_prompted": prompted}


def _call(day: WorkingDay, interaction: Interaction) -> Row:
    bits = interaction.bits("custom fields")
    filled = interaction.answered and bits & 7 == 0
    return {
        **_common(day, interaction),
        **_end_of_call(interaction),
        "data_status": "Valid",
        "int_custom_field_n1": bits >> 3 & 0xFFFF if filled else None,
        "int_custom_field_n2": 0 if filled and bits & 8 else None,
        "float_custom_field_n1": (bits >> 20 & 0xFFFF) / 100 if filled else None,
        "float_custom_field_n2": None,
        "text_custom_field_n1": f"ORD-{bits >> 40 & 0xFFFF:05}" if filled else None,
        "text_custom_field_n2": "",
        "text_custom_field_n3": None,
        "text_custom_field_n4": "Größe: 12,5 cm" if filled and bits & 16 else None,
        "timestamp_custom_field_n1": stamp(interaction.call.start - (bits >> 50)) if filled else None,
        **_dispositions(interaction),
    }


def _common(day: WorkingDay, interaction: Interaction) -> Row:
    """Returns the members that are in each payload."""
    call, reported = interaction.call, interaction.reported
    agent, handling = _person(day, call.agent), _person(day, call.handling)
    team = team_of(day.centre, call.agent if call.agent is not None else call.handling, call.start)
    return {
        "call_id": interaction.id,
        "callsid": reported["callsid"],
        "type": call.type,
        "start_at": with_zone(call.start),
        "end_at": with_zone(call.end),
        "talkdesk_phone_number": reported["talkdesk_phone_number"],
        "talkdesk_phone_display_name": reported["talkdesk_phone_display_name"],
        "contact_phone_number": reported["contact_phone_number"],
        "user_id": agent.user_id if agent else None,
        "user_name": reported["agent_name"],
        "user_email": reported["agent_email"],
        "total_time": reported["total_time"],
        "talk_time": reported["talk_time"],
        "wait_time": reported["wait_time"],
        "hold_time": reported["hold_time"],
        "abandon_time": reported["abandon_time"],
        "total_ringing_time": sum(ringing_time(interaction, leg) for leg in interaction.legs),
        "disposition_code": reported["disposition_code"],
        "notes": reported["notes"],
        # Documented as 0 without a rating. Only the Reporting API has null, too.
        "user_voice_rating": reported["agent_voice_rating"] or 0,
        "ring_groups": reported["ring_groups"],
        "ivr_options": reported["ivr_options"],
        "is_in_business_hours": reported["is_in_business_hours"],
        "is_callback_from_queue": reported["is_callback_from_queue"],
        "is_transfer": reported["is_transfer"],
        "handling_user_id": handling.user_id if handling else None,
        "handling_user_name": reported["handling_agent_name"],
        "handling_user_email": reported["handling_agent_email"],
        "recording_url": _recording(interaction, "https://api.talkdeskapp.com/calls/{}/recordings"),
        "is_external_transfer": reported["is_external_transfer"],
        "is_if_no_answer": reported["is_if_no_answer"],
        "is_call_forwarding": reported["is_call_forwarding"],
        **_satisfaction(day, interaction),
        "team_id": team.id,
        "team_name": team.name,
    }


def _explore_call(day: WorkingDay, interaction: Interaction) -> Row:
    call, reported = interaction.call, interaction.reported
    bits = interaction.bits("mood")
    team = team_of(day.centre, call.agent if call.agent is not None else call.handling, call.start)
    return {
        "interaction_id": interaction.id,
        "call_type": call.type,
        "start_time": stamp(call.start),
        "end_time": stamp(call.end),
        "talkdesk_phone_number": reported["talkdesk_phone_number"],
        "customer_phone_number": reported["contact_phone_number"],
        "talk_time": day_fraction(call.talk),
        "waiting_time": day_fraction(call.wait),
        "holding_time": day_fraction(reported["hold_time"]),
        "agent_speed_to_answer": day_fraction(reported["agent_speed_to_answer_time"]),
        "record": _recording(interaction, "/recordings/{}"),
        "hangup": "disconnected" if call.talk else reported["hangup"],
        "in_business_hours?": true_false(reported["is_in_business_hours"]),
        "callback_from_queue?": true_false(reported["is_callback_from_queue"]),
        "transfer?": yes_no(len(interaction.legs) > 1),
        "rating": reported["agent_voice_rating"],
        **_satisfaction(day, interaction),
        "description": reported["notes"],
        "agent_name": reported["agent_name"],
        "phone_display_name": reported["talkdesk_phone_display_name"],
        "disposition_code": reported["disposition_code"],
        "handling_agent": reported["handling_agent_name"],
        "team": team.name,
        "rating_reason": _end_of_call(interaction)["rating_reason"],
        "ivr_options": reported["ivr_options"],
        "tags": reported["ring_groups"],
        "agent_disconnected": _end_of_call(interaction)["agent_disconnected"],
        **_dispositions(interaction),
        "calls_historical_base.data_status": "Valid",
        "mood": MOODS[bits >> 1 & 3] if bits & 1 and interaction.answered else None,
        "mood_prompted": true_false(bits & 1) if interaction.answered else None,
        "user_email": reported["agent_email"],
    }


def _person(day: WorkingDay, agent: int | None) -> Agent | None:
    return day.centre.staff.agents[agent] if agent is not None else None


def _recording(interaction: Interaction, where: str) -> str | None:
    return where.format(interaction.id) if interaction.call.talk else None


def _satisfaction(day: WorkingDay, interaction: Interaction) -> Row:
    survey = interaction.survey
    sent = day.before_its_end(interaction.call.end + survey.delay) if survey else None
    return {
        "csat_score": survey.score if survey else None,
        "csat_survey_time": stamp(sent) if sent is not None else "",
    }


def _end_of_call(interaction: Interaction) -> Row:
    bits = interaction.bits("end of call")
    rated = interaction.reported["agent_voice_rating"]
    return {
        "rating_reason": RATING_REASONS[bits & 3] if rated else "",
        "agent_disconnected": yes_no(interaction.answered and bits >> 2 & 3 == 0),
    }


def _dispositions(interaction: Interaction) -> Row:
    code, bits = interaction.reported["disposition_code"], interaction.bits("dispositions")
    group = DISPOSITION_SETS[bits % len(DISPOSITION_SETS)] if code else None
    return {"disposition_set": group, "nested_disposition": f"{group} > {code}" if group else None}


_ALWAYS = """
    call_id callsid type start_at end_at talkdesk_phone_number talkdesk_phone_display_name
    contact_phone_number user_id user_name user_email total_time talk_time wait_time hold_time
    abandon_time total_ringing_time disposition_code notes user_voice_rating ring_groups
    ivr_options is_in_business_hours is_callback_from_queue is_transfer handling_user_id
    handling_user_name handling_user_email recording_url is_external_transfer is_if_no_answer
    is_call_forwarding csat_score csat_survey_time team_id team_name
"""
_SINCE_2026 = """
    rating_reason agent_disconnected data_status int_custom_field_n1 int_custom_field_n2
    float_custom_field_n1 float_custom_field_n2 text_custom_field_n1 text_custom_field_n2
    text_custom_field_n3 text_custom_field_n4 timestamp_custom_field_n1 disposition_set
    nested_disposition
"""
_ENVELOPE = {"type": "calls", "version": "v1"}

EXPLORE_CALLS = Report(
    "explore_calls",
    names(
        """
        interaction_id call_type start_time end_time talkdesk_phone_number customer_phone_number
        talk_time waiting_time holding_time agent_speed_to_answer record hangup in_business_hours?
        callback_from_queue? transfer? rating csat_score csat_survey_time description agent_name
        phone_display_name disposition_code handling_agent team rating_reason ivr_options tags
        agent_disconnected disposition_set nested_disposition calls_historical_base.data_status
        mood mood_prompted user_email
        """
    ),
    _rows(_explore_call),
)
#: The report `calls`, by the name of its payload.
CALLS = {
    "2026": Report("calls", names(_ALWAYS + _SINCE_2026), _rows(_call), envelope=_ENVELOPE),
    "2025": Report(
        "calls", names(_ALWAYS + "mood is_mood_prompted"), _rows(_call_until_2026), envelope=_ENVELOPE
    ),
    "explore_like": Report("calls", EXPLORE_CALLS.fields, EXPLORE_CALLS.rows, envelope=_ENVELOPE),
}
