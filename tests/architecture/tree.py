"""The files of the repository, as the tests of its shape look at them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("goldbridge", "connectors", "mdm", "dedupe", "flows")
SIMULATORS = "goldbridge/simulators/"


@cache
def tracked() -> tuple[str, ...]:
    """Every file that belongs to the repository, by its path from the root; new files that git would take count too.

    Without git (an unpacked archive) everything but hidden folders is taken.
    """
    try:
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        files = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        found = [path.as_posix() for path in files if not {"__pycache__", "build", "dist"} & set(path.parts)]
        found = [path for path in found if not path.startswith(".") or path.startswith(".ci/")]
    return tuple(sorted(path for path in found if path and (ROOT / path).is_file()))


def python(*folders: str) -> Iterator[str]:
    """The Python files below these folders."""
    prefixes = tuple(f"{folder}/" for folder in folders)
    return (path for path in tracked() if path.endswith(".py") and path.startswith(prefixes))


@cache
def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def parsed(path: str) -> ast.Module:
    return ast.parse(text(path), path)


@cache
def nodes(path: str) -> tuple[ast.AST, ...]:
    """Every import, call and keyword of a file, in the order of `ast.walk`."""
    wanted = (ast.Import, ast.ImportFrom, ast.Call, ast.keyword)
    return tuple(node for node in ast.walk(parsed(path)) if isinstance(node, wanted))


def imported(path: str) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a file imports, inside functions too."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, each.name) for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{each.name}") for each in node.names)


def dotted(node: ast.expr) -> str:
    """`time.sleep` of the expression that says so, "" for anything that is not names and dots."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def calls(path: str) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a file calls, with its own imports spelled out.

    `from time import sleep as nap; nap(1)` is a call of `time.sleep`.
    """
    names = {
        each.asname or each.name: f"{node.module}.{each.name}"
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and node.module
        for each in node.names
    }
    names |= {
        each.asname: each.name
        for node in nodes(path)
        if isinstance(node, ast.Import)
        for each in node.names
        if each.asname
    }
    for node in nodes(path):
        if isinstance(node, ast.Call) and (name := dotted(node.func)):
            first, dot, rest = name.partition(".")
            yield node.lineno, f"{names.get(first, first)}{dot}{rest}"
