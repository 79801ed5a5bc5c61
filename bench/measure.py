"""What commands use, measured in turns."""

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
#: No command takes so many seconds, unless it hangs.
_PATIENCE = 1200
#: The stream of what was read: no report of Talkdesk.
_EVIDENCE = "report_files"
#: The tap as it is installed beside this Python.
TAP = Path(sys.executable).with_name("tap-talkdesk-reports")


@dataclass(frozen=True)
class Usage:
    """What one run of a command used."""

    #: Seconds of processor, user and system, children included.
    cpu: float
    #: Seconds that passed.
    wall: float
    #: The most memory that it occupied, in MiB.
    peak: float
    #: When it began, on the clock of `time.monotonic`.
    began: float = 0

    @classmethod
    def median(cls, usages: Sequence[Usage]) -> Usage:
        """The median of each figure."""
        dicts = [asdict(usage) for usage in usages]
        return cls(**{name: median(each[name] for each in dicts) for name in dicts[0]})


def run(
    command: Command, output: Path | str = os.devnull, variables: Mapping[str, str] | None = None
) -> Usage:
    """Run a command to its end.

    Args:
        command: The command.
        output: Where its standard output goes.
        variables: What its environment has beside this one's.

    Raises:
        RuntimeError: it failed; the message has the end of its log.
        TimeoutExpired: it hangs.
    """
    (used,) = run_joined([command], output, variables)
    return used


def run_joined(
    commands: Sequence[Command], output: Path | str = os.devnull, variables: Mapping[str, str] | None = None
) -> list[Usage]:
    """Run commands to their end, each reading what the one before it writes; what each used.

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
        # If one fails, those before it often do because of that.
        for command, used in reversed(list(zip(commands, usages, strict=True))):
            if code := used.pop("code"):
                last = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
                raise RuntimeError(f"{last}\n{command[0]} ended with code {code}")
    return [Usage(**used) for used in usages]


def _printed(command: Command, variables: Mapping[str, str] | None = None) -> str:
    """What a command prints; neither it nor its children outlive this call."""
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
    commands: Mapping[str, Command], rounds: int, told: Callable[[str], None] = lambda _: None
) -> dict[str, list[Usage]]:
    """What each command used in each round, in turns (A B C, A B C) so that a busy spell meets all alike."""
    usages: dict[str, list[Usage]] = {name: [] for name in commands}
    for number in range(1, rounds + 1):
        for name, command in commands.items():
            usages[name].append(run(command))
            used = usages[name][-1]
            told(f"{name}, round {number} of {rounds}: {used.wall:.1f} s, {used.cpu:.1f} s of processor")
    return usages


def medians(commands: Mapping[str, Command], rounds: int) -> dict[str, Usage]:
    """The median usage of each command, run in turns."""
    return {name: Usage.median(each) for name, each in in_turns(commands, rounds).items()}


@contextmanager
def serving(command: Command, until: str) -> Generator[list[str]]:
    """A server as a process of its own, and the lines that it has printed up to one that begins so.

    Raises:
        RuntimeError: it ended before that.
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
                raise RuntimeError(f"{command} has ended")
            yield lines
        finally:
            process.terminate()


def selecting(streams: Collection[str], config: Command, catalog: Path) -> Path:
    """A catalog of the tap, as a file, in which just these streams are selected.

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
    """The streams that are read from Talkdesk, in the order of the tap's catalog.

    Args:
        config: The option that names the tap's config.
        catalog: Where the catalog can be written.
    """
    found = json.loads(selecting((), config, catalog).read_text())["streams"]
    return [name for stream in found if (name := stream["tap_stream_id"]) != _EVIDENCE]


def environment() -> dict[str, str]:
    """The environment without anybody's settings for the tap, and with loopback reached directly."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAP_")}
    unproxied = ",".join(filter(None, (kept.get("no_proxy") or kept.get("NO_PROXY"), "127.0.0.1")))
    return kept | {"NO_PROXY": unproxied, "no_proxy": unproxied}
