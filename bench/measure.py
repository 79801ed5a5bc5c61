"""Runs commands in turns and measures their time and memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping, Sequence

    Command = Sequence[str | Path]

_LAUNCH = Path(__file__).with_name("launch.py")
_ROOT = _LAUNCH.parent.parent
#: Timeout in seconds. No command takes that long, unless it hangs.
_PATIENCE = 1200
#: The stream of the evidence, which is not a report of Talkdesk.
_EVIDENCE = "report_files"
#: The tap that is installed beside this Python.
TAP = Path(sys.executable).with_name("tap-talkdesk-reports")


@dataclass(frozen=True)
class Usage:
    """The time and memory of one run of a command."""

    #: CPU seconds, user and system, including children.
    cpu: float
    #: Seconds of wall time.
    wall: float
    #: Peak memory in MiB.
    peak: float
    #: Start of the run (`time.monotonic`).
    began: float = 0

    @classmethod
    def median(cls, usages: Sequence[Usage]) -> Usage:
        """Returns the median of each figure."""
        dicts = [asdict(usage) for usage in usages]
        return cls(**{name: median(each[name] for each in dicts) for name in dicts[0]})


def run(
    command: Command, output: Path | str = os.devnull, variables: Mapping[str, str] | None = None
) -> Usage:
    """Runs a command to its end.

    Args:
        command: The command.
        output: File for its standard output.
        variables: Additional environment variables.

    Raises:
        RuntimeError: it failed; the message has the end of its log.
        TimeoutExpired: it hangs.
    """
    (used,) = run_joined([command], output, variables)
    return used


def run_joined(
    commands: Sequence[Command], output: Path | str = os.devnull, variables: Mapping[str, str] | None = None
) -> list[Usage]:
    """Runs commands joined by pipes to their end, and returns what each used.

    Raises:
        RuntimeError: one failed; the message has the end of their log.
        TimeoutExpired: one hangs.
    """
    joined: list[str | Path] = list(commands[0])
    for command in commands[1:]:
        joined += ["|", *command]
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        usages = json.loads(_printed([sys.executable, "-I", "-S", _LAUNCH, output, log, *joined], variables))
        # If one fails, the ones before it often fail because of that.
        for command, used in reversed(list(zip(commands, usages, strict=True))):
            if code := used.pop("code"):
                last = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
                raise RuntimeError(f"{last}\n{command[0]} ended with code {code}")
    return [Usage(**used) for used in usages]


def _printed(command: Command, variables: Mapping[str, str] | None = None) -> str:
    """Returns the output of a command. It and its children end with this call at the latest."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=environment() | dict(variables or {}),
        cwd=_ROOT,
        start_new_session=True,
    ) as process:
        try:
            return process.communicate(timeout=_PATIENCE)[0]
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def in_turns(
    commands: Mapping[str, Command], rounds: int, log: Callable[[str], None] = lambda _: None
) -> dict[str, list[Usage]]:
    """Runs commands in turns (A B C, A B C), so that a busy machine affects all of them equally."""
    usages: dict[str, list[Usage]] = {name: [] for name in commands}
    for number in range(1, rounds + 1):
        for name, command in commands.items():
            usages[name].append(run(command))
            used = usages[name][-1]
            log(f"{name}, round {number} of {rounds}: {used.wall:.1f} s, {used.cpu:.1f} s CPU")
    return usages


def medians(commands: Mapping[str, Command], rounds: int) -> dict[str, Usage]:
    """Returns the median usage of each command, run in turns."""
    return {name: Usage.median(each) for name, each in in_turns(commands, rounds).items()}


@contextmanager
def serving(command: Command, until: str) -> Generator[list[str]]:
    """Runs a server process, and yields its output up to the line that begins with `until`.

    Raises:
        RuntimeError: it ended before that line.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout
        try:
            lines = []
            for line in process.stdout:
                lines.append(line.strip())
                if lines[-1].startswith(until):
                    break
            else:
                raise RuntimeError(f"{command} ended")
            yield lines
        finally:
            process.terminate()


def selecting(streams: Collection[str], config: Command, catalog: Path) -> Path:
    """Writes a catalog of the tap in which only these streams are selected, and returns its path.

    Args:
        streams: Their names.
        config: The option that names the tap's config.
        catalog: Where to write it.
    """
    discover = [TAP, *config, "--discover"]
    found = json.loads(subprocess.run(discover, capture_output=True, check=True, env=environment()).stdout)
    for stream in found["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in streams
    catalog.write_text(json.dumps(found))
    return catalog


def every_stream(config: Command, catalog: Path) -> list[str]:
    """Returns the streams that are read from Talkdesk, in the order of the tap's catalog.

    Args:
        config: The option that names the tap's config.
        catalog: Where the catalog can be written.
    """
    found = json.loads(selecting((), config, catalog).read_text())["streams"]
    return [name for stream in found if (name := stream["tap_stream_id"]) != _EVIDENCE]


def environment() -> dict[str, str]:
    """Returns the environment without settings for the tap, and without a proxy for loopback."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAP_")}
    unproxied = ",".join(filter(None, (kept.get("no_proxy") or kept.get("NO_PROXY"), "127.0.0.1")))
    return kept | {"NO_PROXY": unproxied, "no_proxy": unproxied}
