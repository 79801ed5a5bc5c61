"""Whole runs with random faults. `FUZZ_SEEDS=500` runs more seeds. A seed gives the same faults each time."""

from __future__ import annotations

import os
import random

import pytest

from talkdesk_sandbox import Pace
from tests.support.fault_runs import STREAMS, Chain, random_faults

pytestmark = pytest.mark.wide

DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-06", "timespan_hours": 24}
END = "2026-03-06T00:00:00+00:00"
WIDTH = 3
PLANNED = 8
MOST_RUNS = 12
SEEDS = int(os.environ.get("FUZZ_SEEDS", "12"))


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("api", ["reporting", "explore"])
def test_random_faults_lose_no_row(start_sandbox, in_process, clock, api, seed):
    chance = random.Random(f"{api} {seed}")
    faults = random_faults(chance, chance.randint(3, 8))
    sandbox = start_sandbox(clock=clock.now, faults=faults, pace=Pace.after_polls(chance.randint(0, 2)))
    config = (sandbox.config if api == "reporting" else sandbox.explore_config) | DAYS
    config |= {
        "max_concurrent_jobs": WIDTH,
        "format": chance.choice(["json", "csv"]) if api == "reporting" else "json",
    }
    chain = Chain(sandbox, api, DAYS["start_date"])
    described = f"seed {seed} of {api}: {faults}"

    for _ in range(MOST_RUNS):
        outcome = in_process(config, state=chain.state)
        chain.add(outcome.messages, clock.now())
        complete = all(str(chain.bookmark(stream)).replace(" ", "T") == END for stream in STREAMS)
        assert (outcome.code == 0) == complete, f"I7, {described}: {outcome.errors}"
        if complete:
            break
    compared, lost, _ = chain.compare()

    assert complete, described
    assert compared > 100, described
    assert lost == 0, described
    assert any(entry.fault for entry in sandbox.ledger), described
    chain.assert_few_jobs(PLANNED, WIDTH)
    chain.assert_few_at_once(WIDTH)
