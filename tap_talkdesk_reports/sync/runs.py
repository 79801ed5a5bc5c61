"""Opens runs: one for all streams of a tap, or one for a single stream that the SDK reads."""

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
    """Opens the runs of one tap; at most one run is in progress."""

    def __init__(
        self, settings: Callable[[], Settings], clock: Clock, stop: StopSignal, writer: MessageWriter
    ) -> None:
        """Stores the parts of a run; `settings` is called when a run is opened."""
        self._settings = settings
        self.clock, self.stop, self.writer = clock, stop, writer
        self._current: Run | None = None
        #: The stream `report_files`, set when its SCHEMA is written; None if it is not selected.
        self.evidence: EvidenceStream | None = None

    @property
    def settings(self) -> Settings:
        """The settings of the tap, checked and converted."""
        return self._settings()

    @contextmanager
    def open(self, streams: Sequence[StreamToRead], *, is_test: bool = False) -> Generator[Run, None, None]:
        """Opens a run of some streams; within the context, `files` hands out its files."""
        from tap_talkdesk_reports.sync.run import Run  # noqa: PLC0415 - slow, and --discover does not need it

        with Run(self.settings, self.clock, self.stop, self.writer, streams, is_test=is_test) as run:
            self._current = run
            try:
                yield run
            finally:
                self._current = None

    def files(self, stream: StreamToRead) -> Iterator[Delivery]:
        """Yields the files of a stream from the run in progress; without one, opens a run for it."""
        if self._current is not None:
            yield from self._current.files(stream.name)
        else:
            with self.open([stream]) as run:
                yield from run.files(stream.name)
