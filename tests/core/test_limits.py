"""Descriptions of the limits of this machine."""

from __future__ import annotations

import errno
import os

import pytest

from tap_talkdesk_reports.core.limits import describe_limit
from tap_talkdesk_reports.core.spool import spool_error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "too many files and connections are open"),
        (OSError(errno.ENFILE, "Too many open files"), "too many files and connections are open"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory"),
        (MemoryError(), "out of memory"),
        (RuntimeError("can't start new thread"), "no thread can be started"),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk is full"),
        (OSError(errno.EFBIG, "File too large"), "the disk is full"),
    ],
    ids=repr,
)
def test_a_limit_is_named(error, words):
    assert describe_limit(error).startswith(words)


@pytest.mark.parametrize(
    "error", [OSError("no number"), OSError(errno.EIO, "x"), RuntimeError("x"), KeyError(24)], ids=repr
)
def test_another_error_is_no_limit(error):
    assert describe_limit(error) is None


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EMFILE, "ulimit -n"),
        (errno.ENOSPC, "Free disk space, or set spool_dir"),
        (errno.EROFS, "set spool_dir"),
    ],
)
def test_a_file_that_cannot_be_kept_names_what_to_do(number, advice):
    error = str(spool_error(OSError(number, os.strerror(number)), 1000))

    assert error.startswith("the report file of 1,000 bytes cannot be written to disk: ")
    assert advice in error
