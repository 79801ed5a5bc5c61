"""Makes a virtual environment for each target, with uv: targets need different versions of one package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.targets.table import Target

FOLDER = Path(__file__).parents[2] / ".venv-targets"
UV = FOLDER / "uv/bin/uv"
#: pipelinewise-target-postgres wants a psycopg2 that has no wheel for Python 3.12 and newer.
OVERRIDE = "psycopg2-binary>=2.9.10\n"


def installed(target: Target) -> Path:
    """The executable of a target, which is installed if it is not there yet.

    Raises:
        CalledProcessError: the packages cannot be installed.
    """
    folder = FOLDER / target.slug
    program, done = folder / "bin" / target.program, folder / "built"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder], check=True)
        override = folder / "override.txt"
        override.write_text(OVERRIDE)
        options = ["--quiet", "--python", str(folder), "--override", str(override)]
        subprocess.run([UV, "pip", "install", *options, *target.packages], check=True)
        done.touch()
    return program
