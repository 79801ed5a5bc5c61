"""The API host: which API a request belongs to, and the sandbox's own controls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs

from talkdesk_sandbox.faults.fault_queue import Fault
from talkdesk_sandbox.hosts.explore import ExploreApi
from talkdesk_sandbox.hosts.reporting import ReportingApi, parsed
from talkdesk_sandbox.reports.explore.catalogue import reports_of
from talkdesk_sandbox.reports.reporting import REPORTS
from talkdesk_sandbox.store.backend import Backend, Exchange
from talkdesk_sandbox.wire.messages import Answer, Request, json_answer, text_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from talkdesk_sandbox.store.jobs import Job


class Api(Protocol):
    """What the API host wants of an API."""

    @property
    def name(self) -> str:
        """Its name in the ledger."""

    def route(
        self, method: str, path: str
    ) -> tuple[str, str | None, str | None, Callable[..., Answer]] | None:
        """Operation, report, job id and handler of a request; None when it is not of this API."""

    def refusal(self, exchange: Exchange) -> Answer | None:
        """Why a request is refused before its operation is looked at; None when it is not."""


class ApiHost:
    """Answers the requests that come to the API host."""

    def __init__(self, backend: Backend) -> None:
        """Offer a backend's APIs."""
        self._backend = backend
        self._apis: tuple[Api, ...] = (ReportingApi(backend), ExploreApi(backend))

    def answer(self, request: Request) -> Answer:
        """The answer to one request; entered in the ledger, unless it is for the controls."""
        if request.path.startswith("/sandbox/"):
            return self._control(request)
        exchange, answer = self._exchange(request)
        self._backend.ledger.add(exchange.entry(answer))
        return answer

    def _exchange(self, request: Request) -> tuple[Exchange, Answer]:
        for api in self._apis:
            if route := api.route(request.method, request.path):
                operation, report, job_id, handler = route
                exchange = Exchange(self._backend, request, operation, report, job_id, api.name)
                answer = exchange.meet_instead() or api.refusal(exchange) or handler(api, exchange)
                return exchange, answer
        return Exchange(self._backend, request, "other"), text_answer(404, "404 Not Found")

    def _control(self, request: Request) -> Answer:
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
        reports = reports_of(self._backend.explore) if explore else REPORTS
        report, start, end = (
            reports.get(query.get("report", "")),
            parsed(query.get("from")),
            parsed(query.get("to")),
        )
        if report is None or start is None or end is None:
            return json_answer(
                400, {"error": f"say report={'|'.join(reports)}, from=... and to=..., as times"}
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
