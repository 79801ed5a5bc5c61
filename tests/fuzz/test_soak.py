"""A small soak: `make soak` runs more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOAK = "import sys; from tests.support.soak import soak; print(soak(sys.argv[1])['runs'], 'runs')"


@pytest.mark.wide
@pytest.mark.parametrize("api", ["reporting", "explore"])
def test_sixty_runs_over_a_simulated_month_lose_no_row_and_keep_no_memory(api):
    """It runs in a separate process, because its memory is measured. The soak itself asserts."""
    environment = os.environ | {"SOAK_RUNS": "60"}

    soaked = subprocess.run(
        [sys.executable, "-c", SOAK, api],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert soaked.returncode == 0, soaked.stderr
    assert soaked.stdout.endswith("60 runs\n")
