"""Removes the content of source records everywhere in the state and keeps their numbers.

Raw and canonical documents, versions, dead letters, events (ours and those that webhooks brought), before and after of
deliveries, identifiers, keys, edges and tasks' payloads go; a keyed hash of what named the record stays, so that it is
not imported again (E86, E87). The golden record is recomputed by the caller (`mdm.erasure`); its old versions lose the
values that this record had won. A row that we wrote for a golden record stays while another record of it does: it loses
what it repeated of the erased one, not its key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import blake2b

from sqlalchemy import Connection, Delete, Update, delete, select, update

from goldbridge.ports import Json
from goldbridge.state import crosswalk, document, landing
from goldbridge.state import inbox as arrivals
from goldbridge.state.bulk import Insert, one_of
from goldbridge.state.engine import now
from goldbridge.state.landing import Record
from goldbridge.state.tables import (
    assertion,
    dead_letter,
    decision,
    delivery,
    erase_ledger,
    golden_version,
    identifier,
    inbox,
    lookup_cache,
    match_edge,
    match_feature,
    match_key,
    membership,
    override,
    party_role,
    source_record,
    source_version,
    task,
    task_comment,
    task_record,
)
from goldbridge.state.tables import outbox as outbox_table

_SUPERSEDABLE = ("ready", "parked")
_put = Insert(erase_ledger, ("key_hash", "record", "author", "at"), conflict=("key_hash",))


def erase(conn: Connection, key: bytes, records: Collection[int], *, author: str, run: int) -> Mapping[str, int]:
    """Erase; returns table -> rows that lost content. `key` from `vault.derive(key, "erase")`.

    Answers of look-ups about these records go with them. The caller recomputes the golden records afterwards, and after
    the commit calls `Store.scrub`, so that old pages leave the files too.
    """
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete = ON")
    at = now(conn)
    stay = _hand_over(conn, records)
    every = set(records) | {one for some in landing.anchored(conn, records).values() for one in some}
    held = landing.load(conn, every)
    goldens = {row.golden for row in crosswalk.history(conn, held)}
    lost: dict[str, int] = {}

    def wipe(name: str, statement: Update | Delete) -> None:
        if count := conn.execute(statement).rowcount:
            lost[name] = lost.get(name, 0) + count

    suppressed_names = [(_hash(key, one.system, one.stream, one.key), one.id, author, at) for one in held.values()]
    _put(conn, suppressed_names)
    for one in held.values():
        place = (dead_letter.c.system == one.system, dead_letter.c.stream == one.stream, dead_letter.c.key == one.key)
        wipe("dead_letter", delete(dead_letter).where(*place))
        answer = (
            lookup_cache.c.system == one.system,
            lookup_cache.c.stream == one.stream,
            lookup_cache.c.key == one.key,
        )
        wipe("lookup_cache", delete(lookup_cache).where(*answer))
        for told in arrivals.mentioned(conn, one.system, one.stream, one.key):
            wipe("inbox", update(inbox).where(told).values(**arrivals.WIPED))
    _wipe_goldens(conn, goldens, set(held), at, wipe)
    _wipe_decisions(conn, held, goldens, wipe)
    for chain, gone in ((held, {"raw": None, "event_at": ""}), (stay, {"raw": None})):
        versions = source_version.c.id.in_(landing.version_ids(chain))
        wipe("source_version", update(source_version).where(versions).values(**gone))
    # What the rows that stay show now is read again: it counts as news whatever it is.
    conn.execute(update(source_record).where(one_of(source_record.c.id, stay)).values(raw_hash=""))
    for table, column in (
        (match_key, match_key.c.record),
        (match_feature, match_feature.c.record),
        (identifier, identifier.c.record),
        (match_edge, match_edge.c.a),
        (match_edge, match_edge.c.b),
    ):
        wipe(table.name, delete(table).where(one_of(column, held)))
    events = (outbox_table.c.kind == "record", one_of(outbox_table.c.subject, held), outbox_table.c.detail.is_not(None))
    wipe("outbox", update(outbox_table).where(*events).values(detail=None))
    lost["source_record"] = _wipe_records(conn, list(held.values()), run)
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete = OFF")
    return dict(sorted(lost.items()))


def _hand_over(conn: Connection, records: Collection[int]) -> list[int]:
    """Rows of ours that hang on these records while others of their golden record stay: they hang on the most senior of
    those from now on. Returns them."""
    rows = [one for some in landing.anchored(conn, records).values() for one in some]
    homes = crosswalk.golden_of(conn, crosswalk.ours(conn, rows))
    members = crosswalk.members(conn, set(homes.values()))
    known = landing.load(conn, {one for some in members.values() for one in some})
    gone, row = set(records), source_record.c
    stay = []
    for one, home in sorted(homes.items()):
        rest = [
            known[id]
            for id in members[home]
            if id not in gone and known[id].anchor is None and known[id].state == "live"
        ]
        if rest:
            heir = min(rest, key=lambda r: (r.first_run, r.system, r.stream, r.key, r.incarnation))
            conn.execute(update(source_record).where(row.id == one).values(anchor=heir.id))
            stay.append(one)
    return stay


def _wipe_records(conn: Connection, records: Sequence[Record], run: int) -> int:
    landing.set_state(conn, [one.id for one in records], "erased", run)
    row = source_record.c
    gone = {"canonical": None, "notes": None, "raw_hash": "", "canonical_hash": "", "event_at": "", "fate": "filtered"}
    for one in records:
        conn.execute(update(source_record).where(row.id == one.id).values(**gone, key=f"erased:{one.id}"))
    return len(records)


def _wipe_goldens(
    conn: Connection, goldens: Collection[int], records: set[int], at: str, wipe: Callable[[str, Update | Delete], None]
) -> None:
    """Old versions lose every field these records had a part in; deliveries lose what they carried."""
    lineage: dict[tuple[int, str], Json] = {}
    version = golden_version.c
    found = conn.execute(
        select(golden_version).where(one_of(version.id, goldens)).order_by(version.id, version.version)
    )
    for row in found.all():
        for name, line in (row.lineage or {}).items():
            lineage[row.id, name] = line
        touched = {name for name in (row.values or {}) if _mentions(lineage.get((row.id, name)), records)}
        touched |= {name for name, line in (row.lineage or {}).items() if _mentions(line, records)}
        if touched:
            kept = {
                "values": {name: value for name, value in (row.values or {}).items() if name not in touched},
                "lineage": {name: line for name, line in (row.lineage or {}).items() if name not in touched},
            }
            this = update(golden_version).where(version.id == row.id, version.version == row.version)
            wipe("golden_version", this.values(**kept))
    carried = update(delivery).where(one_of(delivery.c.subject, {*goldens, *records}))
    wipe("delivery", carried.where(delivery.c.state.in_(_SUPERSEDABLE)).values(state="superseded", changed_at=at))
    wipe("delivery", carried.values(after={}, before=None, message=""))
    events = (
        outbox_table.c.kind == "golden",
        one_of(outbox_table.c.subject, goldens),
        outbox_table.c.detail.is_not(None),
    )
    wipe("outbox", update(outbox_table).where(*events).values(detail=None))
    wipe("party_role", update(party_role).where(one_of(party_role.c.anchor, records)).values(owner="", detail=None))


def _mentions(line: Json, records: set[int]) -> bool:
    """Whether a field's lineage names any of these records anywhere."""
    if isinstance(line, dict):
        return any(_mentions(value, records) for value in line.values())
    if isinstance(line, list):
        return any(_mentions(value, records) for value in line)
    return isinstance(line, int) and line in records


def _wipe_decisions(
    conn: Connection,
    records: Collection[int],
    goldens: Collection[int],
    wipe: Callable[[str, Update | Delete], None],
) -> None:
    """Values that stewards set on these records, why they decided, and what tasks about them showed.

    Closed tasks about other records of their golden records showed the value that these had won there.
    """
    anchored = one_of(override.c.anchor, records)
    decisions = set(
        conn.execute(select(override.c.decision).where(anchored, override.c.decision.is_not(None))).scalars()
    )
    wipe("override", update(override).where(anchored).values(value=None, item="", reason="", revoked_at=now(conn)))
    for end in (assertion.c.a, assertion.c.b):
        why = (one_of(end, records), assertion.c.reason != "")
        about = select(assertion.c.decision).where(*why, assertion.c.decision.is_not(None))
        reasons = set(conn.execute(about).scalars())
        wipe("decision", update(decision).where(one_of(decision.c.id, reasons)).values(reason=""))
        wipe("assertion", update(assertion).where(*why).values(reason=""))
    tasks = set(conn.execute(select(task_record.c.task).where(one_of(task_record.c.record, records))).scalars())
    decisions |= set(conn.execute(select(decision.c.id).where(one_of(decision.c.task, tasks))).scalars())
    wipe("decision", update(decision).where(one_of(decision.c.id, decisions)).values(payload=None, reason=""))
    beside = select(membership.c.record).where(one_of(membership.c.golden, goldens))
    closed = select(task_record.c.task).join(task, task.c.id == task_record.c.task)
    closed = closed.where(task.c.state.in_(("done", "withdrawn")), task_record.c.record.in_(beside))
    tasks |= set(conn.execute(closed).scalars())
    wipe("task", update(task).where(one_of(task.c.id, tasks)).values(payload=None))
    wipe("task_comment", update(task_comment).where(one_of(task_comment.c.task, tasks)).values(text=""))


def _hash(key: bytes, system: str, stream: str, name: str) -> str:
    return blake2b(f"{system}\0{stream}\0{name}".encode(), key=key, digest_size=32).hexdigest()


def suppressed(conn: Connection, key: bytes, system: str, stream: str, keys: Sequence[str]) -> set[str]:
    """Those of `keys` that were erased and must not be imported again."""
    if not keys or conn.execute(select(erase_ledger.c.key_hash).limit(1)).first() is None:
        return set()
    hashes = {_hash(key, system, stream, name): name for name in keys if document.storable(name)}
    found = conn.execute(select(erase_ledger.c.key_hash).where(one_of(erase_ledger.c.key_hash, hashes))).scalars()
    return {hashes[one] for one in found}
