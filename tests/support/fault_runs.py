"""Runs with random faults from a seed, and the invariants after each run."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

from talkdesk_sandbox import Fault
from talkdesk_sandbox.faults.content import KINDS_OF_CONTENT
from talkdesk_sandbox.faults.kinds import KINDS
from tests.support.truth import as_set, explore_truth, truth, without_digest

STREAMS = ("calls", "user_status")


def random_faults(random, number):
    """Returns random faults of any kind and operation, each at most three times."""
    return [_random_fault(random) for _ in range(number)]


#: All kinds except those that change the content of a file, because the rows are compared with the truth.
TRANSIENT = sorted(KINDS.keys() - KINDS_OF_CONTENT.keys())


def _random_fault(random):
    name = random.choice(TRANSIENT)
    details = {
        "after": lambda: random.randrange(20_000),
        "seconds": lambda: 0.05,
        "reset": lambda: random.random() < 0.5,
        "retry_after": lambda: random.choice([None, 0, 1, 30]),
        "polls": lambda: random.randint(1, 3),
    }
    return Fault(
        random.choice(sorted(KINDS[name].operations)),
        name,
        times=random.randint(1, 3),
        **{detail: details[detail]() for detail in KINDS[name].details if detail in details},
    )


def moment(text):
    return datetime.fromisoformat(text).astimezone(UTC)


class Chain:
    """Runs that each continue from the last STATE of the one before, and all their records."""

    def __init__(self, sandbox, api, start, *, delay=timedelta(minutes=60)):
        self.sandbox, self.api, self.start, self.delay = sandbox, api, start, delay
        self.state = None
        self.runs = 0
        self.schemas = {}
        self.keys = {}
        self.records = {stream: [] for stream in STREAMS}

    def add(self, messages, now):
        """Adds the output of a run, and checks that no row is before its own bookmark."""
        self.runs += 1
        for message in messages:
            match message["type"]:
                case "SCHEMA":
                    self.schemas[message["stream"]] = message["schema"]
                    self.keys[message["stream"]] = message["bookmark_properties"][0]
                case "RECORD":
                    self._add(message["stream"], message["record"])
                case "STATE":
                    self._move(message["value"], now)

    def _add(self, stream, record):
        stamp, reached = record[self.keys[stream]], self.bookmark(stream)
        if stamp is not None and reached is not None:
            assert moment(stamp) >= reached, f"I2: a row of {stream} came again before its bookmark"
        self.records[stream].append(record)

    def _move(self, state, now):
        before = {stream: self.bookmark(stream) for stream in STREAMS}
        self.state = state
        for stream in STREAMS:
            reached = self.bookmark(stream)
            if before[stream]:
                assert reached is not None, f"I3: the bookmark of {stream} was lost"
                assert reached >= before[stream], f"I3: the bookmark of {stream} went back"
            if reached:
                assert reached <= now - self.delay, f"I3: the bookmark of {stream} is too late"

    def bookmark(self, stream):
        value = (self.state or {}).get("bookmarks", {}).get(stream, {}).get("replication_key_value")
        return moment(value) if value else None

    def compare(self):
        """Checks I1, and returns the numbers of compared, lost and doubled rows before the bookmarks."""
        compared = lost = doubled = 0
        for stream in STREAMS:
            reached = self.bookmark(stream)
            if reached is None:
                continue
            span = (self.start, reached.replace(tzinfo=None).isoformat())
            if self.api == "explore":
                wanted = as_set(explore_truth(self.sandbox, stream, self.schemas[stream], *span))
                got = as_set(without_digest(self.records[stream]))
            else:
                wanted, got = as_set(truth(self.sandbox, stream, *span)), as_set(self.records[stream])
            compared += wanted.total()
            lost += len(set(wanted) - set(got))
            doubled += sum(number - wanted[row] for row, number in got.items() if row in wanted)
            # A row that is not in the truth before the bookmark must be after it.
            key = self.keys.get(stream)
            strange = [row for row in set(got) - set(wanted) if moment(json.loads(row)[key]) < reached]
            assert not strange, f"I1: rows of {stream} were changed: {strange[:1]}"
        return compared, lost, doubled

    def assert_few_jobs(self, planned, width):
        """Asserts I5, and for Explore that no job is repeated unless one failed."""
        met = Counter(entry.fault for entry in self.sandbox.ledger if entry.fault)
        allowed = planned + (self.runs - 1) * width + 2 * met.total()
        assert len(self.sandbox.jobs) <= allowed, f"I5: {len(self.sandbox.jobs)} jobs, {allowed} allowed"

    def assert_few_at_once(self, width):
        """Asserts I4, except for jobs that the tap could not know of or cancel."""
        unknown = sum(
            entry.fault is not None and entry.operation in {"create", "cancel", "list"}
            for entry in self.sandbox.ledger
        )
        assert self.sandbox.most_open_jobs <= width + unknown, "I4: too many jobs at once"
