"""Reconcile: reads a target object back and compares it with what the golden records say should be there.

Through the mappings and over the target's own API: counts, sums, and every field of every row we keep up to date. A
difference names its record, its field and both values, so that somebody can act on it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any

from connectors.base import Reader, Reading, Window
from flows.condition import Condition
from flows.delivering import Target
from flows.publish import of_source, resolved_rows
from flows.running import Running
from goldbridge.records.model import Entity
from goldbridge.state import golden, ledger
from goldbridge.state.golden import Golden
from mdm.identity import read_id, write_id

BATCH = 1000
SHOWN = 50
"""Differences kept with the run; all of them are counted."""


@dataclass(slots=True)
class Difference:
    """`kind`: missing (we wrote it, it is gone), undelivered (it never was), extra (carries an id we do not know),
    double, field, sum, no_number (a field to be summed holds something else)."""

    kind: str
    external_id: str = ""
    key: str = ""
    field: str = ""
    expected: str = ""
    found: str = ""


@dataclass(slots=True)
class Report:
    """One target object reconciled. `ok` when nothing differs and nothing waits."""

    object: str
    expected: int = 0
    found: int = 0
    waiting: int = 0
    sums: dict[str, dict[str, str]] = field(default_factory=dict)
    differences: int = 0
    shown: list[Difference] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)

    @property
    def ok(self) -> bool:
        return self.differences == 0

    def note(self, difference: Difference) -> None:
        self.differences += 1
        self.wrong.add(difference.external_id)
        if len(self.shown) < SHOWN:
            self.shown.append(difference)

    def as_json(self) -> dict[str, Any]:
        told = asdict(self)
        del told["wrong"]  # all of them may be very many; `shown` names the first
        return {**told, "ok": self.ok}


@dataclass(frozen=True, slots=True)
class Feed:
    """One flow that writes to an object: what it publishes, and which of its golden records."""

    entity: Entity
    target: Target
    condition: Condition | None = None
    source: str = ""


def reconcile(run: Running, feeds: Sequence[Feed], sums: Sequence[str]) -> Report:
    """Compare one object (all feeds write to it) with the store; counts every expected record."""
    target = feeds[0].target
    report = Report(f"{target.system}.{target.stream.name}")
    wanted, written = _wanted(run, feeds, report)
    home = {key: external for external, keys in written.items() for key in keys}
    fields = {key: names for keys in written.values() for key, names in keys.items()}
    totals = {name: [Decimal(0), Decimal(0)] for name in sums}
    seen: dict[str, str] = {}
    for row in _rows(run, target):
        key = target.stream.key_of(row)
        external = home.get(key) or _ours(target, row)
        if not external:
            continue
        report.found += 1
        if external in seen:
            report.note(Difference("double", external, key, found=seen[external]))
            continue
        seen[external] = key
        values = wanted.get(external)
        if values is None:
            report.note(Difference("extra", external, key))
            continue
        _compare(report, external, key, values, row, fields.get(key, frozenset()))
        for name in totals:
            totals[name][1] += _number(report, Difference("no_number", external, key, name), row.get(name), "found")
        run.progress.advance(1)
    for external, values in wanted.items():
        for name in totals:
            totals[name][0] += _number(
                report, Difference("no_number", external, "", name), values.get(name), "expected"
            )
        if external not in seen:
            report.note(Difference("missing", external))
    for name, (expected, found) in totals.items():
        report.sums[name] = {"expected": _text(expected), "found": _text(found)}
        if expected != found:
            report.note(Difference("sum", field=name, expected=_text(expected), found=_text(found)))
    wrong = report.wrong & wanted.keys()
    run.counters.add({"unchanged": len(wanted) - len(wrong), "applied": len(wrong), "pending": report.waiting})
    return report


def _ours(target: Target, row: Mapping[str, Any]) -> str:
    """The external id that a row carries; empty where people number the same field too and the number is theirs."""
    said = str(row.get(target.stream.external_id or "") or "")
    if said and target.stream.external_id == target.stream.natural_key:
        try:
            read_id(said)
        except ValueError:
            return ""
    return said


def _wanted(
    run: Running, feeds: Sequence[Feed], report: Report
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Collection[str]]]]:
    """External id -> the target row that today's golden records ask for; external id -> the rows we ever wrote for it
    (an adopted one may not carry it), by their keys, with the fields that we wrote there."""
    wanted: dict[str, dict[str, Any]] = {}
    rows_of: dict[str, dict[str, Collection[str]]] = {}
    for feed in feeds:
        object = feed.target.stream.name
        after = 0
        while True:
            with run.store.read() as conn:
                batch = golden.scan(conn, feed.entity.name, after=after, limit=BATCH)
                if not batch:
                    break
                after = batch[-1].id
                mine = _of_source(conn, [g for g in batch if feed.condition is None or feed.condition(g.values)], feed)
                written = ledger.by_subject(conn, feed.target.system, object, [g.id for g in mine])
                rows, blocked = resolved_rows(conn, feed.target, feed.entity, mine)
            mapped = feed.target.mapping.apply(rows)
            for index, record in enumerate(mine):
                values = mapped.values[index]
                if mapped.fates[index] != "applied" or values is None:
                    continue
                if record.id in blocked:
                    report.waiting += 1
                    continue
                external = write_id(feed.entity.name, record.id)
                wanted[external] = values
                rows_of[external] = {entry.key: entry.fields.keys() for entry in written.get(record.id, ())}
                if record.id not in written:
                    report.note(Difference("undelivered", external))
    report.expected = len(wanted)
    return wanted, rows_of


def _of_source(conn: Any, goldens: list[Golden], feed: Feed) -> list[Golden]:
    if not feed.source:
        return goldens
    mine = of_source(conn, goldens, feed.source)
    return [g for g in goldens if g.id in mine]


def _rows(run: Running, target: Target) -> Iterator[Mapping[str, Any]]:
    reader = target.writer
    assert isinstance(reader, Reader)
    # Unbounded: what was written a moment ago is to be seen too.
    reading = Reading(reader.read(target.stream, Window()))
    for page in reading:
        yield from (row for row in page.rows if not target.stream.is_deleted(row))
    verdict = reading.completeness
    if verdict is None or not verdict.proven:
        run.completeness = f"unproven: {verdict.reason if verdict else 'stopped'}"
    elif not run.completeness:
        run.completeness = "proven"


def _compare(
    report: Report, external: str, key: str, values: Mapping[str, Any], row: Mapping[str, Any], written: Collection[str]
) -> None:
    """Every field we answer for: those that have a value, and those we wrote before and that must be empty now."""
    for name, expected in values.items():
        found = row.get(name)
        if expected in (None, "", []) and name not in written:
            continue
        if not same(expected, found):
            report.note(Difference("field", external, key, name, _text(expected), _text(found)))


def same(expected: Any, found: Any) -> bool:
    """Equal in meaning: numbers as numbers whatever their spelling, lists in any order, no value as no value."""
    if expected in (None, "", []) and found in (None, "", []):
        return True
    if expected == found:
        return True
    if isinstance(expected, list) or isinstance(found, list):
        return sorted(map(str, _listed(expected))) == sorted(map(str, _listed(found)))
    ours, theirs = _decimal(expected), _decimal(found)
    if ours is not None and theirs is not None:
        return ours == theirs
    return str(expected) == str(found)


_PLAIN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


def _decimal(value: Any) -> Decimal | None:
    """A number, or text that can only be one: `0571`, `+86571` and `1e2` are codes, which have one spelling."""
    if isinstance(value, str):
        return Decimal(value) if _PLAIN.fullmatch(value) else None
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _number(report: Report, trouble: Difference, value: Any, side: str) -> Decimal:
    """The value to be summed; what is none is told as `trouble`, since two sums of nothing would agree."""
    if value in (None, ""):
        return Decimal(0)
    number = _decimal(value)
    if number is None:
        report.note(replace(trouble, **{side: _text(value)}))
    return number or Decimal(0)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "" if value is None else str(value)
