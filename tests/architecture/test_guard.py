"""Every test of an edge case names the guard that it rests on, and the guard is there (`make mutants` tries them)."""

from __future__ import annotations

import re

from tests.guards import MUTANTS
from tests.mutants import cases, original

_CASE = re.compile(r"_e(\d\d)(?=_|$)")
EVERY = frozenset(range(1, 89))
"""The edge cases of the golden-record core."""


def test_every_edge_case_names_a_guard() -> None:
    without = [f"{case.file.name}: {case.name}" for case in cases() if _CASE.match(case.name[4:]) and not case.guards]
    assert without == []


def test_every_guard_is_there() -> None:
    missing = []
    for guard in sorted({guard for case in cases() for guard in case.guards} | set(MUTANTS)):
        try:
            found = original(guard)[2]
        except (ImportError, AttributeError, KeyError):
            found = None
        if not callable(found):
            missing.append(guard)
    assert missing == []


def test_every_edge_case_has_a_test() -> None:
    tested = {int(number) for case in cases() for number in _CASE.findall(case.name[4:])}
    assert EVERY - tested == set()
