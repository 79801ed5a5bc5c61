"""Writes Singer messages to standard output: gathers RECORD lines, flushes at others, survives full pipes."""

from __future__ import annotations

import select
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from singer_sdk.contrib.msgspec import encoder
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message, RecordMessage

from tap_talkdesk_reports.core.errors import OutputError, ReaderGoneError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Encode one record as JSON, and many as JSON lines.
encode, encode_lines = encoder.encode, encoder.encode_lines

#: The capacity of a pipe on Linux: a gathered write is one system call and one wake-up of the reader.
GATHERED_BYTES = 65536


class MessageWriter(GenericSingerWriter[bytes, Message]):
    """Gathers RECORD lines up to 64 KiB. Any other message is written at once, after them."""

    def __init__(self) -> None:
        """Start with nothing gathered."""
        super().__init__()
        self._gathered = bytearray()
        #: RECORD messages so far.
        self.records = 0

    def serialize_message(self, message: Message) -> bytes:
        """The message as one line of JSON."""
        return encoder.encode(message.to_dict()) + b"\n"

    def write_message(self, message: Message) -> None:
        """Write or gather a message.

        Raises:
            OutputError: standard output cannot be written, or its reader has ended.
        """
        self._gathered += self.format_message(message)
        self.records += isinstance(message, RecordMessage)
        if not isinstance(message, RecordMessage) or len(self._gathered) >= GATHERED_BYTES:
            self.flush()

    def write_records(self, stream: str, records: Sequence[object]) -> None:
        """Gather the RECORD messages of many records at once, and write them if they are enough.

        Raises:
            OutputError: standard output cannot be written, or its reader has ended.
        """
        if not records:
            return
        message = RecordMessage(stream=stream, record={}, time_extracted=datetime.now(tz=UTC))
        head, _, tail = self.format_message(message).partition(b"{}")
        self.records += len(records)
        # JSON writes a line break within a text as \n, so each line break here ends a record.
        lines = memoryview(encode_lines(records).replace(b"\n", tail + head))[: -len(head)]
        self._gathered += head
        if len(self._gathered) + len(lines) < GATHERED_BYTES:
            self._gathered += lines
        else:
            self.flush()
            self._write(lines)

    def flush(self) -> None:
        """Write all gathered lines.

        Raises:
            OutputError: standard output cannot be written, or its reader has ended.
        """
        # Taken out first: after a failed write the same lines must not be written again.
        lines, self._gathered = self._gathered, bytearray()
        self._write(memoryview(lines))

    @staticmethod
    def _write(rest: memoryview) -> None:
        if sys.stdout is None:  # closed before the process began
            raise ReaderGoneError
        # Not through Python's buffer: if a signal interrupts its write to a full pipe, it loses the rest of
        # a line (seen in 3.11 to 3.13).
        output = getattr(sys.stdout.buffer, "raw", sys.stdout.buffer)
        try:
            while rest:
                written = output.write(rest)
                if written is None:  # a non-blocking pipe that is full
                    select.select((), (output,), ())
                rest = rest[written or 0 :]
        except BrokenPipeError:
            raise ReaderGoneError from None
        except OSError as error:
            raise OutputError(error.errno, error.strerror) from None
