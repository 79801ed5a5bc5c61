"""The sandbox as a distant server, with TLS and a round trip. Counts connections and requests."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import certifi

from bench.measure import serving
from talkdesk_sandbox import CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from bench.measure import Command

_RELAY = Path(__file__).with_name("relay.py")
_SANDBOX = (sys.executable, "-m", "talkdesk_sandbox", "--tls")


@dataclass(frozen=True)
class Seen:
    """The connections and requests since the last call of `seen`."""

    #: When each connection was opened (`time.monotonic`), and whether to the file host.
    opened: list[tuple[float, bool]]
    #: The operation of each request, such as `create`.
    requests: list[str]


class Far:
    """A distant sandbox."""

    def __init__(self, url: str, ca_file: str, port: int, relay: subprocess.Popen[str]) -> None:
        """Clients use `url`. The ledger is read directly from `port`."""
        self.settings: Mapping[str, str] = {
            **{name: CREDENTIALS[name] for name in ("account", "client_id", "client_secret")},
            "api_url": url,
            "token_url": f"{url}/oauth/token",
        }
        #: Environment variables with which a client trusts the sandbox.
        self.environment = {"REQUESTS_CA_BUNDLE": ca_file}
        self._relay, self._port, self._looked_at = relay, port, 0
        self._trust = ssl.create_default_context(cafile=ca_file)

    def seen(self) -> Seen:
        """Returns the connections and requests since the last call."""
        assert self._relay.stdin
        assert self._relay.stdout
        self._relay.stdin.write("\n")
        self._relay.stdin.flush()
        opened = json.loads(self._relay.stdout.readline())
        ledger = self._ledger()
        new, self._looked_at = ledger[self._looked_at :], len(ledger)
        return Seen([(at, port != self._port) for at, port in opened], [entry["operation"] for entry in new])

    def _ledger(self) -> list[dict[str, Any]]:
        with closing(HTTPSConnection("127.0.0.1", self._port, context=self._trust)) as connection:
            connection.request("GET", "/sandbox/ledger")
            ledger: list[dict[str, Any]] = json.load(connection.getresponse())
            return ledger


@contextmanager
def far(round_trip: float, *options: str) -> Generator[Far]:
    """Runs a distant sandbox.

    Args:
        round_trip: Seconds.
        options: Further options of the sandbox.

    Yields:
        The sandbox, until the block ends.
    """
    port, files_port = _free_ports()
    with ExitStack() as stack:
        command: Command = [sys.executable, "-I", _RELAY, str(round_trip), str(port), str(files_port)]
        relay = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        assert relay.stdout
        url, files_url = (f"https://127.0.0.1:{number}" for number in relay.stdout.readline().split())
        announced = f"--announced-url={url}", f"--announced-files-url={files_url}"
        listening = f"--port={port}", f"--files-port={files_port}"
        lines = stack.enter_context(serving([*_SANDBOX, *listening, *announced, *options], "Ctrl-C"))
        (ca_file,) = (line.partition("=")[2] for line in lines if line.startswith("trust"))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        yield Far(url, _bundle(ca_file, folder), port, relay)


def _bundle(ca_file: str, folder: Path) -> str:
    """Writes a CA bundle of realistic size, with the sandbox's CA, because a client must read it."""
    bundle = folder / "bundle.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes() + Path(ca_file).read_bytes())
    return str(bundle)


def _free_ports() -> tuple[int, int]:
    """Returns two free ports."""
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
