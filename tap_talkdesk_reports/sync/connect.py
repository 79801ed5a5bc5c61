"""Creates the clients of a run from its settings (API, tokens, downloads), and compares the clocks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_talkdesk_reports.api.auth import ClientCredentials, PasswordGrant
from tap_talkdesk_reports.api.client import RequestPolicy
from tap_talkdesk_reports.api.download import Downloads
from tap_talkdesk_reports.api.explore import ExploreApi
from tap_talkdesk_reports.api.redaction import register_secret
from tap_talkdesk_reports.api.reporting import ReportingApi
from tap_talkdesk_reports.api.token_source import TOLERATED_SKEW
from tap_talkdesk_reports.api.urls import is_loopback, read_url
from tap_talkdesk_reports.core.errors import TalkdeskError
from tap_talkdesk_reports.core.words import clock_distance, in_words

if TYPE_CHECKING:
    from tap_talkdesk_reports.api.token_source import TokenSource
    from tap_talkdesk_reports.config.settings import Settings
    from tap_talkdesk_reports.core.clock import Clock


logger = logging.getLogger("tap-talkdesk-reports")

#: Seconds. A difference of the clocks above `TOLERATED_SKEW` is a warning, and above this an error.
LARGEST_SKEW = 86_400


class Connection:
    """Holds the API client and the tokens of a run, and compares Talkdesk's clock with this machine's."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Creates the clients; makes no request."""
        register_secret(*settings.secrets)
        policy = RequestPolicy(
            clock=clock,
            user_agent=settings.user_agent,
            timeout=settings.request_timeout,
            max_wait=settings.job_timeout,
        )
        self.tokens = _tokens(settings, policy)
        api = ReportingApi if settings.api == "reporting" else ExploreApi
        self.api = api(settings.api_url, policy, self.tokens)
        self._has_warned = False

    def open(self) -> None:
        """Connects this thread to the API, and then waits until the run has signed in.

        Raises:
            AuthenticationError: Talkdesk does not accept the credentials.
            TalkdeskError: the sign-in fails in another way.
        """
        self.api.connect()
        self.tokens.token()

    def seconds_behind(self) -> float:
        """Returns the seconds that Talkdesk's clock is behind this machine's; 0 if it is ahead.

        The slower of the two clocks decides which data is settled, so that no bookmark can be in
        the future. The latest response shows Talkdesk's clock.

        Raises:
            TalkdeskError: the clocks differ by more than a day.
        """
        skew = self.tokens.clock_skew
        if abs(skew) > LARGEST_SKEW:
            msg = f"The clocks of Talkdesk and of this machine differ by {in_words(abs(skew))}"
            raise TalkdeskError(f"{msg}; set this machine's clock")
        if abs(skew) <= TOLERATED_SKEW:
            return 0.0
        if not self._has_warned:
            self._has_warned = True
            words = "this machine's clock is %s Talkdesk's clock; correct it. The run uses the earlier time"
            logger.warning(words, clock_distance(skew))
        return max(0.0, -skew)


def downloads(settings: Settings, clock: Clock) -> Downloads:
    """Creates the client that downloads report files, without any token."""
    return Downloads(
        clock,
        user_agent=settings.user_agent,
        timeout=settings.request_timeout,
        spool_dir=settings.spool_dir,
        allow_loopback=is_loopback(read_url(settings.api_url).host or ""),
    )


def _tokens(settings: Settings, policy: RequestPolicy) -> TokenSource:
    if not settings.username:
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
