"""Golden records with their versions and redirects.

A version is one visible change: other values or another state. It carries only what changed; the outbox gets exactly
one event for it. Lineage that changes while the values stay is kept without a version. Ids are never reused and
always resolve; a redirect is one hop whatever chain of merges made it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, select, text

from goldbridge.errors import Retry
from goldbridge.ports import Json
from goldbridge.state import document, outbox
from goldbridge.state.bulk import Insert, group, one_of
from goldbridge.state.engine import now
from goldbridge.state.outbox import NewEvent
from goldbridge.state.redirect import Redirect, Resolution, recall, redirect, resolve
from goldbridge.state.tables import golden_record, golden_version

__all__ = [
    "Golden", "GoldenVersion", "Redirect", "Resolution", "as_of", "founded", "golden_id", "history", "ids", "load",
    "recall", "redirect", "resolve", "save", "scan", "turn",
]  # fmt: skip

GoldenState = Literal["active", "redirected", "retired", "erased"]
ACTIVE: tuple[GoldenState, ...] = ("active",)


@dataclass(slots=True)
class Golden:
    """`values`: field -> value; `lineage`: field -> {rule, winner, version, challengers, confidence, ...}.

    `version` is the one it was loaded with (0: new); `save` checks it. `founder` and `counter` made the id. `bare`:
    loaded without its lineage, and never to be saved.
    """

    id: int
    entity: str
    founder: int
    counter: int = 0
    state: GoldenState = "active"
    version: int = 0
    values: dict[str, Json] = field(default_factory=dict)
    lineage: dict[str, Json] = field(default_factory=dict)
    bare: bool = False


class GoldenVersion(NamedTuple):
    """One visible change. `values` are the fields that changed, `unset` those that went away; lineage is as sparse."""

    id: int
    version: int
    state: GoldenState
    values: dict[str, Json]
    unset: list[str]
    lineage: dict[str, Json]
    valid_from: str
    tx_from: str
    cause: str
    run: int


def golden_id(founder: int, counter: int = 0) -> int:
    """The 63-bit id of the `counter`-th golden record that a source record founded; a rebuild mints the same."""
    named = f"golden\0{founder}\0{counter}".encode()
    return int.from_bytes(blake2b(named, digest_size=8).digest(), "big") >> 1


_head = golden_record.c
_GOLDEN = tuple(name for name in Golden.__dataclass_fields__ if name != "bare")
_BARE = _GOLDEN[:-1]
_VERSION = GoldenVersion._fields
_put = Insert(
    golden_record,
    (*_GOLDEN, "changed_at"),
    conflict=("id",),
    update=("state", "version", "values", "lineage", "changed_at"),
)
_append = Insert(golden_version, _VERSION)
_ABSENT = object()
_TURN = text("SELECT pg_advisory_xact_lock(hashtext('goldbridge.golden'), hashtext(:entity))")


def turn(conn: Connection, entity: str) -> None:
    """Change golden records of an entity one after the other: what is read from here on holds until the commit.

    Without it two stewards, or a steward and a run, could each find nothing against what the other is about to do.
    SQLite has one writer at a time anyway.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(_TURN, {"entity": entity})


def founded(conn: Connection, records: Collection[int]) -> dict[int, list[int]]:
    """Record id -> golden ids it founded, in the order of their counters."""
    if not records:
        return {}
    query = select(_head.founder, _head.id).where(one_of(_head.founder, records)).order_by(_head.founder, _head.counter)
    return group((row[0], row[1]) for row in conn.execute(query).all())


def heads(conn: Connection, ids: Collection[int]) -> dict[int, tuple[GoldenState, int]]:
    """Golden id -> its state and its founder; unknown ids are left out."""
    if not ids:
        return {}
    query = select(_head.id, _head.state, _head.founder).where(one_of(_head.id, ids))
    return {id: (state, founder) for id, state, founder in conn.execute(query).all()}


def load(conn: Connection, ids: Collection[int], *, lineage: bool = True) -> dict[int, Golden]:
    """Golden records by id, in any state; unknown ids are left out. Without `lineage` the larger half is not read."""
    if not ids:
        return {}
    found = _goldens(conn, _select(lineage).where(one_of(_head.id, ids)).order_by(_head.id), lineage)
    return {one.id: one for one in found}


def scan(
    conn: Connection,
    entity: str = "",
    *,
    states: Collection[GoldenState] = ACTIVE,
    after: int = -1,
    limit: int = 1000,
    lineage: bool = True,
) -> list[Golden]:
    """The next `limit` by ascending id after `after`; an empty list means the end."""
    return _goldens(conn, _pages(_select(lineage), entity, states, after, limit), lineage)


def _select(lineage: bool) -> Select[Any]:
    return select(*(_head[name] for name in (_GOLDEN if lineage else _BARE)))


def _goldens(conn: Connection, query: Select[Any], lineage: bool) -> list[Golden]:
    found = [Golden(*row) for row in conn.execute(query).all()]
    for one in () if lineage else found:
        one.bare = True
    return found


def ids(conn: Connection, entity: str = "", *, states: Collection[GoldenState] = ACTIVE) -> Iterator[int]:
    """All ids, ascending."""
    after = -1
    while batch := list(conn.execute(_pages(select(_head.id), entity, states, after, 10_000)).scalars()):
        yield from batch
        after = batch[-1]


def _pages(query: Select[Any], entity: str, states: Collection[str], after: int, limit: int) -> Select[Any]:
    query = query.where(_head.id > after)
    if entity:
        query = query.where(_head.entity == entity)
    if states:
        query = query.where(_head.state.in_(sorted(states)))
    return query.order_by(_head.id).limit(limit)


def save(
    conn: Connection,
    goldens: Sequence[Golden],
    cause: str,
    run: int,
    *,
    valid_from: str = "",
    details: Mapping[int, Json] | None = None,
) -> list[int]:
    """Keep what differs from the store: version + 1, a sparse version row, one outbox event each.

    Returns the ids that got a new version, and sets `.version` on the objects. `details` go into the events (member map
    of a split, survivor of a merge). Raises `Retry` STA030 when a golden record was changed since it was loaded.
    """
    at = now(conn)
    stored = _locked(conn, [golden.id for golden in goldens])
    rows: list[tuple[Any, ...]] = []
    versions: list[tuple[Any, ...]] = []
    events: list[NewEvent] = []
    for golden in goldens:
        assert not golden.bare, f"golden record {golden.id} was loaded without its lineage"
        before = stored.get(golden.id)
        held = before.version if before else 0
        if held != golden.version:
            raise Retry(
                "STA030",
                f"golden record {golden.id} is at version {held}, not {golden.version}: somebody changed it meanwhile; "
                "load it and decide again",
            )
        event = _event(before, golden)
        if event:
            golden.version += 1
            versions.append(_difference(before, golden, valid_from, at, cause, run))
            detail = (details or {}).get(golden.id)
            events.append(NewEvent("golden", golden.id, golden.entity, golden.version, event, detail=detail))
        elif before is not None and before.lineage == golden.lineage:
            continue
        fixed = (golden.id, golden.entity, golden.founder, golden.counter, golden.state, golden.version)
        rows.append((*fixed, document.dump(golden.values), document.dump(golden.lineage), at))
    _put(conn, rows)
    _append(conn, versions)
    outbox.append(conn, events, run)
    return [event.subject for event in events]


def _locked(conn: Connection, ids: Collection[int]) -> dict[int, Golden]:
    """What is stored, held against other writers until the transaction ends."""
    if not ids:
        return {}
    query = _select(True).where(one_of(_head.id, ids)).order_by(_head.id).with_for_update()
    return {one.id: one for one in _goldens(conn, query, True)}


def _event(before: Golden | None, after: Golden) -> str:
    """What a consumer sees happen; empty when nothing does."""
    if before is None:
        return "created"
    if before.state != after.state:
        return "restored" if after.state == "active" else after.state
    return "" if before.values == after.values else "changed"


def _difference(
    before: Golden | None, after: Golden, valid_from: str, at: str, cause: str, run: int
) -> tuple[Any, ...]:
    """The row of `golden_version` that leads from one to the other."""
    old, old_lineage = (before.values, before.lineage) if before else ({}, {})
    values = {name: value for name, value in after.values.items() if old.get(name, _ABSENT) != value}
    unset = sorted(name for name in old if name not in after.values)
    lineage = {name: line for name, line in after.lineage.items() if old_lineage.get(name, _ABSENT) != line}
    documents = (document.dump(values), document.dump(unset), document.dump(lineage))
    return (after.id, after.version, after.state, *documents, valid_from, at, cause, run)


def history(conn: Connection, id: int) -> list[GoldenVersion]:
    """Every version, oldest first."""
    return _history(conn, golden_version.c.id == id)


def _history(conn: Connection, *where: ColumnElement[bool]) -> list[GoldenVersion]:
    query = select(*(golden_version.c[name] for name in _VERSION)).where(*where)
    return [
        GoldenVersion(*row) for row in conn.execute(query.order_by(golden_version.c.id, golden_version.c.version)).all()
    ]


def as_of(conn: Connection, ids: Collection[int], at: str) -> dict[int, Golden]:
    """Golden records as they were known at `at` (ISO UTC); ids that did not exist yet are left out."""
    if not ids:
        return {}
    current = load(conn, ids)
    then: dict[int, Golden] = {}
    for version in _history(conn, one_of(golden_version.c.id, ids), golden_version.c.tx_from <= at):
        base = current[version.id]
        golden = then.setdefault(version.id, Golden(base.id, base.entity, base.founder, base.counter))
        golden.state, golden.version = version.state, version.version
        golden.values.update(version.values)
        golden.lineage.update(version.lineage)
        for name in version.unset:
            golden.values.pop(name, None)
            golden.lineage.pop(name, None)
    return then
