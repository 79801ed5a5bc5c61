"""Records in files, for targets that load files rather than lines: Singer's BATCH, as the SDK defines it."""

from __future__ import annotations

import gzip
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import uuid4

from tap_talkdesk_reports.errors import SpoolError
from tap_talkdesk_reports.spool import new_spool
from tap_talkdesk_reports.writer import encode_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from singer_sdk.helpers._batch import BatchConfig

#: Packing would else be the slowest part by far, and the files live for minutes.
GZIP_LEVEL = 1
COPIED_BYTES = 1 << 20


class Batches:
    """Gathers the records of one report file at a time; they come into the storage when they are whole."""

    def __init__(self, config: BatchConfig, stream: str, *, spool_dir: str | None) -> None:
        """Begin with nothing gathered.

        Args:
            config: The setting `batch_config`: format `jsonl`, where to, and how many records a file has.
            stream: Its name; those of the files begin with it.
            spool_dir: Where records are gathered; None: where the system keeps temporary files.

        Raises:
            SpoolError: they cannot be kept.
        """
        self._config = config
        self._stream = stream
        self._spool = new_spool(spool_dir)
        self._source: object = None
        self._file: BinaryIO | gzip.GzipFile | None = None
        self._room = 0
        #: Where each file ends in the spool.
        self._ends: list[int] = []

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Drop what is gathered and not published."""
        for file in (self._file, self._spool):
            if file is not None:
                with suppress(OSError):  # a full disk, which is told of already
                    file.close()

    def add(self, source: object, records: Sequence[Any]) -> None:
        """Gather records; those of another source than before replace what is gathered.

        Raises:
            SpoolError: they cannot be kept.
        """
        try:
            if source is not self._source:
                self._clear()
                self._source = source
            while records:
                if self._file is None:
                    self._file, self._room = self._packed(), self._config.batch_size
                self._file.write(encode_lines(records[: self._room]))
                self._room, records = self._room - len(records[: self._room]), records[self._room :]
                if not self._room:
                    self._end()
        except OSError as error:
            raise _error(error) from None

    def publish(self) -> list[str]:
        """Put what is gathered into the storage; the addresses of the files, none where there are no records.

        Raises:
            SpoolError: the storage does not take them.
        """
        storage = self._config.storage
        kind = "json.gz" if self._config.encoding.compression == "gzip" else "json"
        manifest = []
        try:
            self._end()
            self._spool.seek(0)
            for end in self._ends:
                name = f"{storage.prefix or ''}{self._stream}-{uuid4()}.{kind}"
                with storage.open(name, "wb") as file:
                    while rest := end - self._spool.tell():
                        file.write(self._spool.read(min(rest, COPIED_BYTES)))
                manifest.append(storage.get_url(name))
        except OSError as error:
            raise _error(error) from None
        self._clear()
        return manifest

    def _packed(self) -> BinaryIO | gzip.GzipFile:
        if self._config.encoding.compression == "gzip":
            return gzip.GzipFile(fileobj=self._spool, mode="wb", compresslevel=GZIP_LEVEL, mtime=0)
        return self._spool

    def _end(self) -> None:
        """End the file that is being written, if one is."""
        if self._file is None:
            return
        if self._file is not self._spool:
            self._file.close()
        self._file = None
        self._ends.append(self._spool.tell())

    def _clear(self) -> None:
        self._end()  # else the collector may end a packed file later, within the next one
        self._ends = []
        self._spool.seek(0)
        self._spool.truncate()


def _error(error: OSError) -> SpoolError:
    msg = f"Batch files cannot be kept: {error.strerror or error}. Make room, or see to batch_config"
    return SpoolError(msg)
