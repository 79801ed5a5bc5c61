"""The imports between subpackages, read from the code, including imports for types.

A room is a subpackage, or a module at the top level.
"""

from __future__ import annotations

import ast
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import tap_talkdesk_reports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The layers of the tap's rooms, top to bottom. A room may import all layers below its own.
LAYERS = (
    {"__main__"},
    {"tap"},
    {"streams"},
    {"sync"},
    {"jobs", "config"},
    {"api", "singer", "records"},
    {"core"},
)
#: Rooms outside the layers: data, which imports nothing, and the rooms that may import it.
DATA, READERS = "schemas", {"tap", "streams"}


def arrows_allowed() -> dict[str, set[str]]:
    """Returns the rooms that each room of the tap may import from, besides itself."""
    allowed: dict[str, set[str]] = {DATA: set()}
    below: set[str] = set()
    for layer in reversed(LAYERS):
        for room in layer:
            allowed[room] = below | ({DATA} if room in READERS else set())
        below = below | layer
    return allowed


class Imports:
    """The imports of each module of a package, anywhere in its code.

    A module that imports a name of another room's `__init__` imports that `__init__`. Python also runs
    `room/__init__.py` before `room/module.py`, but this does not count as an import.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = {self._name_of(file): file for file in sorted(root.rglob("*.py"))}
        #: Full names of each module's imports, of this package and of others.
        self.names = {module: set(_imported(file)) for module, file in self.files.items()}
        #: The modules of this package that each module imports.
        self.arrows = {
            module: {self._module_of(name) for name in names if name.split(".")[0] == root.name}
            for module, names in self.names.items()
        }

    def _name_of(self, file: Path) -> str:
        parts = file.relative_to(self.root.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _module_of(self, name: str) -> str:
        """Returns the module of a name, which is the module itself or one of its members."""
        return name if name in self.files else name.rpartition(".")[0]

    def room_of(self, module: str) -> str:
        """Returns the room of a module: its folder, or its own name if it has none; empty for the package."""
        return f"{module}.".split(".")[1]

    def rooms(self) -> set[str]:
        """Returns all rooms, without the `__init__` of the package."""
        return {self.room_of(module) for module in self.files} - {""}

    def within(self, place: str) -> list[str]:
        """Returns the modules of a room such as `records`, or a single module such as `core.clock`."""
        name = f"{self.root.name}.{place}"
        found = [module for module in self.files if f"{module}.".startswith(f"{name}.")]
        assert found, f"unknown room or module: {place}"
        return found

    def packages(self, place: str) -> set[str]:
        """Returns the other packages that a room or module imports from."""
        names = {name.partition(".")[0] for module in self.within(place) for name in self.names[module]}
        return names - {self.root.name}

    def wrong_arrows(self, allowed: Mapping[str, set[str]]) -> list[str]:
        """Returns the imports from a room to a room that it may not import from."""
        return [
            f"{module} -> {target}"
            for module, targets in self.arrows.items()
            for target in sorted(targets)
            if self.room_of(target) not in allowed.get(self.room_of(module), set()) | {self.room_of(module)}
        ]

    def circles(self, place: str | None = None) -> list[str]:
        """Returns the shortest import cycle of each module in one, within a room or in the whole package."""
        modules = self.files.keys() if place is None else set(self.within(place))
        found: dict[frozenset[str], str] = {}
        for module in sorted(modules):
            if path := self._way_back(module, modules):
                found.setdefault(frozenset(path), " -> ".join(path))
        return list(found.values())

    def _way_back(self, start: str, modules: set[str]) -> list[str]:
        """Returns the shortest import path from a module to itself; empty if there is none."""
        ways = deque([[start]])
        seen: set[str] = set()
        while ways:
            way = ways.popleft()
            for target in sorted(self.arrows[way[-1]] & modules):
                if target == start:
                    return [*way, start]
                if target not in seen:
                    seen.add(target)
                    ways.append([*way, target])
        return []


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import does not show its package"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


TAP = Imports(Path(tap_talkdesk_reports.__file__).parent)
