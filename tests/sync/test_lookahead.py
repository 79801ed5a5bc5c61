"""The look-ahead: plan order, width, replacement in place, cancellation, release of slots and files."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from itertools import count

import pytest

from tap_talkdesk_reports.core.clock import Clock, Stopped
from tap_talkdesk_reports.core.errors import UnavailableError
from tap_talkdesk_reports.sync.lookahead import LookAhead

#: A long timeout. A test waits for it only if something is wrong.
SOON = 20.0


@dataclass(frozen=True)
class Piece:
    stream: str
    begin: int
    end: int
    attempt: int = 0

    def halves(self):
        middle = (self.begin + self.end) // 2
        return [replace(self, end=middle), replace(self, begin=middle)]


class File:
    """A result. It must be closed exactly once."""

    def __init__(self, piece):
        self.piece = piece
        self.closed = 0

    def close(self):
        self.closed += 1


class Work:
    """Creates a file for each piece, and counts. A gate holds back the pieces that it is set for."""

    def __init__(self):
        self.begun, self.files, self.most = [], [], 0
        self.gates, self.errors = {}, {}
        self._running = 0
        self._lock = threading.Lock()

    def __call__(self, piece):
        with self._lock:
            self.begun.append(piece)
            self._running += 1
            self.most = max(self.most, self._running)
        try:
            if gate := self.gates.get(piece):
                while not gate.wait(0.01):
                    Clock().sleep(0)
            if error := self.errors.pop(piece, None):
                raise error
            self.files.append(File(piece))
            return self.files[-1]
        finally:
            with self._lock:
                self._running -= 1


def no_wait():
    pass


def until(condition):
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def pieces(stream, number, length=1):
    return [Piece(stream, n * length, (n + 1) * length) for n in range(number)]


def ahead_of(work, plan, width, instead_of=lambda piece, error: [], **options):
    plans = {}
    for piece in plan:
        plans.setdefault(piece.stream, []).append(piece)
    return LookAhead(
        {stream: iter(each) for stream, each in plans.items()},
        work,
        width=width,
        instead_of=instead_of,
        discard=File.close,
        **options,
    )


def consume(ahead, stream):
    """Consume and ack the pieces of a stream, and return them in order."""
    while (entry := ahead.next(stream, no_wait)) is not None:
        yield entry.piece
        ahead.ack(entry)


@pytest.fixture
def work():
    return Work()


def test_results_come_in_plan_order_whichever_is_ready_first(work):
    plan = [*pieces("a", 4), *pieces("b", 3)]
    work.gates[plan[0]] = gate = threading.Event()

    with ahead_of(work, plan, width=7) as ahead:
        until(lambda: len(work.files) == 6)
        gate.set()
        read = [*consume(ahead, "a"), *consume(ahead, "b")]

    assert read == plan


@pytest.mark.parametrize("width", [1, 2, 5])
def test_at_most_as_many_pieces_as_slots_are_in_progress_or_unread(work, width):
    with ahead_of(work, pieces("a", 20), width=width) as ahead:
        until(lambda: len(work.files) == width)
        for number, _ in enumerate(consume(ahead, "a"), 1):
            assert len(work.begun) < number + width

    assert work.most <= width
    assert len(work.files) == 20


def test_a_plan_is_read_no_further_than_there_are_slots(work):
    """Ten years of hours must not cost memory or time at the start."""
    cut = []

    def plan():
        for number in count():
            cut.append(number)
            yield Piece("a", number, number + 1)

    with LookAhead({"a": plan()}, work, width=3, discard=File.close) as ahead:
        until(lambda: len(work.files) == 3)
        entry = ahead.next("a", no_wait)
        ahead.ack(entry)
        until(lambda: len(work.files) == 4)

        assert cut == [0, 1, 2, 3]


def test_a_failed_piece_is_replaced_in_place_and_keeps_its_turn(work):
    plan = [Piece("a", 0, 4), Piece("a", 4, 8)]
    work.errors = {plan[0]: ValueError("too long"), Piece("a", 0, 2): ValueError("too long")}

    with ahead_of(work, plan, 2, lambda piece, error: piece.halves()) as ahead:
        read = [(piece.begin, piece.end) for piece in consume(ahead, "a")]

    assert read == [(0, 1), (1, 2), (2, 4), (4, 8)]


def test_an_error_reaches_the_consumer_in_its_turn_and_leaves_its_slot_to_others(work):
    plan = [*pieces("a", 2), *pieces("b", 2)]
    work.errors = {plan[1]: OSError("disk full")}

    with ahead_of(work, plan, width=1) as ahead:
        read = []
        with pytest.raises(OSError, match="disk full"):
            read.extend(consume(ahead, "a"))
        ahead.cancel("a")

        assert read == plan[:1]
        assert list(consume(ahead, "b")) == plan[2:]


def test_a_rejected_result_is_closed_and_what_replaces_it_comes_next(work):
    plan = pieces("a", 2)

    with ahead_of(work, plan, 2, lambda piece, error: [replace(piece, attempt=1)]) as ahead:
        corrupt = ahead.next("a", no_wait)
        ahead.reject(corrupt, ValueError("wrong total"))
        read = list(consume(ahead, "a"))

    assert read == [replace(plan[0], attempt=1), plan[1]]
    assert [file.closed for file in work.files] == [1, 1, 1]


def test_a_rejected_result_is_an_error_if_there_is_nothing_to_try_instead(work):
    with ahead_of(work, pieces("a", 1), width=1) as ahead:
        entry = ahead.next("a", no_wait)

        with pytest.raises(ValueError, match="corrupt"):
            ahead.reject(entry, ValueError("corrupt"))

    assert [file.closed for file in work.files] == [1]


def test_waiting_can_be_interrupted_and_continued(work):
    plan = pieces("a", 1)
    work.gates[plan[0]] = gate = threading.Event()
    calls = []

    def on_wait():
        calls.append(None)
        if len(calls) == 3:
            raise Stopped

    with ahead_of(work, plan, width=1) as ahead:
        with pytest.raises(Stopped):
            ahead.next("a", on_wait)
        gate.set()

        assert list(consume(ahead, "a")) == plan


def test_what_follows_an_ack_is_done_before_the_slot_is_free(work):
    gate, finished = threading.Event(), []

    def delete(file):
        gate.wait(SOON)
        finished.append((file.piece, len(work.begun)))

    plan = pieces("a", 2)
    with ahead_of(work, plan, width=1, after_ack=delete) as ahead:
        ahead.ack(ahead.next("a", no_wait))
        gate.set()
        rest = list(consume(ahead, "a"))

    assert rest == plan[1:]
    assert finished == [(plan[0], 1), (plan[1], 2)]


def test_a_cancelled_stream_leaves_its_slots_to_others_within_a_second(work):
    """For example during a pause of an hour between two attempts."""
    plan = [*pieces("a", 6), *pieces("b", 2)]

    def wait_long(piece):
        if piece.stream == "a":
            work.begun.append(piece)
            Clock().sleep(3600)
        return work(piece)

    with ahead_of(wait_long, plan, width=3) as ahead:
        until(lambda: len(work.begun) == 3)
        ahead.cancel("a")

        assert list(consume(ahead, "b")) == plan[6:]
        assert ahead.next("a", no_wait) is None
        assert [piece.stream for piece in work.begun] == ["a"] * 3 + ["b"] * 2


def test_a_slot_of_a_cancelled_stream_is_free_only_once_its_work_has_ended(work):
    """Talkdesk still counts a job that is being cancelled."""
    gate = threading.Event()

    def stubborn(piece):
        if piece.stream == "a":
            gate.wait(SOON)
        return work(piece)

    with ahead_of(stubborn, [*pieces("a", 1), *pieces("b", 1)], width=1) as ahead:
        ahead.cancel("a")
        begun = len(work.begun)
        gate.set()

        assert begun == 0
        assert list(consume(ahead, "b")) == pieces("b", 1)
    assert [file.closed for file in work.files] == [1, 1]


def test_nothing_after_a_failed_piece_is_begun_or_kept(work):
    """It would not be read, and each job has a cost."""
    plan = [*pieces("a", 6), *pieces("b", 1)]
    work.errors = {plan[1]: OSError("no")}
    work.gates = {plan[1]: threading.Event(), plan[3]: threading.Event()}

    with ahead_of(work, plan, width=4) as ahead:
        until(lambda: len(work.files) == 2)
        work.gates[plan[1]].set()

        assert list(consume(ahead, "b")) == plan[6:]
        with pytest.raises(OSError, match="no"):
            list(consume(ahead, "a"))
    assert [piece for piece in work.begun if piece.stream == "a"] == plan[:4]
    assert [file.closed for file in work.files] == [1] * 3


def test_a_slot_is_given_back_only_when_nothing_that_the_work_left_is_running(work):
    """A job that the API cannot cancel counts against the account's limit until it ends."""
    plan = [*pieces("a", 1), *pieces("b", 1)]
    work.errors = {plan[0]: OSError("no")}
    gate, asked = threading.Event(), threading.Event()

    def has_ended():
        asked.set()
        gate.wait(SOON)
        return True

    with ahead_of(work, plan, width=1, has_ended=has_ended) as ahead:
        with pytest.raises(OSError, match="no"):
            ahead.next("a", no_wait)
        ahead.cancel("a")
        asked.wait(SOON)
        begun = list(work.begun)
        gate.set()

        assert begun == plan[:1]
        assert list(consume(ahead, "b")) == plan[1:]


def test_a_slot_whose_work_never_ends_is_lost_and_no_slot_left_is_an_error(work):
    plan = [*pieces("a", 2), *pieces("b", 2)]
    work.errors = {plan[0]: OSError("no")}

    with ahead_of(work, plan, width=1, has_ended=lambda: False) as ahead:
        with pytest.raises(OSError, match="no"):
            ahead.next("a", no_wait)
        ahead.cancel("a")
        with pytest.raises(UnavailableError, match="every slot is held"):
            list(consume(ahead, "b"))

    assert work.begun == plan[:1]


def test_closing_does_not_wait_for_what_the_work_left(work):
    def has_ended():
        Clock().sleep(3600)
        return True

    plan = pieces("a", 1)
    work.errors = {plan[0]: OSError("no")}
    with ahead_of(work, plan, width=1, has_ended=has_ended) as ahead:
        with pytest.raises(OSError, match="no"):
            ahead.next("a", no_wait)

        assert ahead.close(SOON)


def test_an_unread_result_of_a_cancelled_stream_is_closed(work):
    with ahead_of(work, pieces("a", 2), width=2) as ahead:
        until(lambda: len(work.files) == 2)

        ahead.cancel("a")

        assert [file.closed for file in work.files] == [1, 1]


def test_draining_ends_waits_and_begins_nothing_but_leaves_what_is_being_read(work):
    plan = pieces("a", 4)
    work.gates[plan[1]] = threading.Event()

    with ahead_of(work, plan, width=2) as ahead:
        entry = ahead.next("a", no_wait)
        ahead.drain()
        open_while_read = entry.result.closed == 0
        ahead.ack(entry)
        with pytest.raises(Stopped):
            ahead.next("a", no_wait)

    assert open_while_read
    assert work.begun == plan[:2]


def test_closing_ends_all_work_twice_over(work):
    plan = [*pieces("a", 3), *pieces("b", 3)]
    for piece in plan:
        work.gates[piece] = threading.Event()

    ahead = ahead_of(work, plan, width=4)
    ahead.start()
    until(lambda: len(work.begun) == 4)
    has_ended = ahead.close(SOON)

    assert has_ended
    assert ahead.close(0)
    assert len(work.begun) == 4
    assert work.files == []


def test_closing_does_not_wait_for_work_that_hangs():
    gate = threading.Event()
    ahead = LookAhead({"a": iter([1])}, lambda _: gate.wait(SOON), width=1)
    ahead.start()

    has_ended = ahead.close(0.05)
    gate.set()

    assert not has_ended
    assert ahead.close(SOON)


def test_nothing_to_do_is_done_at_once():
    with LookAhead({}, str, width=5) as ahead:
        assert ahead.next("a", no_wait) is None
        assert ahead.close(SOON)


@pytest.mark.parametrize("seed", range(60))
def test_random_plans_are_complete_in_order_within_the_width_and_leave_nothing_open(work, seed):
    """Pieces fail, are halved, retried and rejected. One stream is cancelled in the middle."""
    chance = random.Random(seed)
    width = chance.choice([1, 2, 5])

    def sometimes_fails(piece):
        if chance.random() < 0.3 and piece.attempt < 3:
            raise ValueError(piece)
        return work(piece)

    def instead_of(piece, error):
        again = replace(piece, attempt=piece.attempt + 1)
        if isinstance(error, KeyError) or piece.end - piece.begin < 2:
            return [again]
        return again.halves()

    plan = [piece for stream in "xyz" for piece in pieces(stream, 6, length=8)]
    reached = Counter()
    with ahead_of(sometimes_fails, plan, width, instead_of) as ahead:
        for stream in "xyz":
            while (entry := ahead.next(stream, no_wait)) is not None:
                piece = entry.piece
                assert (piece.stream, piece.begin) == (stream, reached[stream])
                if stream == "y" and piece.begin >= 16:
                    ahead.cancel(stream)
                elif chance.random() < 0.1 and piece.attempt < 3:
                    ahead.reject(entry, KeyError("corrupt"))
                else:
                    reached[stream] = piece.end
                    ahead.ack(entry)
        assert ahead.close(SOON)

    assert (reached["x"], reached["z"]) == (48, 48)
    assert reached["y"] >= 16
    assert work.most <= width
    assert [file.closed for file in work.files] == [1] * len(work.files)


def test_a_piece_that_waits_is_cut_when_it_begins(work):
    plan = pieces("a", 2, length=4)

    with ahead_of(work, plan, width=1, fitted=lambda p: p.halves() if p.end - p.begin > 2 else [p]) as ahead:
        read = list(consume(ahead, "a"))

    assert read == [Piece("a", n, n + 2) for n in (0, 2, 4, 6)]
    assert work.begun == read


def test_while_a_narrow_stream_has_a_piece_under_way_only_what_brings_no_result_begins(work):
    """The files of later streams would hold the slots until they are read."""
    plan = [*pieces("a", 3), *pieces("b", 2), *pieces("c", 2)]
    preparation = plan[5]
    work.gates[plan[0]] = gate = threading.Event()
    is_narrow = threading.Event()
    is_narrow.set()
    options = {
        "is_narrow": lambda stream: stream == "a" and is_narrow.is_set(),
        "brings_result": lambda piece: piece != preparation,
    }

    with ahead_of(work, plan, width=4, **options) as ahead:
        until(lambda: len(work.begun) == 2)
        begun = set(work.begun)
        is_narrow.clear()
        gate.set()
        read = [*consume(ahead, "a"), *consume(ahead, "b"), *consume(ahead, "c")]

    assert begun == {plan[0], preparation}
    assert read == plan


def test_work_that_has_nothing_to_hand_out_gives_its_slot_back_and_the_next_piece_comes(work):
    plan = pieces("a", 3)

    with ahead_of(lambda piece: None if piece.begin < 2 else work(piece), plan, width=1) as ahead:
        read = list(consume(ahead, "a"))

    assert read == plan[2:]


def test_a_stream_whose_work_never_has_anything_to_hand_out_ends(work):
    with ahead_of(lambda _: None, pieces("a", 3), width=2) as ahead:
        assert list(consume(ahead, "a")) == []


def test_a_piece_that_a_narrow_stream_holds_back_finds_a_slot_when_its_turn_comes(work):
    """Otherwise files of other streams, which are read later, would hold all slots forever."""
    first, second = pieces("a", 2, length=2)
    others = pieces("b", 3)
    work.errors[first] = ValueError("refused")
    work.gates[first], work.gates[second] = refusal, gate = threading.Event(), threading.Event()
    is_narrow = threading.Event()

    def instead_of(piece, _error):
        is_narrow.set()
        return piece.halves()

    plan = [first, second, *others]
    options = {"instead_of": instead_of, "is_narrow": lambda stream: stream == "a" and is_narrow.is_set()}
    with ahead_of(work, plan, width=2, **options) as ahead:
        until(lambda: len(work.begun) == 2)
        refusal.set()
        until(lambda: ahead._free == 1)  # the slot of the refused piece
        gate.set()
        read = [*consume(ahead, "a"), *consume(ahead, "b")]

    assert read == [*first.halves(), second, *others]
