"""The reports of the Reporting API, with the fields of 2016 or with those of 2017 to 2022."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from talkdesk_sandbox.reports.explore.calls import CALLS
from talkdesk_sandbox.reports.reporting import REPORTS, Report

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The calls of 2017 have the same fields as those of Explore up to 2025.
_CALLS = Report("calls", CALLS["2025"].fields, CALLS["2025"].rows)

GENERATIONS: Mapping[str, Mapping[str, Report]] = {
    "2016": REPORTS,
    "2017": {
        name: replace(report, envelope={"type": name, "version": "v1"})
        for name, report in {**REPORTS, "calls": _CALLS}.items()
    },
}
