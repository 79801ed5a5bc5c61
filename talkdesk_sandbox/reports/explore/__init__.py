"""The Explore API of the sandbox: its sign-in, its operations, and its reports."""

from talkdesk_sandbox.reports.explore.options import Explore

__all__ = ["Explore"]
