"""What became of the values that stewards set or hid: lapsed dates, retirements, and the history of a record's own.

`decision` writes overrides and takes them back; an override that the system retires stays with an empty `revoked_by`.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from goldbridge.state.bulk import fixed, one_of
from goldbridge.state.decision import Override, revoke_overrides
from goldbridge.state.engine import now
from goldbridge.state.tables import membership, override, source_record

__all__ = ["NAMED", "Override", "about", "about_golden", "lapsed", "retire"]

NAMED = ("forever", "until_source_changes", "until_source_agrees")
"""Policies that have a name; any other one is the moment (ISO UTC) at which the override ends."""

_row = override.c
_ROW = tuple(_row[name] for name in Override._fields)


def lapsed(conn: Connection, entity: str) -> list[Override]:
    """Overrides of an entity whose date has passed and that nobody has closed yet, by id."""
    query = select(*_ROW).select_from(override.join(source_record, source_record.c.id == _row.anchor))
    query = query.where(_row.revoked_at == fixed(""), _row.policy.not_in(NAMED), _row.policy <= now(conn))
    return [Override(*row) for row in conn.execute(query.where(source_record.c.entity == entity).order_by(_row.id))]


def retire(conn: Connection, ids: Collection[int]) -> int:
    """Close overrides that came to their end by themselves; returns how many were open."""
    return revoke_overrides(conn, ids, by=None)


def about(conn: Connection, records: Collection[int], field: str = "") -> list[Override]:
    """Every override that was ever anchored at these records (on one field), also those that are over; by id."""
    if not records:
        return []
    query = select(*_ROW).where(one_of(_row.anchor, records))
    if field:
        query = query.where(_row.field == field)
    return [Override(*row) for row in conn.execute(query.order_by(_row.id))]


def about_golden(conn: Connection, golden: int, field: str = "") -> list[Override]:
    """The same for every record that is or was in a golden record, also in a retired one."""
    inside = select(membership.c.record).where(membership.c.golden == golden)
    query = select(*_ROW).where(_row.anchor.in_(inside))
    if field:
        query = query.where(_row.field == field)
    return [Override(*row) for row in conn.execute(query.order_by(_row.id))]
