"""Work ahead of its turn: in order, never wider than allowed, and ended for whoever does not want it."""

from __future__ import annotations

import threading
import time

import pytest

from tap_talkdesk_reports.core.clock import Clock, Stopped
from tap_talkdesk_reports.sync.lookahead import LookAhead, Turn

SOON = 10


class Work:
    """Pieces of work that tell how many of them hold a slot, and end when they are told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.begun = []
        self.ended = []
        self.most = 0
        self.clock = Clock()

    def turn(self, owner, *results, gate=None, sleep=0.0):
        clock = self.clock.branch()
        return Turn(owner, self._work(f"{owner}{results}", results, gate, sleep, clock), clock)

    def _work(self, name, results, gate, sleep, clock):
        with self.lock:
            self.begun.append(name)
            self.most = max(self.most, len(self.begun) - len(self.ended))
        try:
            if gate is not None:
                assert gate.wait(SOON)
            clock.sleep(sleep)
            for result in results:
                if isinstance(result, Exception):
                    raise result
                yield result
        finally:
            with self.lock:
                self.ended.append(name)


@pytest.fixture
def work():
    work = Work()
    yield work
    work.clock.stop()


def no_wait(waited):
    """For turns whose end is near: a test that hangs must fail."""
    assert waited < SOON


def consume(turns):
    """All results of some turns, as a consumer should read them."""
    for turn in turns:
        while (result := turn.result(no_wait)) is not None:
            yield result
            turn.go_on()


def until(condition):
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.002)


def test_results_come_in_the_order_of_the_plan_whatever_ends_first(work):
    gate = threading.Event()
    lookahead = LookAhead([work.turn("a", 1, gate=gate), work.turn("a", 2), work.turn("a", 3)], width=3)
    until(lambda: len(work.begun) == 3)

    gate.set()

    assert list(consume(lookahead.turns("a"))) == [1, 2, 3]


def test_later_work_runs_while_earlier_results_are_not_read(work):
    LookAhead([work.turn("a", 1), work.turn("a", 2), work.turn("b", 3)], width=3)

    until(lambda: len(work.begun) == 3)


def test_a_turn_gives_all_its_results(work):
    lookahead = LookAhead([work.turn("a", 1, 2, 3), work.turn("a"), work.turn("a", 4)], width=2)

    assert list(consume(lookahead.turns("a"))) == [1, 2, 3, 4]


def test_each_owner_gets_its_own_results(work):
    turns = [work.turn(owner, f"{owner}{n}") for n in range(3) for owner in ("a", "b")]
    lookahead = LookAhead(turns, width=6)

    assert list(consume(lookahead.turns("a"))) == ["a0", "a1", "a2"]
    assert list(consume(lookahead.turns("b"))) == ["b0", "b1", "b2"]
    assert list(consume(lookahead.turns("nobody"))) == []


@pytest.mark.parametrize("width", [1, 2, 5])
def test_never_more_is_under_way_or_unread_than_the_width_allows(work, width):
    lookahead = LookAhead([work.turn("a", n, sleep=0.001) for n in range(30)], width)
    until(lambda: len(work.begun) == width)

    for n, _ in enumerate(consume(lookahead.turns("a"))):
        assert len(work.begun) <= n + width

    assert work.most == width
    assert len(work.ended) == 30


def test_a_slot_is_held_until_the_result_is_consumed(work):
    """Else files would pile up on the disk before a slow target."""
    lookahead = LookAhead([work.turn("a", 1), work.turn("a", 2), work.turn("a", 3)], width=2)
    turns = lookahead.turns("a")

    next(turns).result(no_wait)
    until(lambda: len(work.begun) == 2)
    time.sleep(0.05)
    begun_before = len(work.begun)
    next(turns)
    until(lambda: len(work.begun) == 3)

    assert begun_before == 2


def test_a_turn_without_a_slot_waits_and_its_consumer_can_look_up(work):
    gate = threading.Event()
    lookahead = LookAhead([work.turn("a", 1, gate=gate), work.turn("b", 2)], width=1)
    looked_up = []

    def look_up(waited):
        looked_up.append(waited)
        if len(looked_up) == 3:
            raise Stopped

    with pytest.raises(Stopped):
        next(lookahead.turns("b")).result(look_up)
    gate.set()

    assert list(consume(lookahead.turns("a"))) == [1]
    assert list(consume(lookahead.turns("b"))) == [2]
    assert looked_up == pytest.approx([0, 0.2, 0.4])


def test_an_error_reaches_the_consumer_in_its_turn(work):
    error = OSError("disk full")
    lookahead = LookAhead([work.turn("a", 1), work.turn("a", error), work.turn("b", 2)], width=3)
    read = []

    with pytest.raises(OSError, match="disk full") as caught:
        read.extend(consume(lookahead.turns("a")))

    assert caught.value is error
    assert list(consume(lookahead.turns("b"))) == [2]


def test_an_error_behind_a_result_reaches_the_consumer(work):
    results = consume(LookAhead([work.turn("a", 1, OSError("later"))], width=1).turns("a"))

    assert next(results) == 1
    with pytest.raises(OSError, match="later"):
        next(results)


def test_a_refused_result_is_the_business_of_the_work(work):
    def mends():
        try:
            yield "corrupt"
        except ValueError as error:
            yield f"mended after {error}"

    (turn,) = LookAhead([Turn("a", mends(), work.clock)], width=1).turns("a")

    corrupt = turn.result(no_wait)
    turn.refuse(ValueError("a wrong total"))
    mended = turn.result(no_wait)
    turn.go_on()

    assert (corrupt, mended) == ("corrupt", "mended after a wrong total")
    assert turn.result(no_wait) is None


def test_a_refused_result_is_an_error_when_the_work_knows_no_other(work):
    turn = next(LookAhead([work.turn("a", 1)], width=1).turns("a"))
    turn.result(no_wait)

    turn.refuse(ValueError("corrupt"))

    with pytest.raises(ValueError, match="corrupt"):
        turn.result(no_wait)
    assert len(work.ended) == 1


def test_the_work_ahead_of_a_dropped_owner_ends_and_leaves_its_slots_to_others(work):
    turns = [work.turn("a", OSError("no"))] + [work.turn("a", n, sleep=60) for n in range(4)]
    lookahead = LookAhead([*turns, work.turn("b", 1), work.turn("b", 2)], width=3)
    with pytest.raises(OSError, match="no"):
        next(lookahead.turns("a")).result(no_wait)

    lookahead.drop("a")

    assert list(consume(lookahead.turns("b"))) == [1, 2]
    until(lambda: len(work.ended) == 5)
    assert len(work.begun) == 5
    assert work.most <= 3


def test_a_slot_of_dropped_work_is_free_only_when_the_work_has_ended(work):
    """Talkdesk still counts a job that is being cancelled."""
    gate = threading.Event()
    lookahead = LookAhead([work.turn("a", 1, gate=gate), work.turn("b", 2)], width=1)
    until(lambda: len(work.begun) == 1)

    lookahead.drop("a")
    time.sleep(0.05)
    begun_while_it_ends = len(work.begun)
    gate.set()

    assert list(consume(lookahead.turns("b"))) == [2]
    assert begun_while_it_ends == 1


def test_an_unread_result_is_closed_when_its_owner_is_dropped(work):
    """The work holds an open file at that point."""
    turn = work.turn("a", "file", "more")
    lookahead = LookAhead([turn], width=1)
    turn.result(no_wait)

    lookahead.drop("a")

    until(lambda: len(work.ended) == 1)
    assert turn is not None  # still held, so that it was not Python's own tidying that ended the work


def test_closing_ends_all_work_and_begins_no_other(work):
    turns = [work.turn(owner, owner, sleep=60) for owner in "aabbcc"]
    lookahead = LookAhead(turns, width=4)
    until(lambda: len(work.begun) == 4)

    lookahead.close()
    over = lookahead.is_over(SOON)
    read = lookahead.turns("a")
    next(read), next(read)  # gives a slot back

    assert over
    until(lambda: len(work.ended) == 4)
    time.sleep(0.05)
    assert len(work.begun) == 4


def test_closing_twice_is_no_harm(work):
    lookahead = LookAhead([work.turn("a", 1), work.turn("a", 2, sleep=60)], width=2)
    next(lookahead.turns("a")).result(no_wait)

    lookahead.close()
    lookahead.close()

    assert lookahead.is_over(SOON)


def test_closing_does_not_wait_for_work_that_hangs(work):
    gate = threading.Event()
    lookahead = LookAhead([work.turn("a", 1, gate=gate)], width=1)

    lookahead.close()
    over = lookahead.is_over(0.05)
    gate.set()

    assert not over
    assert lookahead.is_over(SOON)


def test_nothing_to_do_is_done_at_once():
    lookahead = LookAhead([], width=5)

    lookahead.close()

    assert lookahead.is_over(0)
