"""Revisions of the rules with their frozen statistics. Immutable once active; new statistics are a new revision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from sqlalchemy import Connection, func, insert, literal, select, update

from goldbridge.errors import Halt
from goldbridge.ports import Json
from goldbridge.state.bulk import fetch
from goldbridge.state.document import digest
from goldbridge.state.engine import now
from goldbridge.state.tables import decision, ruleset
from goldbridge.state.tables import simulation as table

RulesetState = Literal["draft", "simulated", "active", "retired"]


class Ruleset(NamedTuple):
    """One revision; `fingerprint` is the hash of document and statistics."""

    rev: int
    document: Json
    statistics: Json
    fingerprint: str
    state: RulesetState
    author: str
    approved_by: str
    created_at: str
    activated_at: str


class Simulation(NamedTuple):
    """What activating `new_rev` would change at outbox position `watermark`."""

    id: int
    base_rev: int
    new_rev: int
    watermark: int
    counts: Mapping[str, int]
    clusters: Json
    at: str


_row = ruleset.c
_ALL = tuple(_row[name] for name in Ruleset._fields)


_IN_FORCE = dict.fromkeys(("sqlite", "postgresql"), "SELECT rev FROM ruleset WHERE state = 'active'")


def add(conn: Connection, document: Json, statistics: Json, author: str) -> int:
    """Store a draft; returns its revision."""
    made = insert(ruleset).values(
        document=document,
        statistics=statistics,
        fingerprint=digest([document, statistics]),
        state="draft",
        author=author,
        approved_by="",
        created_at=now(conn),
        activated_at="",
    )
    return int(conn.execute(made.returning(_row.rev)).scalar_one())


def load(conn: Connection, rev: int) -> Ruleset:
    """One revision; raises `Halt` STA036 when there is none."""
    row = conn.execute(select(*_ALL).where(_row.rev == rev)).one_or_none()
    if row is None:
        raise Halt(
            "STA036", f"there is no ruleset {rev}; use one that exists, or leave the number out for the active one"
        )
    return Ruleset(*row)


def active(conn: Connection) -> Ruleset | None:
    """The revision in force, or None before the first."""
    row = conn.execute(select(*_ALL).where(_row.state == "active")).one_or_none()
    return None if row is None else Ruleset(*row)


def in_force(conn: Connection) -> int:
    """The number of the active revision, 0 before the first: whether what one holds is still it.

    Nothing else is asked: what stands behind the statistics in a row is reached through all their pages.
    """
    for row in fetch(conn, _IN_FORCE):
        return int(row[0])
    return 0


def list_rulesets(conn: Connection) -> list[Ruleset]:
    """All revisions without their statistics, newest first."""
    columns = [literal(None).label("statistics") if one.name == "statistics" else one for one in _ALL]
    return [Ruleset(*row) for row in conn.execute(select(*columns).order_by(_row.rev.desc()))]


def activate(conn: Connection, rev: int, approved_by: str) -> None:
    """Retire the active revision and put this one in its place; a retired one comes back unchanged.

    Raises `Halt` STA036 when there is no such revision.
    """
    load(conn, rev)
    conn.execute(update(ruleset).where(_row.state == "active", _row.rev != rev).values(state="retired"))
    chosen = update(ruleset).where(_row.rev == rev, _row.state != "active")
    conn.execute(chosen.values(state="active", approved_by=approved_by, activated_at=now(conn)))


def add_simulation(
    conn: Connection, base_rev: int, new_rev: int, watermark: int, counts: Mapping[str, int], clusters: Json
) -> int:
    """Keep a simulation and mark its draft as simulated; returns its id."""
    conn.execute(update(ruleset).where(_row.rev == new_rev, _row.state == "draft").values(state="simulated"))
    made = insert(table).values(
        base_rev=base_rev, new_rev=new_rev, watermark=watermark, counts=dict(counts), clusters=clusters, at=now(conn)
    )
    return int(conn.execute(made.returning(table.c.id)).scalar_one())


def keep_progress(conn: Connection, id: int, clusters: Json) -> None:
    """Note how far a simulation was carried out, in the transaction that carried it."""
    conn.execute(update(table).where(table.c.id == id).values(clusters=clusters))


def newest_decision(conn: Connection) -> int:
    """The number of the decision made last: a simulation made before it does not know it."""
    return int(conn.execute(select(func.coalesce(func.max(decision.c.id), 0))).scalar_one())


def newest_simulation(conn: Connection) -> Simulation | None:
    """The simulation made last, of whatever revision."""
    row = conn.execute(select(table).order_by(table.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Simulation(*row)


def simulation(conn: Connection, new_rev: int) -> Simulation | None:
    """The newest simulation of a revision."""
    query = select(table).where(table.c.new_rev == new_rev).order_by(table.c.id.desc()).limit(1)
    row = conn.execute(query).one_or_none()
    return None if row is None else Simulation(*row)
