"""`studio_flow_execution`: one row for each step of an inbound call in its flow."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from talkdesk_sandbox.centre.staff import DAY
from talkdesk_sandbox.reports.explore.report import Event, Report, by_day, names
from talkdesk_sandbox.reports.explore.texts import FLOWS
from talkdesk_sandbox.reports.explore.workingday import WorkingDay, uuid_of
from talkdesk_sandbox.reports.reporting import Row, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talkdesk_sandbox.reports.explore.interactions import Interaction

_EXITS = {
    "abandoned": "call_aborted",
    "short_abandoned": "call_aborted",
    "missed": "no_answer",
    "voicemail": "voicemail",
}
#: The id of a flow's execution. Only the data dictionary names this field.
RUN = "flow_execution_id"
_FINISHED = "studio_flow_executions_aggregated.flow_execution_finished_time"


class Step(NamedTuple):
    """One step of a flow: component, name and exit."""

    component: str
    name: str
    exit: str


def _events(day: WorkingDay) -> Iterator[Event]:
    for interaction in day.interactions:
        if interaction.outbound:
            continue
        at = float(interaction.call.start)
        for number, (step, seconds) in enumerate(_timed(interaction)):
            row = partial(_row, interaction, step, number, at, seconds)
            yield Event(interaction.call.end, f"{interaction.id}:{number:04}", row)
            at += seconds


def _steps(interaction: Interaction, rng: Random) -> list[Step]:
    """Returns the steps before an agent is assigned. A menu repeats after a wrong key."""
    keys = [key for key in interaction.reported["ivr_options"].split(",") if key]
    steps = [Step("Trigger", "incoming_call", "ok"), Step("Business hours", "check_hours", "ok")]
    for key in keys:
        wrong = Step("IVR menu", "main_menu", "invalid")
        steps += [wrong] * rng.choice((0, 0, 0, 1, 2)) + [Step("IVR menu", "main_menu", f"option_{key}")]
    return [*steps, Step("Audio", "please_hold", "ok")]


def _timed(interaction: Interaction) -> Iterator[tuple[Step, float]]:
    """Yields the steps and their seconds, which add up to the whole call."""
    rng, call = Random(f"{interaction.call.key}:flow"), interaction.call
    left = float(call.end - call.start)
    for step in _steps(interaction, rng):
        seconds = min(rng.choice((0.0086, 0.03, 0.2, 0.7)), left / 2)
        left -= seconds
        yield step, seconds
    yield Step("Assignment and dial", "assign", _EXITS.get(call.type, "ok")), left


def _row(interaction: Interaction, step: Step, number: int, at: float, seconds: float) -> Row:
    reported = interaction.reported
    flow_id, flow_name = FLOWS[interaction.call.key >> 8 & 1 if reported["is_in_business_hours"] else 2]
    return {
        "call_sid": reported["callsid"],
        "interaction_id": interaction.id,
        "destination_number": reported["talkdesk_phone_number"],
        "origin_number": reported["contact_phone_number"],
        "flow_name": flow_name,
        "flow_id": flow_id,
        "component_title": step.component,
        "step_name": step.name,
        "exit": step.exit,
        "time_in_step": round(seconds / DAY, 7),
        "timestamp": stamp(int(at)),
        _FINISHED: stamp(interaction.call.end),
        "step_execution_order": number,
        RUN: uuid_of(interaction.id, flow_id),
    }


STUDIO_FLOW_EXECUTION = Report(
    "studio_flow_execution",
    names(
        f"""
        call_sid interaction_id destination_number origin_number flow_name flow_id
        component_title step_name exit time_in_step timestamp {_FINISHED} step_execution_order {RUN}
        """
    ),
    by_day(_events),
)
