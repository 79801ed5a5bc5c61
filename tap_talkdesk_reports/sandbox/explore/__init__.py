"""The Explore API of the sandbox: its sign-in, its operations, and its reports."""

from tap_talkdesk_reports.sandbox.explore.options import Explore

__all__ = ["Explore"]
