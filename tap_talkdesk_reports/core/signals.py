"""Signals that tell the process to end. Imports next to nothing, as the command listens before all else."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False  # typing itself takes longer to import than all that is needed here
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

#: What a shell adds to the number of the signal that ended a process.
SIGNALLED = 128


def listen(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    """Set the handler of TERM, INT and HUP.

    INT and HUP stay ignored if they are: `nohup` has HUP ignored, and a script's shell INT
    for what runs in the background.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def leave(number: int, _frame: FrameType | None) -> None:
    """Handle a signal while nothing has begun: leave at once, as an exception could show a traceback."""
    os._exit(SIGNALLED + number)
