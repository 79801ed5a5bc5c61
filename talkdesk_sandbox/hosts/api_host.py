"""The API host: passes each request to the API that it belongs to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from talkdesk_sandbox.hosts.controls import Controls
from talkdesk_sandbox.hosts.exchange import Exchange
from talkdesk_sandbox.hosts.explore import ExploreApi
from talkdesk_sandbox.hosts.oauth_signin import OAuthSignIn
from talkdesk_sandbox.hosts.reporting import ReportingApi
from talkdesk_sandbox.wire.messages import Answer, Request, text_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from talkdesk_sandbox.store.backend import Backend


class Api(Protocol):
    """The interface that the API host expects of an API."""

    @property
    def name(self) -> str:
        """The API's name in the ledger."""

    def route(
        self, method: str, path: str
    ) -> tuple[str, str | None, str | None, Callable[..., Answer]] | None:
        """Returns a request's operation, report, job id and handler; None if it is not for this API."""

    def refusal(self, exchange: Exchange) -> Answer | None:
        """Returns the error for a request that is refused before its operation runs, or None."""


class ApiHost:
    """Answers the requests to the API host."""

    def __init__(self, backend: Backend) -> None:
        """Serves both APIs of a backend."""
        self._backend = backend
        self._controls = Controls(backend)
        oauth = OAuthSignIn(backend)
        self._apis: tuple[Api, ...] = (ReportingApi(backend, oauth), ExploreApi(backend, oauth))

    def answer(self, request: Request) -> Answer:
        """Answers one request and adds it to the ledger, unless it is for the controls."""
        if request.path.startswith("/sandbox/"):
            return self._controls.answer(request)
        exchange, answer = self._exchange(request)
        if self._backend.chunked and answer.has_body:
            answer.manner = replace(answer.manner, chunked=True)
        self._backend.ledger.add(exchange.entry(answer))
        return answer

    def _exchange(self, request: Request) -> tuple[Exchange, Answer]:
        for api in self._apis:
            if route := api.route(request.method, request.path):
                operation, report, job_id, handler = route
                exchange = Exchange(self._backend, request, operation, report, job_id, api.name)
                answer = exchange.meet_instead() or api.refusal(exchange) or handler(api, exchange)
                return exchange, exchange.changed(answer)
        return Exchange(self._backend, request, "other"), text_answer(404, "404 Not Found")
