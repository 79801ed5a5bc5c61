"""The tap as it is here, and beside it as it was at another commit."""

from __future__ import annotations

import compileall
import io
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.measure import environment

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

_ROOT = Path(__file__).parent.parent
_PACKAGE = "tap_talkdesk_reports"


@dataclass(frozen=True)
class Version:
    """One version of the tap."""

    name: str
    #: What its processes need in their environment.
    environment: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def versions(beside: str | None) -> Generator[list[Version]]:
    """This version, and that of a commit if one is named; both run with the packages of this Python.

    They are compiled before, as pip does with what it installs: where PYTHONDONTWRITEBYTECODE is set,
    each run would compile them once more.

    Args:
        beside: A commit, a branch or a tag of this repository.

    Raises:
        CalledProcessError: there is no such commit.
        RuntimeError: the other version is not the one that Python finds.
    """
    here = Version("this tap")
    compileall.compile_dir(_ROOT / _PACKAGE, quiet=1)
    if beside is None:
        yield [here]
        return
    with TemporaryDirectory(prefix="bench-") as folder:
        archive = subprocess.run(
            ["git", "archive", beside, _PACKAGE],  # noqa: S607 - the git of this clone
            cwd=_ROOT,
            capture_output=True,
            check=True,
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        compileall.compile_dir(folder, quiet=1)
        other = Version(beside, {"PYTHONPATH": folder})
        where = f"import {_PACKAGE} as tap; print(tap.__file__)"
        found = subprocess.run(
            [sys.executable, "-P", "-c", where],
            env=environment() | dict(other.environment),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        if not found.startswith(folder):
            raise RuntimeError(f"{beside}: its package was to be found, and {found.strip()} was")
        yield [here, other]
