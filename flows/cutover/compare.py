"""Compares one side with what the golden records of a wave ask for: rows, sums, fields, over its own API."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from connectors.base import Reading, Window
from flows.comparison import Comparison, Difference, Strangers, Wanted
from flows.cutover.config import Cutover, Wave
from flows.cutover.lane import Lane, lanes
from flows.hub import Hub
from flows.publish import of_source, resolved_rows
from goldbridge.ports import Json
from goldbridge.state import crosswalk, golden, ledger, ownership
from mdm.identity import read_id, write_id

BATCH = 500
SHOWN = 200
"""Differences that are told one by one; all are counted."""


@dataclass(slots=True)
class Compared:
    """`different` counts rows, `sums` are (expected, found) by entity.field; `unproven`: why rows may be lacking."""

    expected: int = 0
    found: int = 0
    different: int = 0
    unlike: list[tuple[str, Difference]] = field(default_factory=list)
    sums: dict[str, list[Decimal]] = field(default_factory=dict)
    unproven: str = ""

    def told(self) -> list[Json]:
        """The first differences, each with its object."""
        return [{"object": object, **asdict(one), "records": list(one.records)} for object, one in self.unlike]


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
    stream = feeds[0].target.stream
    place = f"{feeds[0].target.system}.{object}"
    columns: dict[str, dict[str, str]] = {}
    for feed in feeds:
        columns.setdefault(feed.entity.name, {}).update(_columns(feed, told.sums))
    compared = Comparison(place, columns, limit=SHOWN)
    for feed in feeds:
        for one in _wanted(hub, wave, object, feed, only):
            compared.want(one)
    for row in _rows(feeds[0], told):
        compared.see(stream.key_of(row), str(row.get(stream.external_id or "") or ""), row)

    def extras(strangers: Strangers) -> list[tuple[str, str]]:
        return _leftovers(hub, wave, strangers) if only is None else []

    report = compared.finish(extras)
    told.expected += report.expected
    told.found += report.found
    told.different += len(report.wrong)
    told.unlike += [(place, one) for one in report.shown if one.kind != "sum"][: SHOWN - len(told.unlike)]
    for label, (expected, found) in compared.totals.items():
        told.sums[label][0] += expected
        told.sums[label][1] += found


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


def _wanted(hub: Hub, wave: Wave, object: str, feed: Lane, only: Collection[int] | None) -> Iterator[Wanted]:
    """What the golden records of the wave ask for, with the rows that should show it."""
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
            written = {entry.key: entry.fields.keys() for entry in entries.get(one.id, ())}
            rows_of = {key: written.get(key, ()) for key in keys.get(one.id, ())[:1]}
            yield Wanted(write_id(feed.entity.name, one.id), values, rows_of)


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
