"""Compares the rows of one object with those that golden records ask for. Pure: who reads them is not known here.

A difference names its record, its field and both values, so that somebody can act on it. Beside the differences stand
figures for each side: how many rows have a value in each field, the smallest and the largest of numbers and days, the
sums that were asked for, the same for each value of a field to group by, and one fingerprint over everything that was
compared. Equal fingerprints mean that no field of no record differs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple

from flows.figure import BOTH, EXPECTED, FOUND, NOTHING, SIDES, Cell, Figures, Side, Tally, read, same, text
from goldbridge.ports import Json

SHOWN = 50
"""Differences kept with a run; all of them are counted."""
Strangers = Mapping[str, str]
"""Key of a row that nobody asked for -> the external id that it carries."""


@dataclass(slots=True)
class Difference:
    """`kind`: missing (we wrote it, it is gone), undelivered (it never was), extra (carries an id of ours that asks for
    no row), double, field, sum, no_number (a field to be summed holds something else). `records`: source records."""

    kind: str
    external_id: str = ""
    key: str = ""
    field: str = ""
    expected: str = ""
    found: str = ""
    records: tuple[str, ...] = ()


class Wanted(NamedTuple):
    """A row that a golden record asks for. `rows`: keys of those known to be its own, whether or not they carry its
    id, each with the fields that we wrote there, which must be empty when nothing is asked for."""

    external: str
    values: Mapping[str, Any]
    rows: Mapping[str, Collection[str]]


@dataclass(slots=True)
class Report:
    """One object compared. `ok` when nothing differs; `kinds` counts the differences by kind, `changed` the rows with
    other fields."""

    object: str
    expected: int = 0
    found: int = 0
    waiting: int = 0
    sums: dict[str, dict[str, str]] = field(default_factory=dict)
    differences: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    changed: int = 0
    shown: list[Difference] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)
    fields: dict[str, Json] = field(default_factory=dict)
    groups: dict[str, Json] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    limit: int = SHOWN

    @property
    def ok(self) -> bool:
        return self.differences == 0

    def note(self, difference: Difference) -> None:
        self.differences += 1
        self.kinds[difference.kind] = self.kinds.get(difference.kind, 0) + 1
        if difference.external_id:  # a sum is of no row
            self.wrong.add(difference.external_id)
        if len(self.shown) < self.limit:
            self.shown.append(difference)

    def as_json(self) -> dict[str, Any]:
        told = asdict(self)
        del told["wrong"], told["limit"]  # all of them may be very many; `shown` names the first
        return {**told, "ok": self.ok}


class Comparison:
    """Ask for every wanted row, show every row of the other side, then `finish`.

    `sums`: entity -> label of a sum -> field that shows it; `groups`: fields whose values set figures apart. `totals`
    are the sums as (expected, found), by label.
    """

    def __init__(
        self,
        object: str,
        sums: Mapping[str, Mapping[str, str]] | None = None,
        groups: Sequence[str] = (),
        *,
        limit: int = SHOWN,
    ) -> None:
        self.report = Report(object, limit=limit)
        self._sums = sums or {}
        self._wanted: dict[str, Wanted] = {}
        self._home: dict[str, str] = {}
        self._seen: dict[str, str] = {}
        self._strangers: dict[str, str] = {}
        self._agree: set[str] = set()
        self._all = Figures()
        self._parts = {name: Figures() for name in groups}
        labels = dict.fromkeys(label for labels in self._sums.values() for label in labels)
        self.totals = {label: [Decimal(0), Decimal(0)] for label in labels}
        self._prints: list[list[tuple[str, bytes]]] = [[], []]
        self._compared: set[str] = set()

    def want(self, wanted: Wanted) -> None:
        """A row that has to be there; a second one for the same external id takes the place of the first."""
        self._wanted[wanted.external] = wanted
        self._home.update(dict.fromkeys(wanted.rows, wanted.external))

    def see(self, key: str, said: str, row: Mapping[str, Any]) -> None:
        """A row that is there, with the external id that it carries ("": none)."""
        external = self._home.get(key) or said
        wanted = self._wanted.get(external)
        if wanted is None:
            if external:
                self._strangers[key] = external
            return
        report = self.report
        report.found += 1
        if external in self._seen:
            report.note(Difference("double", external, key, found=self._seen[external]))
            return
        self._seen[external] = key
        names = _answered(wanted, key)
        differ = [name for name in names if not same(wanted.values.get(name), row.get(name))]
        for name in differ:
            report.note(Difference("field", external, key, name, text(wanted.values.get(name)), text(row.get(name))))
        if differ:
            report.changed += 1
            self._count(FOUND, external, key, row, names)
        else:
            self._agree.add(external)

    def finish(self, extras: Callable[[Strangers], Iterable[tuple[str, str]]]) -> Report:
        """What differs. `extras` says which of the rows nobody asked for are ours, as (key, external id)."""
        report = self.report
        report.expected = len(self._wanted)
        for external, wanted in self._wanted.items():
            side = BOTH if external in self._agree else EXPECTED
            key = self._seen.get(external, "")
            self._count(side, external, key, wanted.values, _answered(wanted, key))
            if external not in self._seen:
                report.note(Difference("missing", external))
        for key, external in extras(self._strangers):
            report.found += 1
            report.note(Difference("extra", external, key))
        for label, (expected, found) in self.totals.items():
            report.sums[label] = {"expected": text(expected), "found": text(found)}
            if expected != found:
                report.note(Difference("sum", field=label, expected=text(expected), found=text(found)))
        summed = sorted({name for labels in self._sums.values() for name in labels.values()})
        ours, theirs = self._all.told().get("", (Side(), Side()))
        report.fields = {
            name: _beside(*(side.fields.get(name, Tally()).as_json(sums=name in summed) for side in (ours, theirs)))
            for name in sorted(self._compared)
        }
        for name, figures in self._parts.items():
            told = figures.told().items()
            report.groups[name] = {value: _beside(*map(_part(summed), sides)) for value, sides in told}
        report.fingerprints = {"expected": _fingerprint(self._prints[0]), "found": _fingerprint(self._prints[1])}
        return report

    def _count(self, side: int, external: str, key: str, row: Mapping[str, Any], names: Sequence[str]) -> None:
        labels = self._sums.get(external.split("-", 1)[0], {})
        said = {name: read(row.get(name)) for name in {*names, *labels.values(), *self._parts}}
        self._compared.update(names)
        self._all.add(side, "", said, names)
        for label, name in labels.items():
            self._sum(side, label, Difference("no_number", external, key, name), said[name])
        for name, figures in self._parts.items():
            figures.add(side, _plain(said[name]), said, labels.values())
        compared = json.dumps([(name, said[name][0]) for name in sorted(names)])
        digest = blake2b(compared.encode(), digest_size=16).digest()
        for each in SIDES[side]:
            self._prints[each].append((external, digest))

    def _sum(self, side: int, label: str, trouble: Difference, cell: Cell) -> None:
        """What is no number is told on each side: two sums of nothing would agree."""
        if not cell[0]:
            return
        said = cell[1] if isinstance(cell[1], Decimal) else None
        for each in SIDES[side]:
            if said is None:
                told = {"expected": _plain(cell)} if each == EXPECTED else {"found": _plain(cell)}
                self.report.note(replace(trouble, **told))  # type: ignore[arg-type]
            self.totals[label][each] += said or Decimal(0)


def _plain(cell: Cell) -> str:
    return cell[0] if isinstance(cell[0], str) else ", ".join(cell[0])


def _answered(wanted: Wanted, key: str) -> list[str]:
    """The fields we answer for: those with a value, and those we wrote before and that must be empty now."""
    written = wanted.rows.get(key, ())
    return [name for name, value in wanted.values.items() if value not in NOTHING or name in written]


def _part(summed: Sequence[str]) -> Callable[[Side], dict[str, Json]]:
    def told(side: Side) -> dict[str, Json]:
        return {"rows": side.rows, **{name: side.fields.get(name, Tally()).as_json(sums=True) for name in summed}}

    return told


def _beside(expected: dict[str, Json], found: dict[str, Json]) -> dict[str, Json]:
    return {"expected": expected, "found": found, "ok": expected == found}


def _fingerprint(prints: Iterable[tuple[str, bytes]]) -> str:
    digest = blake2b(digest_size=16)
    for external, row in sorted(prints):
        digest.update(external.encode() + b"\0" + row)
    return digest.hexdigest()
