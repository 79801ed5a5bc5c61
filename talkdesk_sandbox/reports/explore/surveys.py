"""`feedback_flow` and `csat_score`: survey questions after a call, and their answers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from talkdesk_sandbox.reports.explore.report import Event, Report, by_day, names
from talkdesk_sandbox.reports.explore.teams import team_of
from talkdesk_sandbox.reports.explore.texts import FLOWS, QUESTIONS, REMARKS
from talkdesk_sandbox.reports.explore.workingday import WorkingDay, digest
from talkdesk_sandbox.reports.reporting import Row, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talkdesk_sandbox.reports.explore.interactions import Interaction, Survey

#: Seconds from one question to the next.
_PAUSE = 15
#: All names have spaces; this one has a no-break space.
_GROUP = "ring\u00a0group"


def _surveys(day: WorkingDay) -> Iterator[tuple[Interaction, Survey, int]]:
    """Yields calls with a survey, and the time at which it was sent."""
    for interaction in day.interactions:
        if survey := interaction.survey:
            yield interaction, survey, day.before_its_end(interaction.call.end + survey.delay)


def _answers(day: WorkingDay) -> Iterator[Event]:
    for interaction, survey, sent in _surveys(day):
        for number in range(survey.questions):
            at = day.before_its_end(sent + number * _PAUSE)
            row = partial(_answer, day, interaction, survey, number, at)
            yield Event(at, f"{interaction.id}:{number}", row)


def _answer(day: WorkingDay, interaction: Interaction, survey: Survey, number: int, at: int) -> Row:
    reported, bits = interaction.reported, interaction.bits("feedback")
    user = interaction.legs[-1].user if interaction.legs[-1].user is not None else interaction.legs[0].user
    responses = (str(survey.score), ("yes", "no")[bits & 1], REMARKS[bits >> 1 & 3])
    response = responses[number] if survey.score else ""
    by_mail = bits >> 4 & 3 == 0
    return {
        "date time": stamp(at),
        "interaction id": interaction.id,
        "flow name": FLOWS[interaction.call.key >> 8 & 1][1],
        "component id": digest("question", number)[:24],
        "component name": f"question_{number + 1}",
        "component text": QUESTIONS[number],
        "component type": ("rating", "yes_no", "open")[number],
        "response": response,
        "response state": "answered" if response else "sent",
        "is kpi": "Yes" if number == 0 else "No",
        "pertains to agent": "Yes" if number < 2 else "No",
        "recording url": None,
        "agent name": day.centre.staff.agents[user].name if user is not None else None,
        "respondent phone number": reported["contact_phone_number"],
        "talkdesk phone number": reported["talkdesk_phone_number"],
        _GROUP: reported["ring_groups"],
        "team name": team_of(day.centre, user, at).name,
        "interaction direction": "inbound",
        "survey channel": "email" if by_mail else "sms",
        "sms error": None if by_mail or bits >> 8 & 15 else "30003 unreachable handset",
        "touch point id": f"tp-{bits >> 12 & 3}",
        "touch point name": "After the call",
        "touch point value": reported["talkdesk_phone_number"],
    }


def _scores(day: WorkingDay) -> Iterator[Event]:
    for interaction, survey, sent in _surveys(day):
        if survey.score:
            yield Event(sent, interaction.id, partial(_score, day, interaction, survey.score, sent))


def _score(day: WorkingDay, interaction: Interaction, score: int, sent: int) -> Row:
    user = next(leg.user for leg in reversed(interaction.legs) if leg.user is not None)
    return {
        "agent_id": day.centre.staff.agents[user].user_id,
        "team_id": team_of(day.centre, user, sent).id,
        "sent_at": stamp(sent),
        "ring_groups_name": interaction.reported["ring_groups"],
        "score": score,
    }


_FIELDS = names(
    """
    date_time interaction_id flow_name component_id component_name component_text component_type
    response response_state is_kpi pertains_to_agent recording_url agent_name
    respondent_phone_number talkdesk_phone_number ring_group team_name interaction_direction
    survey_channel sms_error touch_point_id touch_point_name touch_point_value
    """
)
FEEDBACK_FLOW = Report(
    "feedback_flow",
    tuple(_GROUP if name == "ring_group" else name.replace("_", " ") for name in _FIELDS),
    by_day(_answers),
)
CSAT_SCORE = Report("csat_score", names("agent_id team_id sent_at ring_groups_name score"), by_day(_scores))
