"""Singer messages on standard output: records are buffered, other messages are not, and nothing is lost."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest
from singer_sdk.singerlib import RecordMessage, SchemaMessage, StateMessage

from tap_talkdesk_reports.singer.writer import GATHERED_BYTES, MessageWriter

NAMES = "Zoë 😀 \u2028 \x7f 日本"


class Pipe(io.BytesIO):
    """A buffer that records each write separately."""

    def __init__(self):
        super().__init__()
        self.writes = []

    def write(self, lines):
        if lines:
            self.writes.append(bytes(lines))
        return super().write(lines)

    @property
    def messages(self):
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def open_pipe(monkeypatch):
    """Returns a function to call in the test: pytest replaces standard output between fixtures and test."""

    def open_pipe():
        pipe = Pipe()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe, write_through=True))
        return pipe

    return open_pipe


def record(n, note=""):
    return RecordMessage(stream="calls", record={"id": n, "note": note})


def test_records_are_buffered_until_a_write_is_worth_it(open_pipe):
    pipe, writer = open_pipe(), MessageWriter()

    for n in range(3000):
        writer.write_message(record(n, "x" * 60))
    gathered = [len(lines) for lines in pipe.writes]
    writer.flush()

    assert len(gathered) >= 3
    assert all(GATHERED_BYTES <= size < GATHERED_BYTES + 200 for size in gathered)
    assert all(lines.endswith(b"\n") for lines in pipe.writes)
    assert [message["record"]["id"] for message in pipe.messages] == list(range(3000))


def test_any_other_message_is_written_at_once_after_the_records(open_pipe):
    pipe, writer = open_pipe(), MessageWriter()

    writer.write_message(SchemaMessage("calls", {"properties": {}}, ["id"]))
    schema_is_out = len(pipe.writes)
    writer.write_message(record(1))
    writer.write_message(record(2))
    records_are_out = len(pipe.writes)
    writer.write_message(StateMessage({"bookmarks": {}}))

    assert schema_is_out == records_are_out == 1
    assert [message["type"] for message in pipe.messages] == ["SCHEMA", "RECORD", "RECORD", "STATE"]
    assert [message["record"]["id"] for message in pipe.messages[1:3]] == [1, 2]


def test_a_flush_writes_the_buffer_once(open_pipe):
    pipe, writer = open_pipe(), MessageWriter()
    writer.write_message(record(1))

    writer.flush()
    writer.flush()

    assert len(pipe.writes) == 1


def test_a_record_longer_than_the_buffer_is_written_whole(open_pipe):
    pipe, writer = open_pipe(), MessageWriter()

    writer.write_message(record(1, "é" * GATHERED_BYTES))

    assert pipe.messages[0]["record"]["note"] == "é" * GATHERED_BYTES


def test_text_of_every_kind_arrives_as_it_was(open_pipe):
    pipe, writer = open_pipe(), MessageWriter()

    writer.write_message(record(1, NAMES + '"\\\n\r\t\0'))
    writer.flush()

    assert len(pipe.getvalue().splitlines()) == 1
    assert pipe.messages[0]["record"]["note"] == NAMES + '"\\\n\r\t\0'


def test_no_line_is_written_twice_when_the_reader_is_gone(open_pipe, monkeypatch):
    """Writing half-written lines again would break the messages after them."""
    pipe, writer = open_pipe(), MessageWriter()
    writer.write_message(record(1))

    def broken(lines):
        raise BrokenPipeError

    with monkeypatch.context() as gone:
        gone.setattr(pipe, "write", broken)
        with pytest.raises(BrokenPipeError):
            writer.flush()
    writer.write_message(StateMessage({}))

    assert [message["type"] for message in pipe.messages] == ["STATE"]


PROGRAM = f"""
from singer_sdk.singerlib import RecordMessage, StateMessage
from tap_talkdesk_reports.singer.writer import MessageWriter

writer = MessageWriter()
for n in range(20000):
    writer.write_message(RecordMessage(stream="calls", record={{"id": n, "note": {NAMES!r}}}))
    if n % 7000 == 0:
        writer.write_message(StateMessage({{"n": n}}))
writer.write_message(StateMessage({{"n": "end"}}))
"""


def test_nothing_is_lost_through_a_real_pipe_whatever_its_encoding():
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": os.pathsep.join(sys.path)}

    out = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True, env=environment)

    messages = [json.loads(line) for line in out.stdout.splitlines()]
    records = [message["record"] for message in messages if message["type"] == "RECORD"]
    assert [each["id"] for each in records] == list(range(20000))
    assert {each["note"] for each in records} == {NAMES}
    states = [(place, m["value"]["n"]) for place, m in enumerate(messages) if m["type"] == "STATE"]
    assert states == [(1, 0), (7002, 7000), (14003, 14000), (20003, "end")]
