"""Shared by the tests: the tap as a process, a clock that moves only when slept on, the truth."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tap_talkdesk_reports.api import redaction
from tap_talkdesk_reports.core.clock import Clock, current_scope
from tests.support.forked_tap import TAP, run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from talkdesk_sandbox import Sandbox

#: The sandboxes of the current test. No outcome may contain a secret that they issued.
sandboxes: list[Sandbox] = []
SECRET_SETTINGS = ("client_secret", "password", "private_key")
_signature = re.compile("X-Amz-(?:Signature|Credential)(?:=|%3D)[0-9a-zA-Z]", re.IGNORECASE)


class SleptClock(Clock):
    """A clock that moves only when slept on."""

    def __init__(self, now: datetime = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)) -> None:
        self._start = now
        self._slept = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._slept)

    def monotonic(self) -> float:
        return self._slept

    def sleep(self, seconds: float) -> None:
        current_scope().wait(0)
        self._slept += max(0.0, seconds)

    def jittered(self, seconds: float) -> float:
        return seconds


@dataclass
class Outcome:
    """The result of a run: output, log and exit code."""

    code: int
    stdout: str
    stderr: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    #: Level and message of each log line, if the tap ran in the test's process.
    log: list[tuple[str, str]] = field(default_factory=list)

    def records(self, stream: str) -> list[dict[str, Any]]:
        return [m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream]

    @property
    def states(self) -> list[dict[str, Any]]:
        return [message["value"] for message in self.messages if message["type"] == "STATE"]

    def bookmark(self, stream: str) -> str | None:
        """Returns the stream's bookmark in the last STATE."""
        if not self.states:
            return None
        return self.states[-1].get("bookmarks", {}).get(stream, {}).get("replication_key_value")

    @property
    def errors(self) -> list[str]:
        """Messages of the log's ERROR lines."""
        lines = [line.split(" | ", 3)[3] for line in self.stderr.splitlines() if " | ERROR " in line]
        return lines + [message for level, message in self.log if level == "ERROR"]


def command(tmp_path: Path, config: dict[str, Any], *arguments: str, **files: Any) -> list[str]:
    """Returns the command line of the installed tap, with the JSON files `catalog` and `state` if given."""
    command = [str(TAP), "--config", _written(tmp_path / "config.json", config), *arguments]
    for name, content in files.items():
        if content is not None:
            command += [f"--{name}", _written(tmp_path / f"{name}.json", content)]
    return command


def run_tap(
    tmp_path: Path,
    config: dict[str, Any],
    *arguments: str,
    catalog: dict[str, Any] | None = None,
    state: dict[str, Any] | None = None,
    **environment: str,
) -> Outcome:
    """Runs the tap to its end, in a separate process."""
    finished = run(
        command(tmp_path, config, *arguments, catalog=catalog, state=state),
        text=True,
        cwd=tmp_path,
        env=clean_environment(**{"TAP_TALKDESK_REPORTS_LOGLEVEL": "DEBUG"} | environment),
    )
    assert_nothing_secret(finished.stdout, finished.stderr, settings=(config, environment))
    lines = finished.stdout.splitlines() if finished.stdout.startswith('{"') else []
    messages = [json.loads(line) for line in lines if line.startswith('{"type"')]
    return Outcome(finished.returncode, finished.stdout, finished.stderr, messages)


def assert_nothing_secret(*texts: str, settings: Iterable[dict[str, Any]] = ()) -> None:
    """Asserts that texts contain no secret of the settings, no token of a sandbox, and no signature.

    Every helper that runs the tap calls this, so that no test can forget it.
    """
    secrets = {
        str(value)
        for given in settings
        for name, value in given.items()
        if name.lower().removeprefix("tap_talkdesk_reports_") in SECRET_SETTINGS and len(str(value)) > 5
    }
    for given in settings:
        if "client_id" in given and isinstance(given.get("client_secret"), str):
            secrets.add(b64encode(f"{given['client_id']}:{given['client_secret']}".encode()).decode())
    for sandbox in sandboxes:
        secrets |= set(sandbox._backend.tokens._expiries) | {sandbox._backend.signer.secret}
        strangers = [entry for entry in sandbox.ledger if entry.api == "files" and entry.authorized]
        assert not strangers, "a request to the file host carried a token"
    for text in texts:
        assert not _signature.search(text), "a presigned URL is shown"
        for secret in secrets:
            for spelling in {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}:
                assert spelling not in text, f"a secret of {len(secret)} characters is shown"


def clean_environment(**more: str) -> dict[str, str]:
    """Returns the environment without settings for the tap."""
    return {k: v for k, v in os.environ.items() if not k.startswith("TAP_TALKDESK_REPORTS_")} | more


def redacted(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Redact a text as a process does that knows only these secrets."""
    redaction._secrets.clear()
    redaction.register_secret(*secrets)
    return redaction.redact(text)


def new_private_key() -> str:
    """Generates a private key in the form that Talkdesk provides: base64 PKCS#8 without PEM lines."""
    key = ec.generate_private_key(ec.SECP256R1())
    return b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


def utc(text: str) -> datetime:
    """Parses a date, or a date and time, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def as_record(row: dict[str, Any]) -> dict[str, Any]:
    """Returns the expected record of a row of the sandbox, without the tap's own code."""
    stamps = {name for name in row if name.endswith("_at")}
    return {
        name: value.replace(" ", "T") + "Z" if name in stamps and value is not None else value
        for name, value in row.items()
    }


def _written(path: Path, content: Any) -> str:
    path.write_text(json.dumps(content))
    return str(path)
