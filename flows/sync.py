"""Sync: carries one stream to one object of another system, with its references resolved through the crosswalk.

The same steps as everywhere: land and map, one golden record per source record, publish what differs.
"""

from __future__ import annotations

from connectors.base import Reader, Stream, Window
from flows.delivering import Target
from flows.ingest import ingest
from flows.publish import publish
from flows.running import Running
from goldbridge.mapping import Mapping
from goldbridge.records.model import Entity
from goldbridge.state import cursor, outbox
from goldbridge.state.run import Counters
from mdm.core import Core
from mdm.mirror import mirror

BATCH = 1000


def sync(
    run: Running,
    reader: Reader,  # type: ignore[type-arg]
    stream: Stream,
    mapping: Mapping,
    target: Target,
    core: Core,
    *,
    zone: str,
    window: Window | None = None,
    partition: str = "",
) -> None:
    """Read, mirror, publish. The counters tell what became of the records; those of the landing are in the detail."""
    ingest(run, reader, stream, mapping, zone=zone, window=window, partition=partition)
    landed, run.counters = run.counters, Counters(other=run.counters.other)
    run.detail["landed"] = {
        name: getattr(landed, name) for name in ("read", "applied", "unchanged", "filtered", "dead", "pending")
    }
    source = f"{reader.context.system}.{stream.name}"
    mirror_changes(run, core.entity, core, source)
    publish(run, target, core.entity, source=source)
    _account(run, landed)


def mirror_changes(run: Running, entity: Entity, core: Core, source: str) -> None:
    """Golden records one to one with the source records that changed."""
    system, _, stream = source.partition(".")
    place = f"mirror:{source}"
    while True:
        with run.page() as conn:
            left = cursor.load(conn, run.flow, place)
            after = int(left.value) if left is not None and left.value else 0
            events = outbox.read(
                conn, after, kind="record", entities=[entity.name], system=system, stream=stream, limit=BATCH
            )
            if not events:
                return
            outcome = mirror(conn, core, sorted({event.subject for event in events}), f"run:{run.id}", run.id)
            cursor.advance(conn, run.flow, str(events[-1].seq), "", run.id, partition=place)
        run.count(golden_created=outcome.created, golden_versions=outcome.versions)


def _account(run: Running, landed: Counters) -> None:
    """One account for the whole way: rows that did not change or went no further than landing count as read there."""
    published = run.counters.read
    quiet = max(landed.read - landed.dead - landed.filtered - published, 0)
    run.counters.add({"dead": landed.dead, "filtered": landed.filtered, "unchanged": quiet})
