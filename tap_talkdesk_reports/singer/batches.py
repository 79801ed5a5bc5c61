"""Writes BATCH files: gathers the records of a report file on disk and publishes them in the storage."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tap_talkdesk_reports.core.errors import SpoolError
from tap_talkdesk_reports.core.spool import drop, new_spool
from tap_talkdesk_reports.singer.writer import encode_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from singer_sdk.helpers._batch import BatchConfig

#: Else compression would be the slowest part by far, and the files live for minutes.
GZIP_LEVEL = 1
#: Makes zlib write gzip's header and trailer.
GZIP_BITS = 16 + zlib.MAX_WBITS
#: So many bytes at a time are copied from disk to the storage.
BATCH_COPY_BYTES = 1 << 20


class Batches:
    """Gathers the records of one report file; publishes them when all of them are there."""

    def __init__(self, config: BatchConfig, stream: str, *, spool_dir: str | None) -> None:
        """Begin with nothing gathered.

        Args:
            config: The setting `batch_config`: encoding, storage, and the number of records in a file.
            stream: Name of the stream; the file names begin with it.
            spool_dir: Directory for the gathered records; None means the system's temporary directory.

        Raises:
            SpoolError: the directory cannot be written to.
        """
        self._config = config
        self._stream = stream
        self._spool = new_spool(spool_dir)
        self._packs = config.encoding.compression == "gzip"
        self._packer = _packer()
        self._is_begun = False
        self._room = 0
        #: Where each file ends in the spool.
        self._ends: list[int] = []

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Drop records that are gathered and not published."""
        drop(self._spool)

    def add(self, records: Sequence[Any]) -> None:
        """Gather records.

        Raises:
            SpoolError: the disk does not take them.
        """
        try:
            while records:
                if not self._is_begun:
                    self._is_begun, self._packer, self._room = True, _packer(), self._config.batch_size
                part, records = records[: self._room], records[self._room :]
                lines = encode_lines(part)
                self._spool.write(self._packer.compress(lines) if self._packs else lines)
                self._room -= len(part)
                if not self._room:
                    self._end()
        except OSError as error:
            raise _error(error) from None

    def clear(self) -> None:
        """Drop the gathered records, for example those of a corrupt report file."""
        self._is_begun = False
        self._ends = []
        self._spool.seek(0)
        self._spool.truncate()

    def publish(self) -> list[str]:
        """Write the gathered records to the storage.

        Returns:
            The URLs of the files; none if there are no records.

        Raises:
            SpoolError: the storage does not take them.
        """
        storage = self._config.storage
        kind = "json.gz" if self._packs else "json"
        manifest = []
        try:
            self._end()
            self._spool.seek(0)
            for end in self._ends:
                name = f"{storage.prefix or ''}{self._stream}-{uuid4()}.{kind}"
                with storage.open(name, "wb") as file:
                    while rest := end - self._spool.tell():
                        file.write(self._spool.read(min(rest, BATCH_COPY_BYTES)))
                manifest.append(storage.get_url(name))
        except OSError as error:
            raise _error(error) from None
        self.clear()
        return manifest

    def _end(self) -> None:
        """Finish the file that is being written, if there is one."""
        if not self._is_begun:
            return
        if self._packs:
            self._spool.write(self._packer.flush())
        self._is_begun = False
        self._ends.append(self._spool.tell())


def _packer() -> zlib._Compress:
    # Not a GzipFile: it keeps what a full disk did not take, and Python 3.14 complains as it goes.
    return zlib.compressobj(GZIP_LEVEL, wbits=GZIP_BITS)


def _error(error: OSError) -> SpoolError:
    msg = f"Batch files cannot be kept: {error.strerror or error}. Make room, or see to batch_config"
    return SpoolError(msg)
