"""Shows that the tests of edge cases rest on what they say: without its guard, a test that names it must fail.

`make mutants` switches off one guard after the other, in a process of its own, and runs the tests that name it. A test
that passes all the same proves nothing and is reported. Nothing here is known to shipped code: the function is replaced
in memory, wherever it was imported to.

`python -m tests.mutants GUARD...` tries some; `--list` lists them.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, settings

from tests.guards import MUTANTS, silent

ROOT = Path(__file__).resolve().parent
WITHOUT = "TESTS_WITHOUT_GUARD"
"""What tells a process that a test starts which guard to do without; only scripts of tests read it."""
_NAMED = re.compile(r"Guard: ([\w.]+:[\w.]+)")


class Case(NamedTuple):
    """A test, where it is, and the guards that it names."""

    file: Path
    name: str
    guards: tuple[str, ...]


@cache
def cases() -> tuple[Case, ...]:
    """Every test, read without importing it."""
    return tuple(
        Case(file, node.name, tuple(_NAMED.findall(ast.get_docstring(node) or "")))
        for file in sorted(ROOT.rglob("test_*.py"))
        for node in _functions(ast.parse(file.read_text(encoding="utf-8")))
        if node.name.startswith("test_")
    )


def _functions(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """The functions of a module and its classes; what stands inside a function is no test."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from _functions(node)
        elif isinstance(node, ast.FunctionDef):
            yield node


def original(guard: str) -> tuple[Any, str, Any]:
    """Where a guard is (a module or a class), its name there, and what stands there."""
    module, _, path = guard.partition(":")
    *outer, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for part in outer:
        owner = getattr(owner, part)
    return owner, name, owner.__dict__[name]


def switch_off(guard: str) -> None:
    """Replace a guard in this process, also where it was imported by name; processes that it starts may ask which."""
    os.environ[WITHOUT] = guard
    owner, name, real = original(guard)
    mutant = MUTANTS.get(guard, silent)(real)
    setattr(owner, name, mutant)
    for module in list(sys.modules.values()):
        for known, value in list(getattr(module, "__dict__", {}).items()):
            if value is real:
                setattr(module, known, mutant)


class Runner:
    """Collects once, then runs each guard's tests in a fork without it."""

    def __init__(self, guards: Sequence[str]) -> None:
        self.guards = guards
        self.failed: set[str] = set()
        self.survivors: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(_function(report.nodeid))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for guard in self.guards:
            items = _cheapest([item for item in session.items if guard in _NAMED.findall(_docstring(item))])
            wanted = {_function(item.nodeid) for item in items}
            failed = self._forked(guard, items)
            left = sorted(wanted - failed)
            self.survivors += [f"{test} passes without {guard}" for test in left]
            if not wanted:
                self.survivors.append(f"no test names {guard}")
            print(f"{'ok  ' if wanted and not left else 'FAIL'} {guard}: {len(failed)} of {len(wanted)} tests fail")
            sys.stdout.flush()
        return True

    def _forked(self, guard: str, items: list[pytest.Item]) -> set[str]:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            os.dup2(silent, 2)
            try:
                switch_off(guard)
                for at, item in enumerate(items):
                    following = items[at + 1] if at + 1 < len(items) else None
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            finally:
                with os.fdopen(writing, "w") as told:
                    json.dump(sorted(self.failed), told)
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as heard:
            text = heard.read()
        os.waitpid(child, 0)
        return set(json.loads(text))


def _cheapest(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Tests that run on both databases run on SQLite; those of PostgreSQL alone run there."""
    lighter = [item for item in items if item.get_closest_marker("postgres") is None]
    known = {_function(item.nodeid) for item in lighter}
    return [*lighter, *(item for item in items if _function(item.nodeid) not in known)]


def _docstring(item: pytest.Item) -> str:
    return getattr(getattr(item, "function", None), "__doc__", None) or ""


def _function(nodeid: str) -> str:
    return nodeid.partition("[")[0]


def main(arguments: Sequence[str]) -> int:
    """Try these guards, or all that tests name; 1 when a test passes without its guard."""
    settings.register_profile("mutants", database=None, deadline=None, phases=(Phase.explicit, Phase.generate))
    settings.load_profile("mutants")
    every = cases()
    known = sorted({guard for case in every for guard in case.guards})
    if "--list" in arguments:
        print("\n".join(known))
        return 0
    guards = list(arguments) or known
    named = {str(case.file) for case in every if set(case.guards) & set(guards)}
    runner = Runner(guards)
    options = ["-o", "addopts=", "-p", "no:terminal", "-p", "no:cacheprovider"]
    status = pytest.main([*options, *sorted(named)], plugins=[runner])
    if status:
        print(f"the tests cannot be collected (status {int(status)}); run them alone first")
        return 2
    print("\n".join(runner.survivors) or f"{len(guards)} guards: every test that names one fails without it")
    return 1 if runner.survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
