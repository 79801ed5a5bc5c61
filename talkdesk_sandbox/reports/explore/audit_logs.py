"""`audit_logs`: one row for each action of a user or of the system, with milliseconds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from talkdesk_sandbox.centre.staff import DAY
from talkdesk_sandbox.reports.explore.notation import with_milliseconds
from talkdesk_sandbox.reports.explore.report import Event, Report, by_day, names
from talkdesk_sandbox.reports.explore.texts import OPERATIONS, USER_AGENTS
from talkdesk_sandbox.reports.explore.workingday import WorkingDay, digest, uuid_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talkdesk_sandbox.reports.reporting import Row

#: Entries of a day in addition to three for each agent.
_LEAST = 12


def _events(day: WorkingDay) -> Iterator[Event]:
    rng = day.rng("audit")
    agents = len(day.centre.staff.agents)
    for number in range(_LEAST + 3 * agents):
        at = (day.begins * 1000 + rng.randrange(DAY * 1000)) / 1000
        agent = rng.randrange(agents) if rng.random() < 0.85 else None
        key = uuid_of(day.centre.seed, "audit", day.number, number)
        yield Event(at, key, partial(_row, day, at, agent, key, rng.getrandbits(64)))


def _row(day: WorkingDay, at: float, agent: int | None, key: str, bits: int) -> Row:
    person = day.centre.staff.agents[agent] if agent is not None else None
    generator, operation, path = OPERATIONS[bits % len(OPERATIONS)]
    addresses = [f"203.0.113.{bits >> 8 & 255}", f"2001:db8::{bits >> 16 & 0xFFFF:x}"]
    return {
        "actor_id": person.user_id if person else f"{digest('system')[:24]}",
        "generator_name": generator,
        "ip_addresses": addresses[: 1 + (bits >> 32 & 1)] if person else [],
        "operation": operation,
        "platform_tid": key,
        "resource_id": path.format(digest(bits >> 40)[:24]),
        "operation_status": "failure" if bits >> 34 & 15 == 0 else "success",
        "user_agent": USER_AGENTS[(bits >> 38) % len(USER_AGENTS)],
        "timestamp": with_milliseconds(at),
        "user_id": person.user_id if person else None,
        "agent_name": person.name if person else None,
        "agent_email": person.email if person else None,
    }


AUDIT_LOGS = Report(
    "audit_logs",
    names(
        """
        actor_id generator_name ip_addresses operation platform_tid resource_id operation_status
        user_agent timestamp user_id agent_name agent_email
        """
    ),
    by_day(_events),
)
