"""The parts that need no distant server: start, rules, slow jobs, rows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bench import jobs, ratios, rows, rules, startup, tables
from bench.part import Outcome

if TYPE_CHECKING:
    from bench.part import Options
    from bench.rows import Figures


def startups(options: Options) -> Outcome:
    """Measures the start of the tap, compared with the SDK's."""
    starts = startup.measured(options.folder, options.rounds, options.log)
    print(tables.of_starts(starts))
    return Outcome(_as_dicts(starts), list(ratios.of_starts(starts)))


def rule_costs(options: Options) -> Outcome:
    """Measures the cost of each rule of the records."""
    options.log("what each rule costs")
    costs = rules.measured(max(options.rounds, 5))
    print(tables.of_rules(costs))
    return Outcome(costs)


def waits(options: Options) -> Outcome:
    """Measures runs with slow jobs."""
    each = jobs.measured(options.folder, options.rounds, options.log)
    print(tables.of_jobs(each))
    return Outcome(_as_dicts(each), list(ratios.of_jobs(each)))


def row_rates(options: Options) -> Outcome:
    """Measures rows per second, compared with programs that read and write the same."""
    figures: Figures = {}
    print(tables.HOW_ROWS)
    sizes = (0, *sorted(options.rows))
    for form, count, used in rows.measured(options.folder, sizes, options.rounds, options.log):
        figures.setdefault(form, {})[count] = used
        starts = figures[form][0]
        text = tables.of_rows(form, count, used, starts) if count else tables.of_no_rows(form, used)
        print(text, flush=True)
    if rows.BATCH not in figures:
        print(tables.NO_BATCH)
    everything = {
        form: {count: _as_dicts(each) for count, each in by_rows.items()} for form, by_rows in figures.items()
    }
    return Outcome(everything, list(ratios.of_rows(figures)))


def _as_dicts(runs: Any) -> dict[str, list[dict[str, Any]]]:
    return {name: list(map(asdict, each)) for name, each in runs.items()}
