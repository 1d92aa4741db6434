"""Reconcile: reads a target object back and compares it with what the golden records say should be there.

Through the mappings and over the target's own API: counts, sums, and every field of every row we keep up to date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from connectors.base import Reader, Reading, Window
from flows.comparison import SHOWN, Comparison, Difference, Report, Strangers, Wanted
from flows.condition import Condition
from flows.config import Flow, PublishFlow, SyncFlow, hint
from flows.delivering import Target
from flows.hub import Hub
from flows.publish import of_source, resolved_rows
from flows.running import Running
from goldbridge.errors import Mark, Misconfigured
from goldbridge.ports import Progress
from goldbridge.records.model import Entity
from goldbridge.state import crosswalk, golden, landing, ledger
from goldbridge.state.engine import Store
from goldbridge.state.golden import Golden
from mdm.identity import read_id, write_id

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Feed:
    """One flow that writes to an object: what it publishes, and which of its golden records."""

    entity: Entity
    target: Target
    condition: Condition | None = None
    source: str = ""


def feed_of(hub: Hub, flow: Flow, mark: Mark) -> Feed:
    """What a publish or sync flow writes, and where; raises `Misconfigured` FLW005 for a flow that is neither, and
    FLW050 when what it writes cannot be read back."""
    match flow:
        case PublishFlow():
            target = hub.target(flow.to, flow.mapping, hub.mark(flow, "to"))
            entity = hub.project.model.entities[flow.publish]
            feed = Feed(entity, target, hub.condition(flow, flow.publish, flow.when))
        case SyncFlow():
            target = hub.target(flow.sync.to, hub.out_mapping(flow), hub.mark(flow, "sync", "to"))
            entity = hub.project.model.entities[hub.mapping(flow.mapping).target]
            feed = Feed(entity, target, None, flow.sync.from_)
        case _:
            writers = [name for name, other in hub.flows.items() if isinstance(other, PublishFlow | SyncFlow)]
            message = f"'{flow.name}' is not a publish or sync flow{hint(flow.name, writers)}"
            raise Misconfigured.one("FLW005", message, mark)
    if not isinstance(target.writer, Reader):
        object = f"{target.system}.{target.stream.name}"
        message = f"{object} cannot be read back, so it cannot be compared; leave '{flow.name}' out"
        raise Misconfigured.one("FLW050", message, mark)
    return feed


def reconcile(run: Running, feeds: Sequence[Feed], sums: Sequence[str], groups: Sequence[str] = ()) -> Report:
    """Compare one object (all feeds write to it) with the store; counts every expected record."""
    report, wanted, completeness = compare(run.store, feeds, sums, groups, run.progress)
    if not run.completeness or completeness != "proven":
        run.completeness = completeness
    wrong = len(report.wrong & wanted)
    run.counters.add({"unchanged": len(wanted) - wrong, "applied": wrong, "pending": report.waiting})
    return report


def compare(
    store: Store,
    feeds: Sequence[Feed],
    sums: Sequence[str] = (),
    groups: Sequence[str] = (),
    progress: Progress | None = None,
    *,
    limit: int = SHOWN,
) -> tuple[Report, set[str], str]:
    """The same without a run and without a trace: what differs, the external ids that are wanted, and `proven` or
    `unproven: WHY`."""
    target = feeds[0].target
    summed = {feed.entity.name: {name: name for name in sums} for feed in feeds}
    compared = Comparison(f"{target.system}.{target.stream.name}", summed, groups, limit=limit)
    wanted = set()
    for feed in feeds:
        for one in _wanted(store, feed, compared.report):
            wanted.add(one.external)
            compared.want(one)
    assert isinstance(target.writer, Reader)
    # Unbounded: what was written a moment ago is to be seen too.
    reading = Reading(target.writer.read(target.stream, Window()))
    for page in reading:
        for row in page.rows:
            if not target.stream.is_deleted(row):
                compared.see(target.stream.key_of(row), _ours(target, row), row)
        if progress is not None:
            progress.advance(len(page.rows))
    report = compared.finish(_all)
    with store.read() as conn:
        report.shown = linked(conn, report.object, report.shown)
    verdict = reading.completeness
    proven = verdict is not None and verdict.proven
    return report, wanted, "proven" if proven else f"unproven: {verdict.reason if verdict else 'stopped'}"


def _all(strangers: Strangers) -> Iterator[tuple[str, str]]:
    """Whoever carries an id of ours and is not asked for is one too many."""
    yield from strangers.items()


def linked(conn: Connection, place: str, differences: Sequence[Difference]) -> list[Difference]:
    """The same, each with the source records that its golden record is made of; the row itself, at `place`, is none."""
    ids = {}
    for one in differences:
        try:
            ids[one.external_id] = read_id(one.external_id)
        except ValueError:
            continue
    members = crosswalk.members(conn, set(ids.values()))
    names = landing.names(conn, {record for records in members.values() for record in records})
    behind = {external: tuple(names[record] for record in members.get(id, ())) for external, id in ids.items()}
    return [
        replace(one, records=tuple(name for name in behind.get(one.external_id, ()) if name != f"{place}/{one.key}"))
        for one in differences
    ]


def _ours(target: Target, row: Mapping[str, Any]) -> str:
    """The external id that a row carries; empty where people number the same field too and the number is theirs."""
    said = str(row.get(target.stream.external_id or "") or "")
    if said and target.stream.external_id == target.stream.natural_key:
        try:
            read_id(said)
        except ValueError:
            return ""
    return said


def _wanted(store: Store, feed: Feed, report: Report) -> Iterator[Wanted]:
    """The target rows that today's golden records ask for, each with the rows we ever wrote for it (an adopted one may
    not carry its id) and the fields that we wrote there."""
    object, after = feed.target.stream.name, 0
    while True:
        with store.read() as conn:
            batch = golden.scan(conn, feed.entity.name, after=after, limit=BATCH, lineage=False)
            if not batch:
                return
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
            external, entries = write_id(feed.entity.name, record.id), written.get(record.id, ())
            if record.id not in written:
                report.note(Difference("undelivered", external))
            yield Wanted(external, values, {entry.key: entry.fields.keys() for entry in entries})


def _of_source(conn: Connection, goldens: list[Golden], feed: Feed) -> list[Golden]:
    if not feed.source:
        return goldens
    mine = of_source(conn, goldens, feed.source)
    return [g for g in goldens if g.id in mine]
