"""Lets the tap be run as `python -m tap_talkdesk_reports`."""

from tap_talkdesk_reports.tap import TapTalkdeskReports

if __name__ == "__main__":
    TapTalkdeskReports.cli()
