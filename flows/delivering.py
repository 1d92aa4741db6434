"""Delivers queued writes to one object of a target system: intent, call, settle; read back what is unknown.

The intent (inflight) is committed before the target is called, and every answer is settled with its crosswalk row and
its entry in the write ledger in one transaction. A delivery whose answer never came is unknown: it is looked up in the
target by our external id, adopted when it is there, and only otherwise sent again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection

from connectors.base import Stream, Write, Writer, WriteResult
from flows.running import Running
from goldbridge.clock import iso
from goldbridge.errors import Halt, Mark, OutcomeUnknown, Reject, Retry
from goldbridge.mapping import Mapping as FieldMapping
from goldbridge.state import crosswalk, dead, delivery, landing, ledger, ownership
from goldbridge.state.crosswalk import Move
from goldbridge.state.delivery import Delivery, Order, Settlement
from goldbridge.state.golden import Golden
from goldbridge.state.landing import Arrival, StreamRef
from goldbridge.state.ledger import Entry, Written
from mdm.duplicate import open_duplicates

BATCH = 200
"""Deliveries claimed at once: what a crash leaves to be read back at most."""

RETRY_AFTER_S = 60.0


class Restraint(Protocol):
    """What of a target is left alone although the golden record differs from what we last wrote there."""

    def withheld(
        self, conn: Connection, goldens: Sequence[Golden], keys: Mapping[int, str], entries: Mapping[str, Entry]
    ) -> Mapping[int, Collection[str] | None]:
        """Golden id -> fields that are not to be written now; None: nothing of it is. `keys` are those of the rows."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """One object of a target system, with the mapping that made the values."""

    writer: Writer[Any]
    stream: Stream
    mapping: FieldMapping
    restraint: Restraint | None = None

    @property
    def system(self) -> str:
        return self.writer.context.system


def deliver(run: Running, target: Target, queued: Iterable[int] = ()) -> None:
    """Write everything that is ready for this object, and settle it; counts applied and dead letters.

    `queued` are the deliveries that this run counted as pending when it queued them. What earlier runs (or another
    flow to the same object) left over is counted here, when it is taken up.
    """
    counted = set(queued)
    read_back(run, target, counted)
    owners = _owners(run, target)
    lanes = max(1, target.writer.config.threads)
    with ThreadPoolExecutor(lanes, thread_name_prefix=f"write-{target.system}") as pool:
        while True:
            with run.page() as conn:
                ownership.check(conn, target.system, target.mapping.source, owners)
                claimed = delivery.claim(conn, run.lease, target.system, target.stream.name, limit=BATCH, run=run.id)
            if not claimed:
                return
            _count(run, claimed, counted)
            batches = _batches(target.stream, claimed, lanes)
            results = [result for part in pool.map(lambda batch: _write(target, batch), batches) for result in part]
            shown = _shown(run, target, claimed, results)
            with run.page() as conn:
                settle(conn, run, target, claimed, results, shown)
            run.progress.advance(len(claimed))


def _owners(run: Running, target: Target) -> ownership.Epochs:
    """Who owns what is written here, as this writer knows it; what waits and has no wave of a cutover yet gets one."""
    with run.store.read() as conn:
        held = ownership.epochs(conn, target.system, target.mapping.source)
        waiting = ownership.unassigned(conn, target.system, target.stream.name) if held else []
    while waiting and run.enlist is not None:
        with run.page() as conn:
            joined = run.enlist(conn, waiting)
            waiting = ownership.unassigned(conn, target.system, target.stream.name) if joined else []
    return held


def _batches(stream: Stream, claimed: Sequence[Delivery], lanes: int) -> list[Sequence[Delivery]]:
    size = max(1, stream.write_batch)
    if stream.one_by_one:
        size = min(size, -(-len(claimed) // lanes))
    return [claimed[start : start + size] for start in range(0, len(claimed), size)]


def _count(run: Running, taken: Sequence[Delivery], counted: set[int]) -> None:
    """Count as read and pending what this run has not counted yet."""
    fresh = {item.id for item in taken} - counted
    run.counters.add({"pending": len(fresh)})
    counted |= fresh


def read_back(run: Running, target: Target, counted: set[int]) -> None:
    """Settle deliveries whose outcome is unknown by asking the target for our external ids."""
    while True:
        with run.page() as conn:
            lost = delivery.unknown(conn, target.system, target.stream.name)
        if not lost:
            return
        _count(run, lost, counted)
        found = target.writer.read_back(target.stream, [item.external_id for item in lost])
        results = [_outcome(target, item, found.get(item.external_id)) for item in lost]
        with run.page() as conn:
            settle(conn, run, target, lost, results, found, again_at_once=True)
        run.count(read_back=len(lost))


def _outcome(target: Target, item: Delivery, row: Mapping[str, Any] | None) -> WriteResult:
    """What became of a write, by the row that carries its id now; one that did not happen is sent again."""
    key = target.stream.key_of(row) if row is not None else None
    if item.op == "deactivate":
        happened = row is None
    else:
        happened = row is not None and _holds(row, item.after)
    return WriteResult(item.external_id, "written" if happened else "retry", key)


def _holds(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether the row shows every value of the write, and nothing where the write cleared a field."""
    return all(
        row[name] in (None, "", []) if value is None else str(row[name]) == str(value)
        for name, value in wanted.items()
        if name in row
    )


def _write(target: Target, batch: Sequence[Delivery]) -> list[WriteResult]:
    """One call of the target; trouble with the whole call becomes a result per record, so that nothing stays open."""
    requests = [Write(item.op, item.external_id, item.after, item.key or None) for item in batch]
    try:
        return target.writer.write(target.stream, requests)
    except OutcomeUnknown as error:
        return [WriteResult(item.external_id, "unknown", code=error.code, message=error.message) for item in batch]
    except Retry as error:
        return [WriteResult(item.external_id, "retry", code=error.code, message=error.message) for item in batch]
    except Reject as error:
        return [
            WriteResult(item.external_id, "rejected", code=error.code, message=error.message, field=error.field)
            for item in batch
        ]


def _shown(
    run: Running, target: Target, claimed: Sequence[Delivery], results: Sequence[WriteResult]
) -> Mapping[str, Mapping[str, Any]]:
    """What the rows look like after the write: a target trims and normalises, and that must not pass for a person's
    edit when it is read. When it cannot be asked now, what was sent stands."""
    kept = {item.external_id for item in claimed if item.op != "deactivate"}
    ids = [result.external_id for result in results if result.outcome == "written" and result.external_id in kept]
    if not ids or target.stream.external_id is None:
        return {}
    try:
        return target.writer.read_back(target.stream, ids)
    except (Retry, Reject, Halt) as error:
        run.log.warning("written rows not looked at", object=target.stream.name, reason=str(error))
        return {}


def settle(
    conn: Connection,
    run: Running,
    target: Target,
    claimed: Sequence[Delivery],
    results: Sequence[WriteResult],
    shown: Mapping[str, Mapping[str, Any]],
    *,
    again_at_once: bool = False,
) -> None:
    """Record results: state of the delivery, crosswalk, write ledger, dead letters, counters.

    `shown` are rows of the target by external id, as they were just seen there.
    """
    by_id = {result.external_id: result for result in results}
    later = iso(_after(run, 0 if again_at_once else RETRY_AFTER_S))
    settlements: list[Settlement] = []
    written: list[tuple[Delivery, str]] = []
    gone: list[tuple[Delivery, str]] = []
    letters: list[dead.Letter] = []
    for item in claimed:
        result = by_id.get(item.external_id) or WriteResult(item.external_id, "unknown", message="no result came back")
        match result.outcome:
            case "written":
                key = result.key or item.key
                settlements.append(Settlement(item.id, "done", key))
                (gone if item.op == "deactivate" else written).append((item, key))
            case "rejected":
                refused = (item.key, result.code, result.message, "", item.blocked_by)
                settlements.append(Settlement(item.id, "dead", *refused))
                letters.append(_letter(target, item, result))
            case "retry":
                again = (result.key or item.key, result.code, result.message, later, item.blocked_by)
                settlements.append(Settlement(item.id, "ready", *again))
            case _:
                lost = (item.key, result.code, result.message, "", item.blocked_by)
                settlements.append(Settlement(item.id, "unknown", *lost))
    delivery.settle(conn, settlements)
    if letters:
        dead.put(conn, run.flow, letters, run.id)
        run.counters.pending -= len(letters)
        run.counters.dead += len(letters)
    if written:
        _adopt(conn, run, target, written, shown)
        _second_phase(conn, run, written)
    if gone:
        _forget(conn, run, target, gone)
    done = len(written) + len(gone)
    run.counters.pending -= done
    run.counters.applied += done
    run.count(target_writes=done)


def _second_phase(conn: Connection, run: Running, written: Sequence[tuple[Delivery, str]]) -> None:
    """Rows that were written before their parent was there wait to be told of it (F51)."""
    orders = [
        Order(
            item.target, item.object, item.subject, item.version, "update", item.external_id, {}, key=key,
            entity=item.entity, blocked_by=item.blocked_by, again=True,
        )
        for item, key in written
        if item.blocked_by
    ]  # fmt: skip
    delivery.enqueue(conn, run.flow, orders, run.id)


def _adopt(
    conn: Connection,
    run: Running,
    target: Target,
    written: Sequence[tuple[Delivery, str]],
    shown: Mapping[str, Mapping[str, Any]],
) -> None:
    """The rows we wrote: known to the landing store, in the crosswalk under their golden record, in the ledger."""
    ref = StreamRef(target.system, target.stream.name, written[0][0].entity)
    known = landing.find(conn, ref.system, ref.stream, [key for _, key in written])
    arrivals = [Arrival(key, {**item.after, target.stream.key: key}) for item, key in written if key not in known]
    members = crosswalk.members(conn, {item.subject for item, _ in written})
    anchors = _anchors(conn, members)
    subject = {key: item.subject for item, key in written}
    compared = landing.changed(conn, ref, arrivals)
    for change in compared.changes:
        change.canonical, change.notes = {}, {}
        change.anchor = anchors.get(subject[change.key])
    landing.save(conn, ref, compared.changes, run.id)
    if target.restraint is not None:
        # Where nobody's word is heard, a target that silently keeps its own value would be written to for ever (F42).
        landing.overwritten(conn, ref, known)
    records = landing.find(conn, ref.system, ref.stream, [key for _, key in written])
    crosswalk.move(
        conn, [Move(records[key], item.subject, "our_write") for item, key in written], f"run:{run.id}", run.id
    )
    entries = [
        Written(key, item.subject, item.version, item.after, shown.get(item.external_id)) for item, key in written
    ]
    ledger.note(conn, target.system, target.stream.name, entries)
    run.count(
        changed_by_target=sum(
            name in one.answered and str(one.answered[name] or "") != str(value or "")
            for one in entries
            if one.answered
            for name, value in one.fields.items()
        )
    )
    keys = [item.external_id for item, _ in written]
    dead.clear(conn, run.flow, target.system, target.stream.name, keys)
    open_duplicates(conn, ref.entity, {item.subject for item, _ in written})


def _forget(conn: Connection, run: Running, target: Target, gone: Sequence[tuple[Delivery, str]]) -> None:
    """Rows that we deactivated: gone here too, so that a golden record that returns is created anew."""
    entity = gone[0][0].entity
    landing.delete(conn, StreamRef(target.system, target.stream.name, entity), [key for _, key in gone], run.id)
    keys = [item.external_id for item, _ in gone]
    dead.clear(conn, run.flow, target.system, target.stream.name, keys)


def _anchors(conn: Connection, members: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Golden id -> its most senior record that stands for itself."""
    records = landing.origins(conn, {id for ids in members.values() for id in ids})
    found: dict[int, int] = {}
    for golden, ids in members.items():
        own = [records[id] for id in ids if records[id].anchor is None]
        if own:
            found[golden] = min(own, key=lambda r: (r.first_run, r.system, r.stream, r.key, r.incarnation)).id
    return found


def _letter(target: Target, item: Delivery, result: WriteResult) -> dead.Letter:
    mark: Mark | None = target.mapping.mark(result.field) if result.field else None
    error = Reject(result.code or "FLW040", result.message, field=result.field, mark=mark)
    return dead.letter(error, target.system, target.stream.name, item.external_id, "write", out=item.after)


def _after(run: Running, seconds: float) -> datetime:
    return run.store.clock.now() + timedelta(seconds=seconds)
