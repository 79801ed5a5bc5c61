"""Runs the command `tap-talkdesk-reports`, also as `python -m tap_talkdesk_reports`."""

import gc
from signal import SIG_IGN

from tap_talkdesk_reports.core.signals import leave, listen


def main() -> None:
    """Runs the tap. It handles signals first, because importing the SDK takes a third of a second."""
    listen(leave)
    # Imported objects live until the end. Collecting garbage among them would take a tenth of the start.
    gc.disable()
    from tap_talkdesk_reports.tap import TapTalkdeskReports  # noqa: PLC0415 - signals are handled before

    gc.freeze()
    gc.enable()
    try:
        TapTalkdeskReports.cli()
    finally:
        # The exit code is decided. Python resets handlers as it ends, so another signal would change it.
        listen(SIG_IGN)


if __name__ == "__main__":
    main()
