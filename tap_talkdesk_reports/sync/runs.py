"""Opens runs: one for all streams of a tap, or one for a stream that the SDK reads alone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from tap_talkdesk_reports.config.settings import Settings
    from tap_talkdesk_reports.core.clock import Clock, StopSignal
    from tap_talkdesk_reports.singer.writer import MessageWriter
    from tap_talkdesk_reports.sync.delivery import Delivery
    from tap_talkdesk_reports.sync.evidence import EvidenceStream
    from tap_talkdesk_reports.sync.plan import StreamToRead
    from tap_talkdesk_reports.sync.run import Run


class Runs:
    """The runs of one tap, of which at most one is in progress."""

    def __init__(
        self, settings: Callable[[], Settings], clock: Clock, stop: StopSignal, writer: MessageWriter
    ) -> None:
        """Open no run yet; `settings` is called when one is opened."""
        self._settings = settings
        self.clock, self.stop, self.writer = clock, stop, writer
        self._current: Run | None = None
        #: The stream `report_files` once its SCHEMA is written; None: it is not selected.
        self.evidence: EvidenceStream | None = None

    @property
    def settings(self) -> Settings:
        """The settings, checked and typed."""
        return self._settings()

    @contextmanager
    def open(self, streams: Sequence[StreamToRead], *, is_test: bool = False) -> Generator[Run, None, None]:
        """A run of some streams, whose files `files` hands out meanwhile."""
        from tap_talkdesk_reports.sync.run import Run  # noqa: PLC0415 - only what reads needs it: not --discover

        with Run(self.settings, self.clock, self.stop, self.writer, streams, is_test=is_test) as run:
            self._current = run
            try:
                yield run
            finally:
                self._current = None

    def files(self, stream: StreamToRead) -> Iterator[Delivery]:
        """The files of a stream in the run in progress, or in one of its own."""
        if self._current is not None:
            yield from self._current.files(stream.name)
        else:
            with self.open([stream]) as run:
                yield from run.files(stream.name)
