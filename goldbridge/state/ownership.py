"""Who owns an entity in a wave of a cutover, where copies of it may be written, and which wave a record belongs to.

The owner is the system in which people write. `to_old` and `to_new` say where flows may write copies. Every change
raises the epoch; a writer remembers the epochs it began with, and each of its transactions proves that they still hold,
so that one with an older map writes nothing. Entities of no cutover have no rows here, and nobody asks about them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from goldbridge.errors import Halt
from goldbridge.state.bulk import Insert, one_of
from goldbridge.state.engine import now
from goldbridge.state.tables import cutover_member, cutover_owner, delivery, membership

Epochs = Mapping[tuple[str, str], int]
"""(entity, wave) -> epoch: the map that a writer begins with."""


class Owner(NamedTuple):
    """One entity of one wave. `owner` is a system, "" while nobody may write, or both names joined by a space."""

    entity: str
    wave: str
    old: str
    new: str
    owner: str
    to_old: int
    to_new: int
    epoch: int
    at: str


_owner, _member = cutover_owner.c, cutover_member.c
_put = Insert(
    cutover_owner,
    Owner._fields,
    conflict=("entity", "wave"),
    update=("old", "new", "owner", "to_old", "to_new", "epoch", "at"),
)
_add = Insert(cutover_member, ("golden", "entity", "wave"), conflict=("golden",))


def load(conn: Connection, wave: str = "") -> list[Owner]:
    """Every owner, or those of one wave, by entity."""
    query = select(cutover_owner).order_by(_owner.wave, _owner.entity)
    return [Owner(*row) for row in conn.execute(query.where(_owner.wave == wave) if wave else query)]


def epochs(conn: Connection, system: str, entity: str) -> Epochs:
    """What a writer of `entity` to `system` must find unchanged in each of its transactions; empty: no cutover."""
    return {(entity, wave): epoch for wave, epoch in conn.execute(_epochs(system, entity))}


def check(conn: Connection, system: str, entity: str, held: Epochs) -> None:
    """Prove that no owner changed since `held` was read, and keep it so until the commit; raises `Halt` CUT031."""
    found = {(entity, wave): epoch for wave, epoch in conn.execute(_epochs(system, entity).with_for_update(read=True))}
    if found == dict(held):
        return
    name = next(name for name in sorted({*found, *held}) if found.get(name) != held.get(name))
    raise Halt(
        "CUT031",
        f"{system} {entity}: the owner in wave '{name[1]}' changed during this run (epoch {held.get(name, 0)} -> "
        f"{found.get(name, 0)}); nothing of this page was written. The next run follows the new owner",
    )


def _epochs(system: str, entity: str) -> Any:
    touched = or_(_owner.old == system, _owner.new == system)
    return select(_owner.wave, _owner.epoch).where(_owner.entity == entity, touched).order_by(_owner.wave)


def writable() -> ColumnElement[bool]:
    """The deliveries that may be written now: of no cutover, or of a wave that lets copies go to their target.

    What the old system never had (an approval, an order of another system) goes on to the new one after the flip.
    """
    row = delivery.c
    ends = or_(_owner.old == row.target, _owner.new == row.target)
    governed = select(_owner.wave).where(_owner.entity == row.entity, ends).correlate(delivery)
    theirs = (membership.c.golden == row.subject, membership.c.system == _owner.old, membership.c.ours == 0)
    brought = select(membership.c.record).where(*theirs).correlate(delivery, cutover_owner)
    open_to = or_(
        and_(_owner.old == row.target, _owner.to_old == 1),
        and_(_owner.new == row.target, _owner.to_new == 1),
        and_(_owner.new == row.target, _owner.owner == _owner.new, ~brought.exists()),
    )
    granted = (
        select(_member.golden)
        .join(cutover_owner, and_(_owner.wave == _member.wave, _owner.entity == _member.entity))
        .where(_member.golden == row.subject, _member.entity == row.entity, open_to)
        .correlate(delivery)
    )
    return or_(~governed.exists(), granted.exists())


def assign(
    conn: Connection, wave: str, entities: Sequence[str], systems: tuple[str, str], owner: str, to: tuple[int, int]
) -> int:
    """Say who owns these entities in a wave from now on; returns the epoch, which rises when that changes anything."""
    at = now(conn)
    query = select(cutover_owner).where(_owner.wave == wave).order_by(_owner.entity).with_for_update()
    held = {row.entity: Owner(*row) for row in conn.execute(query)}
    wanted = (*systems, owner, *to)
    epoch = max((one.epoch for one in held.values()), default=0)
    if any(entity not in held or held[entity][2:7] != wanted for entity in entities):
        epoch += 1
        _put(conn, [Owner(entity, wave, *wanted, epoch, at) for entity in entities])
    return epoch


def unassigned(conn: Connection, target: str, object: str, *, limit: int = 500) -> list[tuple[int, str]]:
    """(golden id, entity) of what waits to be written to an object, is under a cutover, and has no wave yet."""
    row = delivery.c
    ends = or_(_owner.old == row.target, _owner.new == row.target)
    governed = select(_owner.wave).where(_owner.entity == row.entity, ends).correlate(delivery)
    known = select(_member.golden).where(_member.golden == row.subject).correlate(delivery)
    query = select(row.subject, row.entity).distinct().where(row.target == target, row.object == object)
    query = query.where(row.state.in_(("ready", "unknown")), governed.exists(), ~known.exists())
    return [(subject, entity) for subject, entity in conn.execute(query.order_by(row.subject).limit(limit))]


def join(conn: Connection, members: Collection[tuple[int, str, str]]) -> None:
    """Note (golden id, entity, wave); who has a wave keeps it, so that no edit carries a record to another owner."""
    _add(conn, list(members))


def waves_of(conn: Connection, goldens: Collection[int]) -> dict[int, str]:
    """Golden id -> its wave; those without one are left out."""
    if not goldens:
        return {}
    query = select(_member.golden, _member.wave).where(one_of(_member.golden, goldens))
    return dict(conn.execute(query).tuples().all())


def members(conn: Connection, wave: str, entity: str, *, after: int = -1, limit: int = 1000) -> list[int]:
    """The next golden records of a wave by ascending id."""
    query = select(_member.golden).where(_member.wave == wave, _member.entity == entity, _member.golden > after)
    return list(conn.execute(query.order_by(_member.golden).limit(limit)).scalars())


def count(conn: Connection, wave: str) -> dict[str, int]:
    """Entity -> how many golden records a wave has."""
    query = select(_member.entity, func.count()).where(_member.wave == wave).group_by(_member.entity)
    return dict(conn.execute(query).tuples().all())


def touch(conn: Connection, wave: str) -> None:
    """Wait for writers that are in a transaction, and let none begin until ours ends."""
    conn.execute(update(cutover_owner).where(_owner.wave == wave).values(at=now(conn)))


def dismiss(conn: Connection) -> None:
    """Forget which wave anything belongs to, before a wave loads."""
    conn.execute(delete(cutover_member))
