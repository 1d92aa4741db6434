"""Finds the records that break their page in a list whose pages the server counts off.

Small pages lie inside large ones when their size divides the larger one, so a page falls into parts that can be asked
for by their own place. A record that breaks the smallest of all pages is passed over and told by where it stands. A
server that does not answer a page far behind the end either is down, and nobody blames a record; more than `IN_A_PAGE`
of them on one page are no bad records but a server that does not work.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from goldbridge.errors import Halt, Misconfigured, Reject, Retry
from goldbridge.http.narrow import BEHIND_THE_END, IN_A_PAGE, Rejects, Rows, blamed, is_fault

Told = TypeVar("Told")


class Part(NamedTuple, Generic[Told]):
    """Rows from one place on. `ends` says that nothing follows them, `told` is what else the answer said."""

    rows: Rows
    rejects: Rejects
    ends: bool
    told: Told


Ask = Callable[[int, int], Part[Told]]
"""(rows to skip, rows to take) -> what stands there."""


@dataclass(slots=True)
class Whole(Generic[Told]):
    """What came of one page; `told` is of its last part that was answered, and `ends` is true when nothing follows."""

    rows: Rows = field(default_factory=list)
    rejects: Rejects = field(default_factory=list)
    ends: bool = False
    told: Told | None = None


def by_parts(ask: Ask[Told], key: str, first: int, size: int, before: str, error: Retry) -> Whole[Told]:
    """A page that broke with `error`, without the records that break it; `before` is the key of the row ahead of it.

    Raises `error` when the server failed over no record, and what `ask` raises.
    """
    if not is_fault(error):
        raise error
    found = Whole[Told]()
    _alive(ask)
    _split(ask, key, first, size, before, error, found)
    if not found.rows:
        _alive(ask)  # nothing of it came: once more, before records are blamed
    return found


def _alive(ask: Ask[Told]) -> None:
    """To be refused such a page is an answer as well."""
    with suppress(Reject, Halt, Misconfigured):
        ask(BEHIND_THE_END, 1)


def _split(ask: Ask[Told], key: str, first: int, size: int, before: str, error: Retry, found: Whole[Told]) -> None:
    if size == 1:
        place = f"after {found.rows[-1].get(key) if found.rows else before or 'the start'}"
        while any(place == known for known, _ in found.rejects):
            place += " +1"
        found.rejects.append((place, blamed(error, place)))
        found.ends = False
        if len(found.rejects) > IN_A_PAGE:
            raise error
        return
    part = size // next(number for number in range(2, size + 1) if size % number == 0)
    for start in range(first, first + size, part):
        try:
            answered = ask(start, part)
        except Retry as broken:
            if not is_fault(broken):
                raise
            _split(ask, key, start, part, before, broken, found)
            continue
        found.rows += answered.rows
        found.rejects += answered.rejects
        found.ends, found.told = answered.ends, answered.told
        if answered.ends:
            return
