"""Formats the results as plain text tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import jobs, rules, startup
from bench.ranges import Range
from bench.ratios import without_start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.jobs import Wait
    from bench.measure import Usage
    from bench.ratios import Ratio

HOW_ROWS = """
Rows: the tap creates a job, polls and downloads. The plain tap downloads the file. Both use the same server,
a separate process that has the file ready. The loops and cat read the file from disk. All write to /dev/null,
and a check has shown that they write the same records. All run in turns. `without start` subtracts the CPU
time of a run without rows."""
NO_BATCH = "\nRows of calls, batch: not available; the tap refuses the setting batch_config"


def of_starts(starts: Mapping[str, Sequence[Usage]]) -> str:
    """Returns a table of the starts."""
    imported = [used.wall for used in starts[startup.SDK]]
    lines = []
    for name, each in starts.items():
        walls = [used.wall for used in each]
        lines.append((name, Range.of(walls).text(), Range.of_ratios(walls, imported).text()))
    return table(f"Start, {_runs(starts)}", ("", "s", "/ import"), lines)


def of_jobs(waits: Mapping[str, Sequence[Wait]]) -> str:
    """Returns a table of the runs that mostly wait."""
    lines = [
        (
            what,
            Range.of(wait.start for wait in each).text(),
            Range.of(wait.wall for wait in each).text(),
            f"{each[0].ideal:.0f}",
            Range.of(wait.ratio for wait in each).text(),
        )
        for what, each in waits.items()
    ]
    title = f"Jobs of {jobs.JOB_SECONDS} s: (run - start) / ideal, {_runs(waits)}"
    return table(title, ("", "start, s", "run, s", "ideal, s", "ratio"), lines)


def of_no_rows(form: str, starts: Mapping[str, Sequence[Usage]]) -> str:
    """Returns a table of what each contestant uses without rows."""
    lines = [
        (
            name,
            Range.of(used.cpu for used in each).text(),
            Range.of(used.wall for used in each).text(),
            Range.of(used.peak for used in each).text(0),
        )
        for name, each in starts.items()
    ]
    title = f"Rows of calls, {form}, none: the start, {_runs(starts)}"
    return table(title, ("", "CPU s", "wall s", "peak MiB"), lines)


def of_rows(
    form: str, count: int, usages: Mapping[str, Sequence[Usage]], starts: Mapping[str, Sequence[Usage]]
) -> str:
    """Returns a table of the speed and memory of each contestant."""
    lines = [
        (
            name,
            Range.of(count / used.cpu / 1000 for used in each).text(0),
            Range.of(count / seconds / 1000 for seconds in without_start(usages, starts, name)).text(0),
            Range.of(count / used.wall / 1000 for used in each).text(0),
            Range.of(used.peak for used in each).text(0),
        )
        for name, each in usages.items()
    ]
    title = f"Rows of calls, {form}, {count:,}, thousands per second, {_runs(usages)}"
    return table(title, ("", "CPU", "CPU without start", "wall", "peak MiB"), lines)


def of_rules(took: Mapping[str, float]) -> str:
    """Returns a table of the cost of each rule."""
    usual = took[rules.ALL]
    lines = [(name, f"{each:.2f}", f"{each / usual:.2f}") for name, each in took.items()]
    title = f"What each rule costs, {rules.ROWS:,} rows of calls in JSON, from file to lines"
    return table(title, ("", "microseconds per row", "/ usual"), lines)


def of_ratios(reached: Sequence[Ratio]) -> str:
    """Returns a table of the targets and the measured figures."""
    lines = [
        (
            ratio.what,
            ratio.value.text(),
            "" if ratio.wanted is None else f"{ratio.sense} {ratio.wanted:g}",
            ratio.reached,
        )
        for ratio in reached
    ]
    return table("Ratios", ("", "measured", "wanted", "reached"), lines)


def _runs(usages: Mapping[str, Sequence[object]]) -> str:
    rounds = len(next(iter(usages.values())))
    return f"{rounds} runs in turns" if rounds > 1 else "run once"


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Formats a table with a title. The first column is left-aligned, the others are right-aligned."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return "  ".join((first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others))).rstrip()

    return "\n".join(
        ("", title, "", line(headings), line(["-" * width for width in widths]), *map(line, rows))
    )
