"""From the settings to the API that they mean, and to its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_talkdesk_reports.api.auth import ClientCredentials, PasswordGrant, TokenSource
from tap_talkdesk_reports.api.client import Policy
from tap_talkdesk_reports.api.download import Downloads
from tap_talkdesk_reports.api.explore import ExploreApi
from tap_talkdesk_reports.api.reporting import ReportingApi
from tap_talkdesk_reports.api.transport import hide

if TYPE_CHECKING:
    from tap_talkdesk_reports.config.settings import Settings
    from tap_talkdesk_reports.core.clock import Clock


def connect(settings: Settings, clock: Clock) -> tuple[ReportingApi, TokenSource]:
    """The API's verbs, and where their tokens come from; makes no request yet."""
    hide(*settings.secrets)
    policy = Policy(
        clock=clock,
        user_agent=settings.user_agent,
        timeout=settings.request_timeout,
        patience=settings.job_timeout,
    )
    tokens = _tokens(settings, policy)
    api = ReportingApi if settings.api == "reporting" else ExploreApi
    return api(settings.api_url, policy, tokens), tokens


def downloads(settings: Settings, clock: Clock) -> Downloads:
    """What fetches report files, without any token."""
    return Downloads(
        clock,
        user_agent=settings.user_agent,
        timeout=settings.request_timeout,
        spool_dir=settings.spool_dir,
    )


def _tokens(settings: Settings, policy: Policy) -> TokenSource:
    if settings.api == "explore":
        return ClientCredentials(
            settings.token_url,
            policy,
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            key=settings.key,
        )
    return PasswordGrant(
        settings.token_url,
        policy,
        client={
            "client_id": settings.client_id,
            "client_secret": settings.client_secret or "",
            "client_version": settings.client_version,
        },
        user={"account": settings.account, "username": settings.username, "password": settings.password},
    )
