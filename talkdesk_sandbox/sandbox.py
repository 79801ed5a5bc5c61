"""`Sandbox`: two servers on loopback that share one backend."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Self

from talkdesk_sandbox.account import CREDENTIALS, KEY_ID, with_key, with_password, with_secret
from talkdesk_sandbox.centre.centre import Centre
from talkdesk_sandbox.faults.fault_queue import Fault, FaultQueue
from talkdesk_sandbox.hosts.api_host import ApiHost
from talkdesk_sandbox.hosts.file_host import FileHost
from talkdesk_sandbox.reports.explore import Explore
from talkdesk_sandbox.reports.explore.catalogue import NAMES as EXPLORE_REPORTS
from talkdesk_sandbox.reports.explore.catalogue import reports_of
from talkdesk_sandbox.reports.generations import GENERATIONS
from talkdesk_sandbox.store.assertions import SigningKey
from talkdesk_sandbox.store.backend import Backend, object_path
from talkdesk_sandbox.store.files import Bucket, FileStore, ReportFile
from talkdesk_sandbox.store.jobs import Job, JobStore, Pace
from talkdesk_sandbox.store.ledger import Ledger
from talkdesk_sandbox.store.tokens import TokenStore
from talkdesk_sandbox.wire.listen import listen
from talkdesk_sandbox.wire.presign import Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from talkdesk_sandbox.reports.reporting import Row

BOUNDS = ("closed", "half-open")


def _now() -> datetime:
    return datetime.now(UTC)


def _upload(bucket: Bucket, job: Job, file: ReportFile) -> None:
    bucket.put(object_path(job), file.read(0, file.length))


def _signer(files_url: str) -> Signer:
    scheme, _, host = files_url.partition("://")
    return Signer(host, "AKIASANDBOX", secrets.token_hex(20), scheme=scheme)


class Sandbox:
    """A local server that imitates Talkdesk. It serves until `close`, or in a `with` block."""

    def __init__(
        self,
        *,
        port: int = 0,
        files_port: int = 0,
        seed: int = 1,
        calls_per_day: int = 400,
        agents: int = 12,
        pace: Pace | None = None,
        faults: Iterable[Fault] = (),
        clock: Callable[[], datetime] = _now,
        sleep: Callable[[float], object] | None = None,
        token_seconds: float = 86_400,
        url_seconds: int = 900,
        max_open_jobs: int = 15,
        bounds: str = "closed",
        reporting_fields: str = "2016",
        forbidden_reports: Iterable[str] = (),
        explore: Explore | None = None,
        bucket: Bucket | None = None,
        chunked: bool = False,
        tls: bool = False,
        announced_url: str | None = None,
        announced_files_url: str | None = None,
        settle_seconds: float = 0,
        longest_timespan_hours: float | None = None,
        account: str = CREDENTIALS["account"],
        client_id: str = CREDENTIALS["client_id"],
        client_secret: str = CREDENTIALS["client_secret"],
        client_version: str = CREDENTIALS["client_version"],
        username: str = CREDENTIALS["username"],
        password: str = CREDENTIALS["password"],
    ) -> None:
        """Starts both servers.

        Args:
            port: Port of the API host; 0 for any free port.
            files_port: Port of the file host; 0 for any free port.
            seed: Seed of the data. The same seed gives the same rows.
            calls_per_day: Average number of calls per day.
            agents: Minimum number of agents. There are more if the calls need them.
            pace: When a job becomes `done`; at once by default.
            faults: Faults to inject, in order per operation.
            clock: The wall clock: job times, Date headers, tokens, presigned URLs.
            sleep: Called for the pauses of faults; by default they take real time.
            token_seconds: Lifetime of an access token.
            url_seconds: Lifetime of a presigned URL.
            max_open_jobs: Limit for unfinished jobs.
            bounds: `closed` if the Reporting API's `to` is inclusive, else `half-open`.
            reporting_fields: Fields of Reporting API files: `2016`, or `2017` for those from 2017 on.
            forbidden_reports: Reports that the account may not create, in either API.
            explore: Behaviour of the Explore API where its documentation leaves a choice.
            bucket: Stores and presigns the files instead of the file host.
            chunked: Whether API responses are chunked, without a Content-Length.
            tls: Whether both hosts use https, with a certificate of the CA in `ca_file`.
            announced_url: Public URL of the API host, if it is behind a proxy.
            announced_files_url: Public URL of the file host, which presigned URLs use.
            settle_seconds: Delay from a row's end until new jobs include it.
            longest_timespan_hours: Limit for the timespan of a job, in both APIs.
            account: Name of the account.
            client_id: Id of the client.
            client_secret: Secret of the client.
            client_version: Version of the client.
            username: Name of the user.
            password: Password of the user.

        Raises:
            ValueError: `bounds`, `reporting_fields` or a forbidden report is unknown.
            OSError: a port is taken.
            RuntimeError: `tls` needs `cryptography`, which is not installed.
        """
        forbidden = frozenset(forbidden_reports)
        if bounds not in BOUNDS or not forbidden <= EXPLORE_REPORTS:
            raise ValueError(f"bounds is one of {BOUNDS}; reports are {sorted(EXPLORE_REPORTS)}")
        if reporting_fields not in GENERATIONS:
            raise ValueError(f"reporting_fields is one of {', '.join(GENERATIONS)}, not {reporting_fields!r}")
        explore = explore or Explore()
        self._api, self._file_host, self._authority = listen(port, files_port, clock, sleep, tls=tls)
        #: Path of the certificate that clients must trust, in PEM; None without TLS.
        self.ca_file = self._authority.ca_file if self._authority else None
        self.url = announced_url or self._api.url
        self.files_url = announced_files_url or self._file_host.url
        self.ledger = Ledger()
        given: set[str] = set()
        self._backend = Backend(
            url=self.url,
            signer=_signer(self.files_url),
            clock=clock,
            secrets=given,
            centre=Centre(seed, calls_per_day, agents),
            credentials={
                "account": account,
                "client_id": client_id,
                "client_secret": client_secret,
                "client_version": client_version,
                "username": username,
                "password": password,
            },
            forbidden_reports=forbidden,
            closed_bounds=bounds == "closed",
            settling=timedelta(seconds=settle_seconds),
            longest_timespan=timedelta(hours=longest_timespan_hours) if longest_timespan_hours else None,
            token_lifetime=timedelta(seconds=token_seconds),
            url_lifetime=timedelta(seconds=url_seconds),
            jobs=JobStore(pace or Pace.now(), clock, max_open_jobs),
            files=FileStore(partial(_upload, bucket) if bucket else None),
            tokens=TokenStore(clock, given),
            faults=FaultQueue(list(faults), clock),
            ledger=self.ledger,
            explore=explore,
            reporting_reports=GENERATIONS[reporting_fields],
            explore_key=SigningKey(explore.key_algorithm, KEY_ID),
            bucket=bucket,
            chunked=chunked,
        )
        self._api.start(ApiHost(self._backend).answer)
        self._file_host.start(FileHost(self._backend).answer)

    @property
    def config(self) -> dict[str, str]:
        """Settings of a tap that reads from the Reporting API of this sandbox."""
        return with_password(self._backend.credentials, self.url)

    @property
    def explore_config(self) -> dict[str, str]:
        """Settings of a tap that reads from the Explore API of this sandbox, with a client secret."""
        return with_secret(self._backend.credentials, self.url)

    @property
    def explore_key_config(self) -> dict[str, str]:
        """Like `explore_config`, but with a private key, which is created on the first call.

        Raises:
            RuntimeError: `cryptography` is not installed.
        """
        return with_key(self._backend.credentials, self.url, self._backend.explore_key)

    @property
    def reporting_oauth_config(self) -> dict[str, str]:
        """Settings of a tap that reads from the Reporting API with a client secret, as in its last years."""
        return {**self.explore_config, "api": "reporting"}

    @property
    def jobs(self) -> list[Job]:
        """Every job so far, oldest first."""
        return self._backend.jobs.all()

    @property
    def most_open_jobs(self) -> int:
        """The highest number of jobs that were unfinished at the same time."""
        return self._backend.jobs.most_open

    @property
    def secrets(self) -> set[str]:
        """What a client must not show: password, client secret (also as Basic), tokens, URL signatures."""
        ours = self._backend.credentials
        pair = base64.b64encode(f"{ours['client_id']}:{ours['client_secret']}".encode()).decode()
        return self._backend.secrets | {ours["password"], ours["client_secret"], pair}

    def rows(self, report: str, start: datetime, end: datetime, api: str = "reporting") -> list[Row]:
        """Returns the true rows, as in a JSON file, whose end time t has start <= t < end.

        They are sorted by end time, then key. `start` and `end` need a time zone. With
        `api="explore"`, t is the time that the report filters on.
        """
        if api == "explore":
            return list(reports_of(self._backend.explore)[report].between(self._backend.centre, start, end))
        return list(self._backend.reporting_reports[report].between(self._backend.centre, start, end))

    def add_fault(self, fault: Fault) -> None:
        """Appends a fault to the queue."""
        self._backend.faults.add(fault)

    def unmet_faults(self) -> list[Fault]:
        """Returns the faults that happened fewer than `times` times."""
        return self._backend.faults.unmet()

    def close(self) -> None:
        """Stops both servers and deletes all files."""
        self._api.stop()
        self._file_host.stop()
        self._backend.files.close()
        if self._authority:
            self._authority.close()

    def __enter__(self) -> Self:
        """Returns the sandbox itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the sandbox."""
        self.close()
