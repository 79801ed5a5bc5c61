"""A Meltano project for one test, with plugins that are installed once, and its processes."""

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
    """The result of a Meltano command."""

    code: int
    stdout: str
    #: Meltano's log, including the lines of the plugins.
    stderr: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Singer messages that a plugin printed."""
        return [json.loads(line) for line in self.stdout.splitlines()]


class Project:
    """A Meltano project in its own folder, with its own state and shared plugins."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        """Creates the project.

        Args:
            folder: Folder to create.
            settings: Settings of the tap, passed to each command in the environment.
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
        """Sets settings of a plugin for all later commands."""
        prefix = plugin.upper().replace("-", "_")
        self.environment |= {f"{prefix}_{name.upper()}": str(value) for name, value in settings.items()}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command, as the leader of its own process group."""
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
        """Runs a command to its end, successful or not."""
        return ended(self.start(*arguments))

    def done(self, *arguments: str) -> Finished:
        """Runs a command that must succeed."""
        finished = self.meltano(*arguments)
        assert finished.code == 0, f"meltano {' '.join(arguments)}: {finished.stderr[-5000:]}"
        return finished

    def end(self) -> None:
        """Ends the processes that a test left: commands, and plugins without their command."""
        for process in self._started:
            if process.returncode is None or process.returncode < 0:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    def state(self, target: str) -> dict[str, str] | None:
        """Returns the bookmarks in Meltano's state of a run into a target; None without a state."""
        kept = self.done("state", "get", f"test:{TAP}-to-{target}").stdout
        return bookmarks(json.loads(kept)) if kept.strip() not in {"", "{}"} else None


def projects(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Returns a function that creates a project with settings of the tap. Its processes end with the test."""
    made = []

    def make(**settings: Any) -> Project:
        made.append(Project(tmp_path / f"project{len(made)}", **settings))
        return made[-1]

    yield make
    for project in made:
        project.end()


def bookmarks(state: dict[str, Any]) -> dict[str, str]:
    """Returns the bookmarks in a state, in Meltano's shape or the tap's own."""
    found = state.get("singer_state", state).get("bookmarks", {})
    return {stream: value["replication_key_value"] for stream, value in found.items() if value}


def ended(process: subprocess.Popen[str]) -> Finished:
    """Waits for the end of a command, and kills it after the timeout."""
    try:
        stdout, stderr = process.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
        raise AssertionError(f"Meltano does not end: {stderr[-5000:]}") from None
    return Finished(process.returncode, stdout, stderr)


def plugin_process(meltano: subprocess.Popen[str], executable: str) -> int:
    """Returns the process id of a plugin that a Meltano command started."""
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
    """Returns whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(so: Callable[[], Any], what: str, seconds: float = 120) -> None:
    """Waits until a condition is true.

    Raises:
        AssertionError: it is not true in time.
    """
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, f"{what}: not so after {seconds:.0f} s"
        time.sleep(0.05)
