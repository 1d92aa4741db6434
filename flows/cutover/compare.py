"""Compares one side with what the golden records of a wave ask for: rows, sums, fields, over its own API."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from connectors.base import Reading, Window
from flows.cutover.config import Cutover, Wave
from flows.cutover.lane import Lane, lanes
from flows.hub import Hub
from flows.publish import of_source, resolved_rows
from flows.reconcile import same
from goldbridge.ports import Json
from goldbridge.state import crosswalk, golden, ledger, ownership
from mdm.identity import read_id, write_id

BATCH = 500
SHOWN = 200
"""Differences that are told one by one; all are counted."""


class Unlike(NamedTuple):
    """One record in which a side differs: `what` is missing, extra, double, or the name of the field."""

    object: str
    external_id: str
    key: str
    what: str
    expected: str
    found: str

    def as_json(self) -> dict[str, Json]:
        return dict(self._asdict())


@dataclass(slots=True)
class Compared:
    """`different` counts rows, `sums` are (expected, found) by entity.field; `unproven`: why rows may be lacking."""

    expected: int = 0
    found: int = 0
    different: set[str] = field(default_factory=set)
    unlike: list[Unlike] = field(default_factory=list)
    sums: dict[str, list[Decimal]] = field(default_factory=dict)
    unproven: str = ""

    def note(self, one: Unlike) -> None:
        self.different.add(f"{one.object}/{one.external_id or one.key}")
        if len(self.unlike) < SHOWN:
            self.unlike.append(one)


class _Wanted(NamedTuple):
    external: str
    values: Mapping[str, Any]
    written: Collection[str]


def compare(
    hub: Hub, plan: Cutover, wave: Wave, system: str, sums: Collection[str] = (), only: Collection[int] | None = None
) -> Compared:
    """Read a side back and compare it with the wave's golden records, or with `only` these of them."""
    told = Compared(sums={name: [Decimal(0), Decimal(0)] for name in sums})
    objects: dict[str, list[Lane]] = {}
    for lane in lanes(hub, plan, wave, system):
        objects.setdefault(lane.target.stream.name, []).append(lane)
    for object, feeds in objects.items():
        _compare(hub, wave, object, feeds, told, only)
    return told


def _compare(
    hub: Hub, wave: Wave, object: str, feeds: list[Lane], told: Compared, only: Collection[int] | None
) -> None:
    target = feeds[0].target
    place = f"{target.system}.{object}"
    by_key: dict[str, _Wanted] = {}
    by_id: dict[str, _Wanted] = {}
    for feed in feeds:
        columns = _columns(feed, told.sums)
        for wanted, key in _wanted(hub, wave, object, feed, only):
            told.expected += 1
            by_id[wanted.external] = wanted
            if key:
                by_key[key] = wanted
            for name, column in columns.items():
                told.sums[name][0] += _number(wanted.values.get(column))
    seen: set[str] = set()
    strangers: dict[str, str] = {}
    for row in _rows(feeds[0], told):
        key = target.stream.key_of(row)
        said = str(row.get(target.stream.external_id or "") or "")
        found = by_key.get(key) or by_id.get(said)
        if found is None:
            strangers[key] = said
            continue
        if found.external in seen:
            told.note(Unlike(place, found.external, key, "double", "", ""))
            continue
        seen.add(found.external)
        told.found += 1
        for name, wanted_value in found.values.items():
            blank = wanted_value in (None, "", []) and name not in found.written
            if not blank and not same(wanted_value, row.get(name)):
                told.note(Unlike(place, found.external, key, name, _text(wanted_value), _text(row.get(name))))
        entity = found.external.split("-", 1)[0]
        for feed in feeds:
            if feed.entity.name == entity:
                for name, column in _columns(feed, told.sums).items():
                    told.sums[name][1] += _number(row.get(column))
    for external in by_id.keys() - seen:
        told.note(Unlike(place, external, "", "missing", "", ""))
    if only is None:
        for key, external in _leftovers(hub, wave, strangers):
            told.found += 1
            told.note(Unlike(place, external, key, "extra", "", ""))


def _columns(feed: Lane, sums: Collection[str]) -> dict[str, str]:
    """entity.field to be summed -> the column that shows it."""
    mapping = feed.target.mapping
    found: dict[str, str] = {}
    for name in sums:
        entity, _, of = name.partition(".")
        if entity == feed.entity.name:
            shown = [column for column in mapping.fields if mapping.inputs(column) == {of}]
            found |= {name: shown[0]} if shown else {}
    return found


def _wanted(
    hub: Hub, wave: Wave, object: str, feed: Lane, only: Collection[int] | None
) -> Iterator[tuple[_Wanted, str]]:
    """What the golden records of the wave ask for, and the key of the row that should show it ("": none yet)."""
    system, after = feed.target.system, -1
    while True:
        with hub.store.read() as conn:
            ids = ownership.members(conn, wave.name, feed.entity.name, after=after, limit=BATCH)
            if not ids:
                return
            after = ids[-1]
            found = golden.load(conn, ids if only is None else [id for id in ids if id in only])
            batch = [
                one
                for one in found.values()
                if one.state == "active" and (feed.condition is None or feed.condition(one.values))
            ]
            if feed.source:
                mine = of_source(conn, batch, feed.source)
                batch = [one for one in batch if one.id in mine]
            rows, _ = resolved_rows(conn, feed.target, feed.entity, batch)
            mapped = feed.target.mapping.apply(rows)
            keys = crosswalk.keys_of(conn, [one.id for one in batch], system, object)
            entries = ledger.by_subject(conn, system, object, [one.id for one in batch])
        for index, one in enumerate(batch):
            values = mapped.values[index]
            if mapped.fates[index] == "filtered" or values is None:
                continue
            written = {name for entry in entries.get(one.id, ()) for name in entry.fields}
            key = next(iter(keys.get(one.id, ())), "")
            yield _Wanted(write_id(feed.entity.name, one.id), values, written), key


def _rows(lane: Lane, told: Compared) -> Iterator[Mapping[str, Any]]:
    stream = lane.target.stream
    reading = Reading(lane.reader.read(stream, Window()))
    for page in reading:
        yield from (row for row in page.rows if not stream.is_deleted(row))
    if reading.completeness is None or not reading.completeness.proven:
        told.unproven = reading.completeness.reason if reading.completeness else "stopped"


def _leftovers(hub: Hub, wave: Wave, strangers: Mapping[str, str]) -> list[tuple[str, str]]:
    """(key, external id) of rows that carry an id of ours which is in this wave and asks for no row."""
    ids: dict[int, tuple[str, str]] = {}
    for key, said in strangers.items():
        try:
            ids[read_id(said)] = (key, said)
        except ValueError:
            continue
    with hub.store.read() as conn:
        waves = ownership.waves_of(conn, ids)
    return [where for id, where in ids.items() if waves.get(id) == wave.name]


def _number(value: Any) -> Decimal:
    return Decimal(0) if value in (None, "") else Decimal(str(value))


def _text(value: Any) -> str:
    return "" if value is None else str(value)
