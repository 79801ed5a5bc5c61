"""Collects every error and warning of the tap from its code.

A message is a text in a `raise`, in a `return` of an error, in a logged warning or error,
or in a check of the settings. Values that are inserted at run time are `…`.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import tap_talkdesk_reports

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(tap_talkdesk_reports.__file__).parent
FILLED_IN = "…"

#: Modules in which each text that is yielded or returned is an error of a setting.
CHECKS = {"validation.py", "custom_reports.py"}
#: Constants and functions with texts that replace `…` elsewhere, and that users should also find.
PARTS = {
    "sync_all.py": "described",
    "creation.py": "ADVICE",
    "failures.py": "FAILURES",
    "limits.py": "LIMITS",
    "exchange.py": "__str__",
    "token_source.py": "_clock_hint",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def messages() -> dict[str, str]:
    """Returns each message, without backquotes and with `…` for values, and its place in the code."""
    found: dict[str, str] = {}
    for file in sorted(ROOT.rglob("*.py")):
        if not file.is_relative_to(ROOT / "sandbox"):
            tree = ast.parse(file.read_text())
            for text, line in _messages_of(tree, file.name):
                if re.search(r"[a-z]{3}", text):
                    found.setdefault(text.replace("`", ""), f"{file.relative_to(ROOT)}:{line}")
    return found


def _messages_of(tree: ast.Module, file: str) -> Iterator[tuple[str, int]]:
    for function in (node for node in ast.walk(tree) if isinstance(node, Function)):
        for node, said in _sayings(function, checks=file in CHECKS):
            for text in said:
                yield text, node.lineno
    for node in ast.walk(tree):
        named = getattr(node, "name", None) or ast.unparse(getattr(node, "targets", [ast.Constant("")])[0])
        if file in PARTS and named == PARTS[file]:
            yield from ((text, node.lineno) for text in _parts(node))


def _sayings(function: Function, *, checks: bool) -> Iterator[tuple[ast.AST, list[str]]]:
    """Yields the nodes of a function that contain a message, each with its possible texts."""
    texts = _assigned(function)
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield node, _arguments(node.exc, texts)
        elif isinstance(node, ast.Return) and _is_error(node.value):
            yield node, _arguments(node.value, texts)
        elif isinstance(node, ast.Call) and _is_logged(node):
            yield node, [re.sub(r"%[-+.\d]*[sdfr]", FILLED_IN, text) for text in _arguments(node, texts)]
        elif checks and isinstance(node, ast.Return | ast.Yield):
            yield node, _texts(node.value, texts, node.lineno)


def _assigned(function: Function) -> dict[str, list[tuple[int, list[str]]]]:
    """Returns the texts that are assigned to each name in a function, with the line."""
    texts: dict[str, list[tuple[int, list[str]]]] = defaultdict(list)
    for node in ast.walk(function):
        named = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if named and (said := _texts(node.value, texts, node.lineno)):
            texts[node.targets[0].id].append((node.lineno, said))
    return texts


def _arguments(call: ast.Call, texts: dict[str, list[tuple[int, list[str]]]]) -> list[str]:
    said = (argument for argument in call.args if not isinstance(argument, ast.Call))  # a call fills in
    return [text for argument in said for text in _texts(argument, texts, call.lineno)]


def _texts(node: ast.AST | None, texts: dict[str, list[tuple[int, list[str]]]], line: int) -> list[str]:
    """Returns the possible texts of an expression; none if it is not a text."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            said = [""]
            for part in parts:
                within = part.value if isinstance(part, ast.FormattedValue) else part
                more = _texts(within, texts, line) or [FILLED_IN]
                said = [before + after for before in said for after in more]
            return said
        case ast.IfExp(body=one, orelse=other):
            return _texts(one, texts, line) + _texts(other, texts, line)
        case ast.Call(func=ast.Name(id="counted"), args=[_, ast.Constant(value=noun)]):
            return [f"{FILLED_IN} {noun}s"]
        case ast.Name(id=name):
            before = [(at, said) for at, said in texts.get(name, []) if at <= line]
            return max(before)[1] if before else []
    return []


def _is_error(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Error")


def _is_logged(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr in {"warning", "error", "critical"}


def _parts(node: ast.AST) -> Iterator[str]:
    """Yields every text of more than one word, except the docstring."""
    docstring = ast.get_docstring(node, clean=False) if isinstance(node, Function) else None
    within = {id(part) for each in ast.walk(node) if isinstance(each, ast.JoinedStr) for part in each.values}
    for each in ast.walk(node):
        if isinstance(each, ast.Constant | ast.JoinedStr) and id(each) not in within:
            yield from (text for text in _texts(each, {}, 0) if " " in text and text != docstring)
