"""Writes Singer messages to standard output: gathers RECORD lines, and writes other messages at once."""

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

#: `encode` writes one record as JSON, `encode_lines` many as JSON lines.
encode, encode_lines = encoder.encode, encoder.encode_lines

#: The capacity of a pipe on Linux. Writing that much takes one system call, and wakes the reader once.
GATHERED_BYTES = 65536


class MessageWriter(GenericSingerWriter[bytes, Message]):
    """Gathers RECORD lines up to 64 KiB; any other message writes them all at once, then itself."""

    def __init__(self) -> None:
        """Starts with no gathered line."""
        super().__init__()
        self._gathered = bytearray()
        #: Number of RECORD messages so far.
        self.records = 0

    def serialize_message(self, message: Message) -> bytes:
        """Encodes a message as one line of JSON."""
        return encoder.encode(message.to_dict()) + b"\n"

    def write_message(self, message: Message) -> None:
        """Gathers a RECORD message, or writes another message after the gathered lines.

        Raises:
            OutputError: standard output cannot be written, or its reader has ended.
        """
        self._gathered += self.format_message(message)
        self.records += isinstance(message, RecordMessage)
        if not isinstance(message, RecordMessage) or len(self._gathered) >= GATHERED_BYTES:
            self.flush()

    def write_records(self, stream: str, records: Sequence[object]) -> None:
        """Gathers the RECORD messages of many records, and writes them when 64 KiB are reached.

        Raises:
            OutputError: standard output cannot be written, or its reader has ended.
        """
        if not records:
            return
        message = RecordMessage(stream=stream, record={}, time_extracted=datetime.now(tz=UTC))
        head, _, tail = self.format_message(message).partition(b"{}")
        self.records += len(records)
        # JSON escapes a line break within a text, so each line break here ends a record.
        lines = memoryview(encode_lines(records).replace(b"\n", tail + head))[: -len(head)]
        self._gathered += head
        if len(self._gathered) + len(lines) < GATHERED_BYTES:
            self._gathered += lines
        else:
            self.flush()
            self._write(lines)

    def flush(self) -> None:
        """Writes all gathered lines.

        Raises:
            OutputError: standard output cannot be written, or its reader has ended.
        """
        # The lines are removed first, so that they are not written again after a failed write.
        lines, self._gathered = self._gathered, bytearray()
        self._write(memoryview(lines))

    @staticmethod
    def _write(rest: memoryview) -> None:
        if sys.stdout is None:  # closed before the process began
            raise ReaderGoneError
        # Python's buffer is not used: if a signal interrupts its write to a full pipe, it loses the rest
        # of a line (seen in 3.11 to 3.13).
        output = getattr(sys.stdout.buffer, "raw", sys.stdout.buffer)
        try:
            while rest:
                written = output.write(rest)
                if written is None:  # a full non-blocking pipe
                    select.select((), (output,), ())
                rest = rest[written or 0 :]
        except BrokenPipeError:
            raise ReaderGoneError from None
        except OSError as error:
            raise OutputError(error.errno, error.strerror) from None
