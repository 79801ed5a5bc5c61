"""The five reports with sums per agent and hour, such as `talk_time_data` and `contact_online_time`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from talkdesk_sandbox.centre.centre import OFFLINE
from talkdesk_sandbox.centre.staff import HOUR
from talkdesk_sandbox.reports.explore.contacts import hold_time
from talkdesk_sandbox.reports.explore.report import Event, Report, by_day, names
from talkdesk_sandbox.reports.explore.teams import team_of
from talkdesk_sandbox.reports.reporting import Row, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talkdesk_sandbox.reports.explore.interactions import Interaction, Leg
    from talkdesk_sandbox.reports.explore.workingday import WorkingDay

#: Returns what a contact adds to a sum.
Measure = Callable[["Interaction", "Leg"], int]
#: Start of the hour, agent, team and ring groups.
_Bucket = tuple[int, int, str | None, str | None]


def _of_contacts(name: str, measured: str, measure: Measure) -> Report:
    def events(day: WorkingDay) -> Iterator[Event]:
        sums: Counter[_Bucket] = Counter()
        for interaction in day.interactions:
            group = interaction.reported["ring_groups"] or None
            for leg in interaction.legs:
                if leg.user is not None and (amount := measure(interaction, leg)):
                    hour = leg.finished // HOUR * HOUR
                    sums[hour, leg.user, team_of(day.centre, leg.user, hour).id, group] += amount
        yield from _sums(day, sums, measured, groups=True)

    return Report(name, names(f"agent_id team_id started_at ring_groups_name {measured}"), by_day(events))


def _online(day: WorkingDay) -> Iterator[Event]:
    sums: Counter[_Bucket] = Counter()
    for session in day.sessions:
        at = session.start
        while session.label != OFFLINE and at < session.end:
            hour = at // HOUR * HOUR
            until = min(session.end, hour + HOUR)
            sums[hour, session.agent, team_of(day.centre, session.agent, hour).id, None] += until - at
            at = until
    yield from _sums(day, sums, "status_duration_seconds", groups=False)


def _sums(day: WorkingDay, sums: Counter[_Bucket], measured: str, *, groups: bool) -> Iterator[Event]:
    for (hour, agent, team, group), amount in sums.items():
        person = day.centre.staff.agents[agent].user_id
        row: Row = {"agent_id": person, "team_id": team, "started_at": stamp(hour)}
        if groups:
            row["ring_groups_name"] = group
        row[measured] = amount
        yield Event(hour, f"{person}:{group}", partial(dict, row))


CONTACT_ONLINE_TIME = Report(
    "contact_online_time", names("agent_id team_id started_at status_duration_seconds"), by_day(_online)
)
ACW_TIME_DATA = _of_contacts("acw_time_data", "acw_time_seconds_total", lambda _, leg: leg.wrap_up)
TALK_TIME_DATA = _of_contacts("talk_time_data", "talk_time_seconds_total", lambda _, leg: leg.talk)
HOLD_TIME_DATA = _of_contacts("hold_time_data", "hold_time_seconds_total", hold_time)
INBOUND_CONTACT_VOLUME = _of_contacts(
    "inbound_contact_volume", "in_contact_volume", lambda interaction, _: int(not interaction.outbound)
)
