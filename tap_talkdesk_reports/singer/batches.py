"""Writes BATCH files: gathers a report file's records on disk, then publishes them to the storage."""

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

#: The fastest level. Higher levels would be the slowest part by far, and the files exist for minutes only.
GZIP_LEVEL = 1
#: This value makes zlib write the header and trailer of gzip.
GZIP_BITS = 16 + zlib.MAX_WBITS
#: Bytes that are copied at a time from disk to the storage.
BATCH_COPY_BYTES = 1 << 20


class Batches:
    """Gathers the records of one report file, and publishes them when the file is read to its end."""

    def __init__(self, config: BatchConfig, stream: str, *, spool_dir: str | None) -> None:
        """Creates the spool file; no record is gathered.

        Args:
            config: The setting `batch_config`: encoding, storage, and the number of records in a file.
            stream: Name of the stream; the file names begin with it.
            spool_dir: Folder for the gathered records; None means the system's folder for temporary files.

        Raises:
            SpoolError: the folder cannot be written to.
        """
        self._config = config
        self._stream = stream
        self._spool = new_spool(spool_dir)
        self._packs = config.encoding.compression == "gzip"
        self._packer = _packer()
        self._is_begun = False
        self._room = 0
        #: Where each BATCH file ends in the spool file.
        self._ends: list[int] = []

    def __enter__(self) -> Self:
        """Returns this object."""
        return self

    def __exit__(self, *_: object) -> None:
        """Discards records that are not published."""
        drop(self._spool)

    def add(self, records: Sequence[Any]) -> None:
        """Gathers records on disk.

        Raises:
            SpoolError: the disk cannot store them.
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
        """Discards the gathered records, for example those of a corrupt report file."""
        self._is_begun = False
        self._ends = []
        self._spool.seek(0)
        self._spool.truncate()

    def publish(self) -> list[str]:
        """Writes the gathered records to the storage.

        Returns:
            The URLs of the files; empty if there are no records.

        Raises:
            SpoolError: the storage cannot store them.
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
        """Finishes the BATCH file that is being written, if there is one."""
        if not self._is_begun:
            return
        if self._packs:
            self._spool.write(self._packer.flush())
        self._is_begun = False
        self._ends.append(self._spool.tell())


def _packer() -> zlib._Compress:
    # GzipFile is not used: it keeps bytes that a full disk did not store, and Python 3.14 warns at its end.
    return zlib.compressobj(GZIP_LEVEL, wbits=GZIP_BITS)


def _error(error: OSError) -> SpoolError:
    msg = (
        f"batch files cannot be written: {error.strerror or error}. Free disk space, or correct batch_config"
    )
    return SpoolError(msg)
