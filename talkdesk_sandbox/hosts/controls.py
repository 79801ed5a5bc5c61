"""The sandbox's own controls, `/sandbox/...`: ledger, jobs, rows and faults over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from talkdesk_sandbox.faults.fault_queue import Fault
from talkdesk_sandbox.hosts.reporting_job_requests import time_of
from talkdesk_sandbox.reports.explore.catalogue import reports_of
from talkdesk_sandbox.wire.messages import Answer, Request, json_answer, text_answer

if TYPE_CHECKING:
    from talkdesk_sandbox.store.backend import Backend
    from talkdesk_sandbox.store.jobs import Job


class Controls:
    """Shows ledger, jobs, rows and faults, and accepts further faults."""

    def __init__(self, backend: Backend) -> None:
        """Serves the controls of a backend."""
        self._backend = backend

    def answer(self, request: Request) -> Answer:
        """Answers one request. These requests are not in the ledger."""
        backend = self._backend
        match request.method, request.path:
            case "GET", "/sandbox/ledger":
                return json_answer(200, [entry.as_json() for entry in backend.ledger[:]])
            case "GET", "/sandbox/jobs":
                return json_answer(200, [_shown(job) for job in backend.jobs.all()])
            case "GET", "/sandbox/rows":
                return self._rows(request)
            case "GET", "/sandbox/faults":
                return json_answer(200, [fault.as_json() for fault in backend.faults.unmet()])
            case "POST", "/sandbox/faults":
                return self._add_faults(request.json())
        return text_answer(404, "404 Not Found")

    def _rows(self, request: Request) -> Answer:
        query = {name: values[-1] for name, values in parse_qs(request.query).items()}
        explore = query.get("api") == "explore"
        reports = reports_of(self._backend.explore) if explore else self._backend.reporting_reports
        report, start, end = (
            reports.get(query.get("report", "")),
            time_of(query.get("from")),
            time_of(query.get("to")),
        )
        if report is None or start is None or end is None:
            return json_answer(
                400, {"error": f"required: report={'|'.join(reports)}, and from=... and to=... as times"}
            )
        return json_answer(200, list(report.between(self._backend.centre, start, end)))

    def _add_faults(self, given: Any) -> Answer:
        try:
            faults = [Fault(**fault) for fault in given]
        except (TypeError, ValueError) as error:
            return json_answer(400, {"error": str(error)})
        for fault in faults:
            self._backend.faults.add(fault)
        return Answer(204)


def _shown(job: Job) -> dict[str, object]:
    start, end = job.timespan
    return {
        "id": job.id,
        "api": job.api,
        "report": job.report,
        "from": start.isoformat(),
        "to": end.isoformat(),
        "format": job.format,
        "status": job.status,
        "created_at": job.created_at.isoformat(),
    }
