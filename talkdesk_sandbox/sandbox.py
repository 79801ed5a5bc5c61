"""The sandbox as a whole: two servers on loopback over one backend."""

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
    """A stand-in for Talkdesk; serves from construction to `close`, or as a `with` block."""

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
        """Open the contact centre and listen.

        Args:
            port: Port of the API host; 0 is any free one.
            files_port: Port of the file host; 0 is any free one.
            seed: Decides every row.
            calls_per_day: Calls of an average day.
            agents: Least number of agents; there are more where the calls need them.
            pace: When a job turns done; at once by default.
            faults: Faults to be met, in order per operation.
            clock: The wall clock: job times, Date headers, tokens, presigned URLs.
            sleep: Makes the pauses of faults; by default they take their time.
            token_seconds: Lifetime of an access token.
            url_seconds: Lifetime of a presigned URL.
            max_open_jobs: Unfinished jobs the account may have.
            bounds: `closed` if the Reporting API's `to` is inclusive, else `half-open`.
            reporting_fields: `2016` or `2017`: since when the Reporting API has the fields of its files.
            forbidden_reports: Reports the account may not make, in either API.
            explore: How the Explore API behaves where the documents leave a choice.
            bucket: Keeps and presigns the files; without one the file host does.
            chunked: Whether the API answers in chunks, without a Content-Length.
            tls: Whether both hosts are https, with a certificate of the authority in `ca_file`.
            announced_url: Where clients reach the API host, if a proxy stands in front of it.
            announced_files_url: The same for the file host; presigned URLs are made for it.
            settle_seconds: How long after its end a row becomes available to new jobs.
            longest_timespan_hours: The account's own limit for the timespan of a job, in both APIs.
            account: The account to sign in to.
            client_id: The client's id.
            client_secret: The client's secret.
            client_version: The client's version.
            username: Who signs in.
            password: Their password.

        Raises:
            ValueError: `bounds`, `reporting_fields` or a forbidden report is none that exists.
            OSError: a port is taken.
            RuntimeError: `tls` needs `cryptography`, which is not installed.
        """
        forbidden = frozenset(forbidden_reports)
        if bounds not in BOUNDS or not forbidden <= EXPLORE_REPORTS:
            raise ValueError(f"bounds are one of {BOUNDS}, and reports of {sorted(EXPLORE_REPORTS)}")
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
        """Settings of a tap that reads from the Reporting API here."""
        return with_password(self._backend.credentials, self.url)

    @property
    def explore_config(self) -> dict[str, str]:
        """Settings of a tap that reads from the Explore API here, with a client secret."""
        return with_secret(self._backend.credentials, self.url)

    @property
    def explore_key_config(self) -> dict[str, str]:
        """The same with a private key, which is made on the first call.

        Raises:
            RuntimeError: `cryptography` is not installed.
        """
        return with_key(self._backend.credentials, self.url, self._backend.explore_key)

    @property
    def reporting_oauth_config(self) -> dict[str, str]:
        """Settings of a tap that reads from the Reporting API as in its last years, with a client secret."""
        return {**self.explore_config, "api": "reporting"}

    @property
    def jobs(self) -> list[Job]:
        """Every job so far, oldest first."""
        return self._backend.jobs.all()

    @property
    def most_open_jobs(self) -> int:
        """How many jobs were unfinished at once, at the most."""
        return self._backend.jobs.most_open

    @property
    def secrets(self) -> set[str]:
        """What no client may show: password, client secret (also as Basic), tokens, signatures of URLs."""
        ours = self._backend.credentials
        pair = base64.b64encode(f"{ours['client_id']}:{ours['client_secret']}".encode()).decode()
        return self._backend.secrets | {ours["password"], ours["client_secret"], pair}

    def rows(self, report: str, start: datetime, end: datetime, api: str = "reporting") -> list[Row]:
        """The truth: rows as in a JSON file whose end time t has start <= t < end.

        They are ordered by end time, then key. The times must have a zone. With
        `api="explore"` the time is the one that the report filters on.
        """
        if api == "explore":
            return list(reports_of(self._backend.explore)[report].between(self._backend.centre, start, end))
        return list(self._backend.reporting_reports[report].between(self._backend.centre, start, end))

    def add_fault(self, fault: Fault) -> None:
        """Append a fault to those that wait."""
        self._backend.faults.add(fault)

    def unmet_faults(self) -> list[Fault]:
        """Faults that were met fewer than `times` times."""
        return self._backend.faults.unmet()

    def close(self) -> None:
        """Stop both servers and remove all files."""
        self._api.stop()
        self._file_host.stop()
        self._backend.files.close()
        if self._authority:
            self._authority.close()

    def __enter__(self) -> Self:
        """The sandbox itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()
