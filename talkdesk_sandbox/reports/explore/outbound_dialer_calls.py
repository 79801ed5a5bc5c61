"""`outbound_dialer_calls`: the outbound calls of campaigns, about half of all outbound calls."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from talkdesk_sandbox.reports.explore.report import Event, Report, by_day, names
from talkdesk_sandbox.reports.explore.teams import team_of
from talkdesk_sandbox.reports.explore.texts import CAMPAIGNS, PHONE_TYPES
from talkdesk_sandbox.reports.explore.workingday import WorkingDay, digest
from talkdesk_sandbox.reports.reporting import Row, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talkdesk_sandbox.reports.explore.interactions import Interaction


def _events(day: WorkingDay) -> Iterator[Event]:
    for interaction in day.interactions:
        if interaction.outbound and interaction.call.key >> 60 & 1:
            yield Event(interaction.call.end, interaction.id, partial(_row, day, interaction))


def _row(day: WorkingDay, interaction: Interaction) -> Row:
    call, reported, bits = interaction.call, interaction.reported, interaction.bits("dialer")
    campaign = CAMPAIGNS[bits % len(CAMPAIGNS)]
    agent = day.centre.staff.agents[call.agent or 0]
    extra = {"first_name": ("Zoë", "Pat", "José", "Kim")[bits >> 40 & 3], "segment": bits >> 42 & 7}
    return {
        "interaction_id": interaction.id,
        "campaign_id": digest(campaign)[:24],
        "campaign_agent_id": agent.user_id,
        "campaign_transferred_agent_id": None,
        "record_id": f"{bits >> 8:014x}",
        "attempt_number": 1 + (bits >> 4 & 3),
        "call_started_time": stamp(call.start),
        "call_finished_time": stamp(call.end),
        "callback_mode": ("none", "agent", "campaign")[(bits >> 6) % 3],
        "customer_phone_number": reported["contact_phone_number"],
        "talkdesk_phone_number": reported["talkdesk_phone_number"],
        "description": reported["notes"],
        "disposition": reported["disposition_code"],
        "outbound_dialer_system_disposition": "ANSWERED" if call.talk else "NO_ANSWER",
        "sip_hangup_code": "200" if call.talk else ("480", "486", "603")[(bits >> 20) % 3],
        "team_name": team_of(day.centre, call.agent, call.start).name,
        "total_duration": call.end - call.start,
        "create_calls_analysis.in_queue": 0,
        "create_calls_analysis.ringing_at_agent": 0,
        "create_calls_analysis.ringing_at_customer": call.wait,
        "create_calls_analysis.proactive_outbound_phone_type": PHONE_TYPES[bits >> 30 & 1],
        "create_calls_analysis.outbound_dialer_record_extra_data": json.dumps(extra, ensure_ascii=False),
    }


OUTBOUND_DIALER_CALLS = Report(
    "outbound_dialer_calls",
    names(
        """
        interaction_id campaign_id campaign_agent_id campaign_transferred_agent_id record_id
        attempt_number call_started_time call_finished_time callback_mode customer_phone_number
        talkdesk_phone_number description disposition outbound_dialer_system_disposition
        sip_hangup_code team_name total_duration create_calls_analysis.in_queue
        create_calls_analysis.ringing_at_agent create_calls_analysis.ringing_at_customer
        create_calls_analysis.proactive_outbound_phone_type
        create_calls_analysis.outbound_dialer_record_extra_data
        """
    ),
    by_day(_events),
)
