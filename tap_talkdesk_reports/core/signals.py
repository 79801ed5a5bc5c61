"""Handles the signals that end the process. It imports little, because the command needs it first."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False  # importing typing would take longer than all other imports of this module
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

#: A process that a signal ended has the exit code 128 plus the signal's number, as in a shell.
SIGNALLED = 128


def listen(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    """Sets the handler of TERM, INT and HUP.

    INT and HUP stay ignored if they are ignored already. `nohup` ignores HUP, and a script's
    shell ignores INT for background jobs.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def leave(number: int, _frame: FrameType | None) -> None:
    """Ends the process at once at a signal during start-up; an exception could show a traceback."""
    os._exit(SIGNALLED + number)
