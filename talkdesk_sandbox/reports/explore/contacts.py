"""`contacts`: one row for each contact of an interaction. A transfer starts a second contact."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from talkdesk_sandbox.reports.explore.notation import yes_no
from talkdesk_sandbox.reports.explore.report import Event, Report, by_day, names
from talkdesk_sandbox.reports.explore.ringing import ringing_time
from talkdesk_sandbox.reports.explore.teams import ring_groups_of, team_of
from talkdesk_sandbox.reports.explore.workingday import WorkingDay, digest
from talkdesk_sandbox.reports.reporting import Row, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talkdesk_sandbox.reports.explore.interactions import Interaction, Leg

#: The account's target for the longest wait, in seconds.
_SERVICE_LEVEL = 20
_TYPES = {
    "inbound": "Answered",
    "outbound": "Connected",
    "missed": "Missed",
    "abandoned": "Abandoned",
    "short_abandoned": "Short Abandoned",
    "outbound_missed": "Not Connected",
    "voicemail": "Voicemail",
}
_OUTSIDE = "External Phone Number"


def contact_id(interaction: Interaction, leg: Leg) -> str:
    """Returns the id of one contact of an interaction."""
    return digest(interaction.id, leg.number)[:32]


def hold_time(interaction: Interaction, leg: Leg) -> int:
    """Returns the seconds on hold. All of a call's belong to its last contact with an agent."""
    last = [each for each in interaction.legs if each.user is not None][-1:]
    return int(interaction.reported["hold_time"]) if last == [leg] else 0


def _events(day: WorkingDay) -> Iterator[Event]:
    for interaction in day.interactions:
        for leg in interaction.legs:
            yield Event(leg.finished, contact_id(interaction, leg), partial(_row, day, interaction, leg))


def _row(day: WorkingDay, interaction: Interaction, leg: Leg) -> Row:
    reported = interaction.reported
    return {
        "interaction_id": interaction.id,
        "contact_id": contact_id(interaction, leg),
        "company_number": reported["talkdesk_phone_number"],
        "contact_person_number": reported["contact_phone_number"],
        "phone_display_name": reported["talkdesk_phone_display_name"],
        "external_phone_number": "+442079460999" if leg.external else None,
        "direction": "OUT" if interaction.outbound else "IN",
        "contact_type": _TYPES[interaction.call.type],
        **_times(interaction, leg),
        **_durations(interaction, leg),
        **_answers(interaction, leg),
        **_people(day, interaction, leg),
        "data_status": "Valid",
    }


def _times(interaction: Interaction, leg: Leg) -> Row:
    answered = stamp(leg.answered) if leg.answered is not None else None
    return {
        "started_at": stamp(leg.started),
        "answered_at": None if interaction.outbound else answered,
        "connected_at": answered if interaction.outbound else None,
        "finished_at": stamp(leg.finished),
    }


def _durations(interaction: Interaction, leg: Leg) -> Row:
    call, outbound = interaction.call, interaction.outbound
    wait = call.wait if leg.number == 0 else leg.finished - leg.talk - leg.started
    spoken = leg.answered is not None
    hold = hold_time(interaction, leg)
    return {
        "wait_time": None if outbound else wait,
        "time_to_missed": wait if call.type == "missed" else None,
        "abandon_time": wait if call.type == "abandoned" else None,
        "short_abandon_time": wait if call.type == "short_abandoned" else None,
        "time_to_voicemail": wait if call.type == "voicemail" else None,
        "ring_time": ringing_time(interaction, leg),
        "connect_time": wait if call.type == "outbound" else None,
        "talk_time": leg.talk if spoken else None,
        "hard_hold_time": hold - hold // 3 if spoken else None,
        "soft_hold_time": hold // 3 if spoken else None,
        "hold_time": hold if spoken else None,
        "after_call_work_time": leg.wrap_up if leg.user is not None else None,
        "handle_time": leg.talk + leg.wrap_up if spoken and leg.user is not None else None,
        "duration": leg.finished - leg.started,
    }


def _answers(interaction: Interaction, leg: Leg) -> Row:
    legs, reported = interaction.legs, interaction.reported
    in_time = not interaction.outbound and interaction.call.wait <= _SERVICE_LEVEL
    bits = interaction.bits("transfer")
    way = "Warm" if bits & 1 else "Blind"
    goes_on = leg.number + 1 < len(legs)
    callback = reported["is_callback_from_queue"]
    return {
        "inside_business_hours": yes_no(reported["is_in_business_hours"]),
        "inside_service_level": yes_no(in_time and leg.answered is not None),
        "within_service_level_threshold": yes_no(in_time),
        "transfer_in": yes_no(leg.number),
        "transfer_out": yes_no(goes_on),
        "callback": None if callback is None else yes_no(callback),
        "transfer_in_type": way if leg.number else None,
        "transfer_out_type": way if goes_on else None,
        "disconnected_by_agent": yes_no(bits & 6 == 2) if leg.answered is not None else None,
        "last_contact": yes_no(not goes_on),
    }


def _people(day: WorkingDay, interaction: Interaction, leg: Leg) -> Row:
    team = team_of(day.centre, leg.user, leg.started)
    person = day.centre.staff.agents[leg.user] if leg.user is not None else None
    direct = person if leg.number else None
    return {
        "ring_groups": interaction.reported["ring_groups"] or None,
        "handling_ring_groups": ring_groups_of(leg.user) if leg.user is not None else None,
        "user_id": person.user_id if person else None,
        "user_name": person.name if person else None,
        "direct_assignment_user": _OUTSIDE if leg.external else (direct.name if direct else None),
        "direct_assignment_ids": direct.user_id if direct else None,
        "team_id": team.id,
        "team_name": team.name,
    }


CONTACTS = Report(
    "contacts",
    names(
        """
        interaction_id contact_id company_number contact_person_number phone_display_name
        external_phone_number direction contact_type started_at answered_at connected_at
        finished_at wait_time time_to_missed abandon_time short_abandon_time time_to_voicemail
        ring_time connect_time talk_time hard_hold_time soft_hold_time hold_time
        after_call_work_time handle_time duration inside_business_hours inside_service_level
        within_service_level_threshold transfer_in transfer_out callback transfer_in_type
        transfer_out_type disconnected_by_agent last_contact ring_groups handling_ring_groups
        user_id user_name direct_assignment_user direct_assignment_ids team_id team_name
        data_status
        """
    ),
    by_day(_events),
)
