"""The command `tap-talkdesk-reports`, which is `python -m tap_talkdesk_reports`, too."""

import gc
from signal import SIG_IGN

from tap_talkdesk_reports.core.signals import leave, listen


def main() -> None:
    """Run the tap. Signals count from the first line; the import of the SDK takes a third of a second."""
    listen(leave)
    # What is imported lives until the end: to look for garbage in it takes a tenth of the start, in vain.
    gc.disable()
    from tap_talkdesk_reports.tap import TapTalkdeskReports  # noqa: PLC0415 - signals count from before it

    gc.freeze()
    gc.enable()
    try:
        TapTalkdeskReports.cli()
    finally:
        # The exit code is decided. Python unsets handlers as it ends, and one more signal would change it.
        listen(SIG_IGN)


if __name__ == "__main__":
    main()
