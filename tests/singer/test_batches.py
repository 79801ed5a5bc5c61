"""BATCH files: all buffered records reach the storage, and a full disk is one error."""

from __future__ import annotations

import gzip
import random
import resource
from pathlib import Path

import pytest
from singer_sdk.helpers._batch import BatchConfig

from tap_talkdesk_reports.core.errors import SpoolError
from tap_talkdesk_reports.singer.batches import Batches

ROWS = [{"id": str(random.random())} for _ in range(20_000)]


def config(folder, compression="gzip"):
    return BatchConfig(
        encoding={"format": "jsonl", "compression": compression},
        storage={"root": folder.as_uri()},
        batch_size=10**6,
    )


def test_records_of_a_broken_file_leave_no_bytes(tmp_path):
    with Batches(config(tmp_path), "calls", spool_dir=None) as batches:
        batches.add(ROWS)
        batches.clear()
        batches.add(ROWS)
        batches.add(ROWS)
        [url] = batches.publish()

    packed = Path(url.removeprefix("file://")).read_bytes()
    assert gzip.decompress(packed).count(b"\n") == 2 * len(ROWS)


def gather(batches):
    with batches:
        for begin in range(0, len(ROWS), 30):
            batches.add(ROWS[begin : begin + 30])
        batches.publish()


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_a_full_disk_is_one_error_of_the_stream_when_bytes_are_still_to_be_written(tmp_path, compression):
    """Any other exception would end all streams."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(SpoolError, match="cannot be written"):
            gather(Batches(config(tmp_path, compression), "calls", spool_dir=None))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
