"""A Meltano project for one test, whose plugins were installed once, and the processes that it starts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
MELTANO = ROOT / ".venv-meltano/bin/meltano"
INSTALLED = ROOT / ".venv-plugins/project"
TAP = "tap-talkdesk-reports"
PREFIX = "TAP_TALKDESK_REPORTS_"


@dataclass
class Finished:
    """What a command of Meltano left behind."""

    code: int
    stdout: str
    #: What Meltano logged, the plugins' lines among it.
    stderr: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The Singer messages that a plugin printed."""
        return [json.loads(line) for line in self.stdout.splitlines()]


class Project:
    """A Meltano project in a folder of its own: its own state, the plugins of all."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        """Make the project.

        Args:
            folder: Where; it is made.
            settings: Settings of the tap, given to each command by the environment.
        """
        self.folder = folder
        self._started: list[subprocess.Popen[str]] = []
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith((PREFIX, "TARGET_", "MELTANO_"))
        } | {"NO_COLOR": "1"}
        self.configure("tap-talkdesk-reports", **settings)
        own, installed = folder / ".meltano", INSTALLED / ".meltano"
        own.mkdir(parents=True)
        (folder / "output").mkdir()
        shutil.copy(INSTALLED / "meltano.yml", folder)
        shutil.copy(installed / "meltano.db", own)
        for plugins in ("extractors", "loaders"):
            (own / plugins).symlink_to(installed / plugins)

    def configure(self, plugin: str, **settings: Any) -> None:
        """Give settings of a plugin to all commands to come."""
        prefix = plugin.upper().replace("-", "_")
        self.environment |= {f"{prefix}_{name.upper()}": str(value) for name, value in settings.items()}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a command, as the leader of a process group of its own."""
        process = subprocess.Popen(
            [MELTANO, "--log-level=info", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def meltano(self, *arguments: str) -> Finished:
        """Run a command to its end, whatever that is."""
        return ended(self.start(*arguments))

    def done(self, *arguments: str) -> Finished:
        """Run a command that must succeed."""
        finished = self.meltano(*arguments)
        assert finished.code == 0, f"meltano {' '.join(arguments)}: {finished.stderr[-5000:]}"
        return finished

    def end(self) -> None:
        """End what a test has left running: commands, and plugins that have lost theirs."""
        for process in self._started:
            if process.returncode is None or process.returncode < 0:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    def state(self, target: str) -> dict[str, str] | None:
        """The bookmarks that Meltano keeps for a run of the tap into a target; None if it keeps no state."""
        kept = self.done("state", "get", f"test:{TAP}-to-{target}").stdout
        return bookmarks(json.loads(kept)) if kept.strip() not in {"", "{}"} else None


def projects(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Makes the project of a test, with settings of the tap, and ends what it has left running."""
    made = []

    def make(**settings: Any) -> Project:
        made.append(Project(tmp_path / f"project{len(made)}", **settings))
        return made[-1]

    yield make
    for project in made:
        project.end()


def bookmarks(state: dict[str, Any]) -> dict[str, str]:
    """Where each stream stands, by a state that has the shape in which Meltano keeps it, or the tap's own."""
    found = state.get("singer_state", state).get("bookmarks", {})
    return {stream: value["replication_key_value"] for stream, value in found.items() if value}


def ended(process: subprocess.Popen[str]) -> Finished:
    """Wait for the end of a command, and end it if it does not come."""
    try:
        stdout, stderr = process.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
        raise AssertionError(f"Meltano does not end: {stderr[-5000:]}") from None
    return Finished(process.returncode, stdout, stderr)


def plugin_process(meltano: subprocess.Popen[str], executable: str) -> int:
    """The process id of a plugin that a command of Meltano has started."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    processes = [line.split(None, 2) for line in listed.stdout.splitlines()]
    (found,) = (
        int(pid)
        for pid, parent, command in processes
        if int(parent) == meltano.pid and f"/bin/{executable} " in f"{command} "
    )
    return found


def is_running(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(so: Callable[[], Any], what: str, seconds: float = 120) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it has not come to be so in time.
    """
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, f"{what}: not so after {seconds:.0f} s"
        time.sleep(0.05)
