"""Terminal charts of the demo's rows, from SQL queries over the files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
WIDTH = 60

# The bars of the outcomes differ in shade and, if the terminal has colours, in colour.
OUTCOMES = {"answered": ("█", 32), "missed": ("▓", 33), "abandoned": ("░", 31)}


def draw() -> None:
    """Prints both charts and the evidence. The queries name files relative to the project's folder."""
    draw_calls_by_hour()
    print()
    draw_time_per_status()
    print()
    print_evidence()


def draw_calls_by_hour() -> None:
    """Prints a bar for each hour of the day, divided by how the calls ended."""
    hours = duckdb.execute((HERE / "calls_by_hour.sql").read_text()).fetchall()
    scale = WIDTH / max(sum(counts) for _, *counts in hours)
    legend = "   ".join(f"{painted(bar, colour)} {outcome}" for outcome, (bar, colour) in OUTCOMES.items())
    print(f"Calls by hour of the day, UTC     {legend}")
    for hour, *counts in hours:
        parts = zip(counts, OUTCOMES.values(), strict=True)
        bars = "".join(painted(bar * round(count * scale), colour) for count, (bar, colour) in parts)
        print(f"{hour:>5}:00  {bars} {sum(counts):,}")


def draw_time_per_status() -> None:
    """Prints a bar for each status, by the time that all agents together spent in it."""
    statuses = duckdb.execute((HERE / "time_per_status.sql").read_text()).fetchall()
    longest, total = max(hours for _, hours in statuses), sum(hours for _, hours in statuses)
    name_width = max(len(status) for status, _ in statuses)
    print("Time of all agents by status, without Offline")
    for status, hours in statuses:
        bar = painted("█" * round(hours / longest * (WIDTH - name_width)), 36)
        print(f"  {status:<{name_width}}  {bar} {hours:,.0f} h, {hours / total:.0%}")


def print_evidence() -> None:
    """Prints a line for each stream: gaps between its timespans, and its rows in files and table."""
    print("Is anything missing?")
    for stream, timespans, first, last, gaps, rows in duckdb.execute(
        (HERE / "evidence.sql").read_text()
    ).fetchall():
        # A row whose time is exactly a bookmark may come in two runs. A target that upserts keeps one.
        [[arrived]] = duckdb.execute(
            f"select count(*) from (select distinct * from read_json('demo/output/{stream}.jsonl'))"  # noqa: S608
        ).fetchall()
        print(
            f"  {stream:<12} {timespans} timespans, {first} to {last}, {gaps or 'no'} gap{'s' * (gaps > 1)}; "
            f"{rows:,} rows in the files, {arrived:,} in the table"
        )


def painted(text: str, colour: int) -> str:
    """Returns the text in an ANSI colour if the output is a terminal with colours."""
    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"\x1b[{colour}m{text}\x1b[0m" if wanted and text else text
