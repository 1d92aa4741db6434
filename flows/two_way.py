"""Two-way: keeps the records of several systems equal while people edit all of them.

Every side is read, what its people changed is merged field by field, the golden records follow, and each side is told
what it does not show yet: one write per row. What we wrote comes back as an echo and is nobody's edit; a row that was
edited between our reading and our writing is left alone until it was read again.
"""

from __future__ import annotations

from collections.abc import Callable

from flows.agreement import Agreement, edits_of, meet
from flows.condition import Condition
from flows.delivering import read_back
from flows.ingest import ingest
from flows.publish import publish
from flows.running import Running
from flows.side import Sides
from goldbridge.records.model import Entity
from goldbridge.state import cursor, outbox
from goldbridge.state.run import Counters

BATCH = 1000


def two_way(
    run: Running,
    sides: Sides,
    entity: Entity,
    renew: Callable[[Running], None],
    condition: Condition | None = None,
    *,
    full: bool = False,
    allow_deletes: bool = False,
) -> None:
    """One round. `renew` brings the golden records up to date with the records that changed."""
    _start(run, entity)
    _settle_unknown(run, sides)
    landed = Counters()
    for side in sides:
        before = run.counters
        run.counters = Counters(other=before.other)
        ingest(
            run, side.reader, side.stream, side.mapping, zone=side.zone, full=full, partition=side.place,
            allow_deletes=allow_deletes,
        )  # fmt: skip
        run.detail.setdefault("landed", {})[side.place] = {"read": run.counters.read, **run.counters.fates()}
        landed.add(run.counters.fates())
        run.counters = before
    merged = _merge(run, sides, entity)
    counted, run.counters = run.counters, Counters(other=run.counters.other)
    renew(run)
    if _meet(run, sides, entity):
        renew(run)
    run.counters = counted
    for side in sides:
        if side.target is not None:
            written = -run.counters.other.get("target_writes", 0)
            publish(run, side.target, entity, condition)
            written += run.counters.other.get("target_writes", 0)
            run.detail.setdefault("written", {})[side.place] = written
    run.count(merged=merged)
    quiet = max(landed.read - landed.dead - landed.filtered - run.counters.read, 0)
    run.counters.add({"dead": landed.dead, "filtered": landed.filtered, "unchanged": quiet})


_MERGE, _MEET = "edits", "meetings"


def _start(run: Running, entity: Entity) -> None:
    """Edits from before the flow was there were made to no common state."""
    with run.page() as conn:
        if cursor.load(conn, run.flow, f"{_MERGE}:") is None:
            cursor.advance(conn, run.flow, str(outbox.head(conn)), "", run.id, partition=f"{_MERGE}:")


def _settle_unknown(run: Running, sides: Sides) -> None:
    """A write whose answer never came is looked up before its row is read, or it would pass for a person's edit."""
    before, run.counters = run.counters, Counters(other=run.counters.other)
    for side in sides:
        if side.target is not None:
            read_back(run, side.target, set())
    run.counters = before


def _merge(run: Running, sides: Sides, entity: Entity) -> int:
    """Settle what was edited since this flow last looked: all of it at once, so that both sides are seen together."""
    with run.page() as conn:
        left = cursor.load(conn, run.flow, f"{_MERGE}:")
        after = int(left.value) if left is not None and left.value else 0
        events: list[outbox.Event] = []
        places = set(sides.plan.flow.sync.between)
        while some := outbox.read(conn, after, kind="record", entities=[entity.name], limit=BATCH):
            after = some[-1].seq
            events += [event for event in some if f"{event.system}.{event.stream}" in places]
        merged = Agreement(conn, run, sides, edits_of(events)).settle()
        cursor.advance(conn, run.flow, str(after), "", run.id, partition=f"{_MERGE}:")
    return merged


def _meet(run: Running, sides: Sides, entity: Entity) -> int:
    """Note what rows show that were never noted, and let the owner's word count where they differ."""
    met = 0
    places = set(sides.plan.flow.sync.between)
    while True:
        with run.page() as conn:
            left = cursor.load(conn, run.flow, f"{_MEET}:")
            after = int(left.value) if left is not None and left.value else 0
            events = outbox.read(conn, after, kind="record", entities=[entity.name], limit=BATCH)
            if not events:
                return met
            mine = {event.subject for event in events if f"{event.system}.{event.stream}" in places}
            met += meet(conn, run, sides, mine)
            cursor.advance(conn, run.flow, str(events[-1].seq), "", run.id, partition=f"{_MEET}:")
