"""What was measured, as tables of plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import jobs, rules, startup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.jobs import Wait
    from bench.measure import Usage
    from bench.ratios import Ratio

HOW_ROWS = """
Rows: the tap orders, polls and downloads, and the plain tap fetches the file, from one server that has
it ready, in a process of its own; floor and cat read it from the disk. All write to /dev/null, and wrote
the same records before. All run in turns. `without start` leaves out the processor time of no rows."""
NO_BATCH = "\nRows of calls, batch: not available; the tap refuses the setting batch_config"


def of_starts(starts: Mapping[str, Usage]) -> str:
    """How long each takes to start."""
    imported = starts[startup.SDK].wall
    lines = [(name, f"{used.wall:.3f}", f"{used.wall / imported:.2f}") for name, used in starts.items()]
    return _table("Start, median", ("", "s", "/ import"), lines)


def of_jobs(waits: Sequence[Wait]) -> str:
    """How long runs took that mostly wait."""
    lines = [
        (wait.what, *(f"{seconds:.2f}" for seconds in (wait.start, wait.wall, wait.ideal, wait.ratio)))
        for wait in waits
    ]
    title = f"Jobs of {jobs.JOB_SECONDS} s: (run - start) / ideal"
    return _table(title, ("", "start, s", "run, s", "ideal, s", "ratio"), lines)


def of_no_rows(form: str, starts: Mapping[str, Usage], rounds: int) -> str:
    """What each contestant uses when there are no rows."""
    lines = [
        (name, f"{used.cpu:.3f}", f"{used.wall:.3f}", f"{used.peak:,.0f}") for name, used in starts.items()
    ]
    title = f"Rows of calls, {form}, none: the start, {_median(rounds)}"
    return _table(title, ("", "s of processor", "s of time", "peak MiB"), lines)


def of_rows(
    form: str, count: int, usages: Mapping[str, Usage], starts: Mapping[str, Usage], rounds: int
) -> str:
    """How fast each contestant was, and how large."""
    lines = [
        (
            name,
            f"{count / used.cpu:,.0f}",
            _rate(count, used.cpu - starts[name].cpu),
            f"{count / used.wall:,.0f}",
            f"{used.peak:,.0f}",
        )
        for name, used in usages.items()
    ]
    title = f"Rows of calls, {form}, {count:,}, {_median(rounds)}"
    return _table(title, ("", "rows/s of processor", "without start", "rows/s of time", "peak MiB"), lines)


def of_rules(took: Mapping[str, float]) -> str:
    """What each rule costs."""
    usual = took[rules.ALL]
    lines = [(name, f"{each:.2f}", f"{each / usual:.2f}") for name, each in took.items()]
    title = f"What each rule costs, {rules.ROWS:,} rows of calls in JSON, from file to lines"
    return _table(title, ("", "microseconds a row", "/ as mostly"), lines)


def of_ratios(reached: Sequence[Ratio]) -> str:
    """What is wanted beside what is."""
    words = {True: "yes", False: "no", None: ""}
    lines = [
        (
            ratio.what,
            f"{ratio.value:.2f}",
            "" if ratio.wanted is None else f"{ratio.sense} {ratio.wanted:g}",
            "" if ratio.aim is None else f"{ratio.aim:g}",
            words[ratio.reached],
        )
        for ratio in reached
    ]
    return _table("Ratios", ("", "measured", "wanted", "aim", "reached"), lines)


def _median(rounds: int) -> str:
    return f"median of {rounds}" if rounds > 1 else "run once"


def _rate(count: int, seconds: float) -> str:
    """Nothing where the start is all that there was to measure."""
    return f"{count / seconds:,.0f}" if seconds > 0.01 else "-"


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table below its title: the first column to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return "  ".join((first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others))).rstrip()

    return "\n".join(
        ("", title, "", line(headings), line(["-" * width for width in widths]), *map(line, rows))
    )
