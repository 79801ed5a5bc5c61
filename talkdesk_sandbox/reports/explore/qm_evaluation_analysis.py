"""`qm_evaluation_analysis`: one row for each question of an evaluation. One call in 16 has one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from talkdesk_sandbox.reports.explore.report import Event, Report, by_day, names
from talkdesk_sandbox.reports.explore.teams import team_of
from talkdesk_sandbox.reports.explore.texts import FORM_QUESTIONS, FORMS
from talkdesk_sandbox.reports.explore.workingday import WorkingDay, digest, uuid_of
from talkdesk_sandbox.reports.reporting import Row, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talkdesk_sandbox.reports.explore.interactions import Interaction

#: The answer to a text question. Only the data dictionary names this field.
ELEMENT_TEXT = "evaluation_element_text"
_REMARK = "Weiter so, „prima“"


class Evaluation(NamedTuple):
    """One evaluation of an interaction."""

    id: str
    interaction: Interaction
    user: int
    at: int
    bits: int

    def obtained(self, question: int) -> int | None:
        """Returns the score of a question; None for a text question."""
        best = FORM_QUESTIONS[question][3]
        return best - (self.bits >> 4 * question & 3) if best is not None else None

    def scores(self, section: str | None = None) -> tuple[int, int]:
        """Returns the best and the obtained score of a section, or of all sections."""
        questions = [n for n, question in enumerate(FORM_QUESTIONS) if section in (None, question[0])]
        return sum(FORM_QUESTIONS[n][3] or 0 for n in questions), sum(
            self.obtained(n) or 0 for n in questions
        )


def _events(day: WorkingDay) -> Iterator[Event]:
    for interaction in day.interactions:
        user = interaction.legs[-1].user
        if user is None or not interaction.answered or interaction.call.key >> 100 & 15:
            continue
        bits = interaction.bits("evaluation")
        at = day.before_its_end(interaction.call.end + 1800 + bits % 7200)
        evaluation = Evaluation(uuid_of(interaction.id, "qm"), interaction, user, at, bits)
        for number in range(len(FORM_QUESTIONS)):
            yield Event(at, f"{evaluation.id}:{number}", partial(_row, day, evaluation, number))


def _row(day: WorkingDay, evaluation: Evaluation, number: int) -> Row:
    agents = day.centre.staff.agents
    person = agents[evaluation.user]
    edited = evaluation.bits >> 40 & 1
    form_name, form_id = FORMS[evaluation.bits >> 41 & 1]
    return {
        "agent": f"{person.name} <{person.email}> ({person.user_id})",
        "agent_id": person.user_id,
        "agent_name": person.name,
        "agent_email": person.email,
        "evaluation_id": evaluation.id,
        "evaluator_id": agents[0].user_id if edited else "AI Scored Evaluation",
        "evaluator_name": agents[0].name if edited else "",
        "form_id": form_id,
        "form_name": form_name,
        "interaction_id": evaluation.interaction.id,
        **_question(evaluation, number),
        "ring_group_names": evaluation.interaction.reported["ring_groups"],
        "team_name": team_of(day.centre, evaluation.user, evaluation.at).name,
        "evaluation_time": stamp(evaluation.at),
        **_scores(evaluation, number),
        "branch_to": "",
        "first_evaluated_on": stamp(evaluation.at) if edited else "",
        "header_id": "",
        "header_text": "",
        "interaction_reference": "",
        "form_element_mandatory": "true" if number < 3 else "false",
        **_call(evaluation.interaction),
        ELEMENT_TEXT: _REMARK if FORM_QUESTIONS[number][3] is None else "",
    }


def _question(evaluation: Evaluation, number: int) -> Row:
    section, text, kind, best = FORM_QUESTIONS[number]
    full = evaluation.obtained(number) == best
    return {
        "question_id": digest("qm", number)[:24],
        "question_text": text,
        "question_answer": _REMARK if best is None else ("Yes" if full else "Partly"),
        "question_type": kind,
        "section_id": digest("qm", section)[:24],
        "section_name": section,
    }


def _scores(evaluation: Evaluation, number: int) -> Row:
    section, _, _, best = FORM_QUESTIONS[number]
    best_of_all, obtained = evaluation.scores()
    best_of_section, obtained_in_section = evaluation.scores(section)
    return {
        "evaluation_max_score": best_of_all,
        "evaluation_obtained_score": obtained,
        "evaluation_version": evaluation.bits >> 40 & 1,
        "section_max_score": best_of_section,
        "section_obtained_score": obtained_in_section,
        "question_max_score": best,
        "question_obtained_score": evaluation.obtained(number),
    }


def _call(interaction: Interaction) -> Row:
    return {
        "interaction_channel": "voice",
        "interaction_date": stamp(interaction.call.start),
        "interaction_direction": "outbound" if interaction.outbound else "inbound",
        "interaction_source": "talkdesk",
        "interaction_type": "call",
    }


QM_EVALUATION_ANALYSIS = Report(
    "qm_evaluation_analysis",
    names(
        f"""
        agent agent_id agent_name agent_email evaluation_id evaluator_id evaluator_name form_id
        form_name interaction_id question_id question_text question_answer question_type
        section_id section_name ring_group_names team_name evaluation_time evaluation_max_score
        evaluation_obtained_score evaluation_version section_max_score section_obtained_score
        question_max_score question_obtained_score branch_to first_evaluated_on header_id
        header_text interaction_reference form_element_mandatory interaction_channel
        interaction_date interaction_direction interaction_source interaction_type {ELEMENT_TEXT}
        """
    ),
    by_day(_events),
)
