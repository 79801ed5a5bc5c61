"""The current version of the tap, and that of another commit to compare with."""

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
    #: Environment variables of its processes.
    environment: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def versions(beside: str | None) -> Generator[list[Version]]:
    """Yields this version, and that of a commit if one is given. Both use the packages of this Python.

    They are compiled first, as pip does on installation. Without that, each run would compile them again
    if PYTHONDONTWRITEBYTECODE is set.

    Args:
        beside: A commit, a branch or a tag of this repository.

    Raises:
        CalledProcessError: there is no such commit.
        RuntimeError: Python does not find the other version's package.
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
            raise RuntimeError(f"{beside}: Python finds {found.strip()} instead of its package")
        yield [here, other]
