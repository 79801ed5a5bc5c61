"""The reports of the Explore API, one module for each report or group of reports.

`catalogue.reports_of` returns them by name. `Explore` has the options of the API.
"""

from talkdesk_sandbox.reports.explore.options import Explore

__all__ = ["Explore"]
