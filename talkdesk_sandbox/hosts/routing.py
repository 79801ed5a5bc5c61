"""Maps method and path to operation, report, job id and handler."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

H = TypeVar("H")


def routed(
    routes: Iterable[tuple[str, str, re.Pattern[str], H]], method: str, path: str
) -> tuple[str, str | None, str | None, H] | None:
    """Returns operation, report, job id and handler of a request; None if no route matches.

    A route is operation, method (`""` for any), pattern of the path, and handler.
    """
    for operation, verb, pattern, handler in routes:
        match = pattern.fullmatch(path)
        if match and verb in (method, ""):
            parts = match.groupdict()
            return operation, parts.get("report"), parts.get("job"), handler
    return None
