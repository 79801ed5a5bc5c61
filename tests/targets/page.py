"""Writes the table of docs/targets.md."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.targets.table import Target

PAGE = Path(__file__).parents[2] / "docs/targets.md"
BEGIN, END = "<!-- written by `make targets` -->\n", "<!-- end -->\n"
#: Headings, with the kinds of values whose types stand below them.
TYPES = {
    "times": ("time",),
    "lists": ("list",),
    "integers, numbers": ("integer", "number"),
    "`_unknown_fields`": ("_unknown_fields",),
}


@dataclass
class Result:
    """What was seen of one target."""

    target: Target
    #: Rows sent, by API.
    sent: dict[str, int] = field(default_factory=dict)
    #: Rows that did not arrive.
    missing: int = 0
    #: The types of columns, by the kind of their values.
    types: dict[str, set[str]] = field(default_factory=dict)

    def add_types(self, schema: Mapping[str, Any], types: Mapping[str, str]) -> None:
        """Note the types that a table's columns have."""
        for name, column in schema["properties"].items():
            if name in types:
                kind = name if name == "_unknown_fields" else _kind(column)
                self.types.setdefault(kind, set()).add(types[name])


def _kind(column: Mapping[str, Any]) -> str:
    (kind,) = (kind for kind in column["type"] if kind != "null")
    return {"array": "list"}.get(kind, "time" if column.get("format") == "date-time" else kind)


def table(results: Iterable[Result]) -> str:
    """The table, as Markdown."""
    head = ("target", "settings", "rows", "sent again", '`""`', *TYPES)
    lines = [head, ("---",) * len(head), *map(_cells, results)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cells(result: Result) -> tuple[str, ...]:
    target, total = result.target, sum(result.sent.values())
    rows = f"all {total:,}" if not result.missing else f"**{result.missing} of {total:,} missing**"
    seen = (
        dict.fromkeys(" or ".join(sorted(result.types.get(k, ()))) for k in kinds) for kinds in TYPES.values()
    )
    return target.name, settings(target), rows, target.again, target.empty, *map(", ".join, seen)


def settings(target: Target) -> str:
    """The settings of a target, as Markdown."""
    return "<br>".join(f"`{name}: {json.dumps(value)}`" for name, value in target.settings.items())


def write(results: Iterable[Result]) -> None:
    """Puts the table into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(results)}\n{END}{after}")
