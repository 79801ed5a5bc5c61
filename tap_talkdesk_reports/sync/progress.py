"""Shows the progress of a run: bars at a terminal, otherwise log lines, the first after 10 s."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_talkdesk_reports.core.words import counted, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_talkdesk_reports.core.clock import Clock

logger = logging.getLogger("tap-talkdesk-reports")

SECONDS_TO_FIRST_LINE = 10
SECONDS_BETWEEN_LINES = 60
SECONDS_BETWEEN_PICTURES = 0.2
NO_JOB = "no job at Talkdesk"


def is_watched() -> bool:
    """Whether to draw bars: standard error is a terminal that can draw, and standard output is not one."""
    streams = (sys.stderr, sys.stdout)
    shows_errors, shows_records = (stream is not None and stream.isatty() for stream in streams)
    wants_lines = logger.isEnabledFor(logging.DEBUG) or os.environ.get("TERM") == "dumb"
    if not shows_errors or shows_records or wants_lines:
        return False
    return os.get_terminal_size(sys.stderr.fileno()).columns > 0  # 0 in some containers and schedulers


@dataclass
class _Stream:
    """The progress of one stream."""

    planned: int
    done: int = 0
    rows: int = 0
    #: When the first rows came, and when the last timespan was complete, on the monotonic clock.
    began: float | None = None
    ended: float | None = None

    def in_words(self, now: float) -> str:
        if self.began is None:
            return ""
        rate = self.rows / max((self.ended or now) - self.began, 1.0)
        return f"{counted(self.rows, 'row')}, {counted(round(rate), 'row')}/s"


class Progress:
    """Counts the timespans and rows that a run has read, and shows them."""

    def __init__(
        self,
        planned: Mapping[str, int],
        waiting: Callable[[], tuple[int, float]],
        clock: Clock,
        *,
        watched: bool,
    ) -> None:
        """Draws the first bars, if `watched`.

        Args:
            planned: The number of timespans of each stream.
            waiting: Returns how many jobs run at Talkdesk, and for how many seconds the oldest has run.
            clock: Measures.
            watched: Whether to draw bars instead of log lines.
        """
        self._streams = {name: _Stream(count) for name, count in planned.items()}
        self._waiting = waiting
        self._clock = clock
        self._began = self._shown = clock.monotonic()
        self._line_due = self._began + SECONDS_TO_FIRST_LINE
        #: What the run does while no job is at Talkdesk.
        self.idle = NO_JOB
        self._picture = _Picture(planned) if watched and planned else None

    def add_rows(self, stream: str, count: int) -> None:
        """Adds rows that were written."""
        progress = self._streams[stream]
        if progress.began is None:
            progress.began = self._clock.monotonic()
        progress.rows += count
        self.show()

    def add_timespan(self, stream: str, *, planned: int) -> None:
        """Adds a complete timespan, and updates the number of planned ones; halves count separately."""
        progress = self._streams[stream]
        progress.done += 1
        progress.planned = planned
        if progress.done == progress.planned:
            progress.ended = self._clock.monotonic()
        self.show()

    def show(self) -> None:
        """Shows the progress, unless it was shown just now; callers may call it at any rate."""
        now = self._clock.monotonic()
        if self._picture is None:
            if now >= self._line_due:
                self._line_due = now + SECONDS_BETWEEN_LINES
                logger.info("%s", self._line(now))
        elif now - self._shown >= SECONDS_BETWEEN_PICTURES:
            self._shown = now
            self._draw(now)

    def close(self) -> None:
        """Draws the last bars, and ends the drawing."""
        if self._picture is not None:
            self._draw(self._clock.monotonic())
            self._picture.close()
            self._picture = None

    def _line(self, now: float) -> str:
        begun = [
            f"{name}: {stream.done:,} of {counted(stream.planned, 'timespan')}"
            f"{', ' * (stream.began is not None)}{stream.in_words(now)}"
            for name, stream in self._streams.items()
            if stream.done or stream.began is not None
        ]
        return "; ".join([*begun, self._status(now)])

    def _draw(self, now: float) -> None:
        assert self._picture is not None
        for name, stream in self._streams.items():
            self._picture.show(name, stream.done, stream.planned, stream.in_words(now))
        self._picture.show_status(self._status(now))

    def _status(self, now: float) -> str:
        count, oldest = self._waiting()
        jobs = self.idle
        if count:
            jobs = f"{counted(count, 'job')} at Talkdesk, the oldest for {in_words(oldest)}"
        done = sum(stream.done for stream in self._streams.values())
        left = sum(stream.planned for stream in self._streams.values()) - done
        if not done or not left:
            return jobs
        return f"{jobs}; about {in_words((now - self._began) / done * left)} left"


class _Picture:
    """Draws a bar for each stream and a status line; log lines from WARNING on appear above them."""

    def __init__(self, planned: Mapping[str, int]) -> None:
        from tqdm import tqdm  # noqa: PLC0415 - few runs are watched
        from tqdm.contrib.logging import logging_redirect_tqdm  # noqa: PLC0415

        self._stack = ExitStack()
        self._stack.enter_context(logging_redirect_tqdm())
        logging.root.handlers[-1].setLevel(logging.WARNING)  # tqdm's handler, removed with the bars
        width = max(map(len, planned))
        self._bars: dict[str, Any] = {
            name: tqdm(
                total=count,
                desc=name.ljust(width),
                unit=counted(count, "timespan"),
                bar_format="{desc}  {bar:20}  {n_fmt} of {unit}{postfix}",
                position=position,
                file=sys.stderr,
                dynamic_ncols=True,
            )
            for position, (name, count) in enumerate(planned.items())
        }
        self._below: Any = tqdm(
            bar_format="{desc}", position=len(planned), file=sys.stderr, dynamic_ncols=True, leave=False
        )

    def show(self, name: str, done: int, planned: int, words: str) -> None:
        bar = self._bars[name]
        bar.n, bar.total, bar.unit = done, planned, counted(planned, "timespan")
        bar.postfix = words
        bar.refresh()

    def show_status(self, words: str) -> None:
        self._below.set_description_str(words)

    def close(self) -> None:
        self._below.close()
        for bar in self._bars.values():
            bar.close()
        self._stack.close()
