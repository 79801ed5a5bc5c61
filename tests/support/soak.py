"""Two hundred runs of each API over a simulated month, with random faults: `make soak`.

The clock moves only when slept on, so a month takes minutes. The seed `SOAK_SEED` decides everything.
"""

from __future__ import annotations

import gc
import io
import json
import logging
import os
import random
import signal
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from datetime import timedelta
from itertools import count

from talkdesk_sandbox import Pace, Sandbox
from tap_talkdesk_reports.sync.sync_all import sync_all
from tap_talkdesk_reports.tap import TapTalkdeskReports
from tests.support import SleptClock, assert_nothing_secret, sandboxes, utc
from tests.support.fault_runs import STREAMS, Chain, random_faults

RUNS = int(os.environ.get("SOAK_RUNS", "200"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
WIDTH = 4
#: The last runs have no faults, so that they can read the whole month.
CALM_RUNS = 4
WARM_UP = 40
#: Limit in bytes for the growth of memory after the warm-up, without the records that are kept here.
GROWTH = 8 << 20
START = "2026-03-01"


class Soak:
    """A sandbox, and a chain of runs that read from one of its APIs."""

    def __init__(self, api, chance):
        self.api, self.chance = api, chance
        self.clock = SleptClock(utc("2026-03-01T06:00:00"))
        self.tap = None
        self.codes = Counter()
        self.cut = 0
        pace = Pace.after_seconds(20)
        self.sandbox = Sandbox(calls_per_day=30, agents=4, clock=self.now, pace=pace)
        sandboxes.append(self.sandbox)
        self.chain = Chain(self.sandbox, api, START)
        self._stop_at, self._asked = None, count()
        self._watch()

    def now(self):
        """Returns the time of the latest run's clock."""
        return self.clock.now()

    def _watch(self):
        """Sends a stop signal with a random request, so that it can come at any point of a run."""
        answer = self.sandbox._api.answer

        def watched(request):
            if next(self._asked) == self._stop_at and self.tap is not None:
                self.tap.stop.note(signal.SIGTERM)
            return answer(request)

        self.sandbox._api.answer = watched

    def run(self, number):
        """Does one run, some hours after the one before."""
        calm = number >= RUNS - CALM_RUNS
        hours = 2 * 30 * 24 / RUNS * self.chance.random()
        # A new clock, as in a new process: a stopped clock stays stopped.
        self.clock = SleptClock(self.clock.now() + timedelta(hours=hours))
        self._asked, self._stop_at = count(), None
        config = self.sandbox.config if self.api == "reporting" else self.sandbox.explore_config
        config = config | {"start_date": START, "timespan_hours": 24, "max_concurrent_jobs": WIDTH}
        if not calm:
            for fault in random_faults(self.chance, self.chance.randint(0, 2)):
                self.sandbox.add_fault(fault)
            if self.chance.random() < 0.15:
                self._stop_at = self.chance.randrange(12)
            if self.chance.random() < 0.15:
                config["stop_after_minutes"] = 1
            self.cut += self._stop_at is not None or "stop_after_minutes" in config
        code, stdout, log = self._sync(config)
        assert_nothing_secret(stdout, log, settings=[config])
        self.codes[code] += 1
        self.chain.add([json.loads(line) for line in stdout.splitlines()], self.clock.now())
        _, lost, _ = self.chain.compare() if number % 20 == 19 or calm else (0, 0, 0)
        assert lost == 0, f"I1: run {number}: {lost} rows are lost"
        self.chain.assert_few_at_once(2 * WIDTH)

    def _sync(self, config):
        class Tap(TapTalkdeskReports):
            clock = self.clock

        log = io.StringIO()
        handler = logging.StreamHandler(log)
        usual, logger = sys.stdout, logging.getLogger()
        with tempfile.TemporaryFile() as file:
            sys.stdout = io.TextIOWrapper(file)
            try:
                self.tap = Tap(config=config, state=self.chain.state)
                # The tap sets signal handlers, but Ctrl-C must end the whole soak.
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                signal.signal(signal.SIGHUP, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                logger.handlers = [handler]
                code = sync_all(self.tap.runs, self.tap.report_streams, lambda: self.tap.state, {})
            finally:
                sys.stdout.flush()
                sys.stdout.detach()
                sys.stdout, self.tap = usual, None
            file.seek(0)
            return code, file.read().decode(), log.getvalue()


def soak(api):
    """Does all runs of one API and returns the figures."""
    chance = random.Random(f"{api} {SEED}")
    began = time.monotonic()
    it, floor = Soak(api, chance), 0
    tracemalloc.start()
    for number in range(RUNS):
        it.run(number)
        if number == WARM_UP:
            gc.collect()
            floor = own_memory()
        if number % 20 == 19:
            print(
                f"{api}: run {number + 1} of {RUNS}, {it.clock.now():%Y-%m-%d}, {len(it.sandbox.jobs)} jobs, "
                f"{time.monotonic() - began:.0f} s",
                flush=True,
            )
    gc.collect()
    growth, peak = own_memory() - floor, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    compared, lost, doubled = it.chain.compare()
    behind = [it.clock.now() - it.chain.bookmark(stream) for stream in STREAMS]
    met = Counter(entry.fault for entry in it.sandbox.ledger if entry.fault)
    it.sandbox.close()
    sandboxes.clear()
    assert lost == 0
    assert compared > 1000
    assert max(behind) < timedelta(hours=30), f"the last runs did not read everything: {behind}"
    assert growth < GROWTH, f"the tap grew by {growth} bytes"
    # For each stream: the days of the month, and in each run the day that has begun. A run that is stopped
    # may lose the jobs that it created ahead.
    allowed = len(STREAMS) * (RUNS + 31) + (it.cut + RUNS - it.codes[0]) * WIDTH + 2 * met.total()
    assert len(it.sandbox.jobs) <= allowed
    return {
        "API": api,
        "runs": RUNS,
        "ended well": it.codes[0],
        "failed or stopped": RUNS - it.codes[0],
        "faults met": met.total(),
        "kinds of faults met": len(met),
        "jobs": len(it.sandbox.jobs),
        "rows compared": compared,
        "rows lost": lost,
        "rows doubled": doubled,
        "growth of the tap, KiB": growth >> 10,
        "peak of all, MiB": peak >> 20,
        "seconds": round(time.monotonic() - began),
    }


def own_memory():
    """Returns the bytes held by the tap and its libraries, without the sandbox and this test."""
    snapshot = tracemalloc.take_snapshot().filter_traces(
        [
            tracemalloc.Filter(False, "*/talkdesk_sandbox/*"),
            tracemalloc.Filter(False, "*/tests/*"),
            tracemalloc.Filter(False, "*/json/*"),  # the records for the comparison at the end
            tracemalloc.Filter(False, "*/tracemalloc.py"),
        ]
    )
    return sum(each.size for each in snapshot.statistics("filename"))


def main():
    """Runs the soak of both APIs and prints a table."""
    figures = [soak(api) for api in ("reporting", "explore")]
    print()
    for name in figures[0]:
        print(f"{name:24}" + "".join(f"{each[name]:>12}" for each in figures))


if __name__ == "__main__":
    main()
