"""What is already published where, and what a split leaves to be made good there.

The write ledger knows every row that we wrote. After a split each of the parts needs a row of its own: the row that
is there stays with the part whose records it belongs to, the others get new ones, children are pointed to the right
one, and fields that showed the merged value show their own again. The plan is read off the state, so that asking twice
gives the same, and asking after it was published gives nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from goldbridge.state import crosswalk, delivery, landing, ledger, relation
from mdm.identity import write_id


class Row(NamedTuple):
    """One row of a target that we write to; `object` is system.Object, `version` that of the golden record sent."""

    golden: int
    object: str
    key: str
    version: int
    at: str


def published(conn: Connection, goldens: Collection[int]) -> list[Row]:
    """The live rows in target systems that belong to these golden records and that we wrote, sorted."""
    found = []
    for system, stream in delivery.objects(conn):
        for golden, key in crosswalk.published(conn, goldens, system, stream).items():
            entry = ledger.load(conn, system, stream, [key]).get(key)
            version, at = (entry.version, entry.at) if entry else (0, "")
            found.append(Row(golden, f"{system}.{stream}", key, version, at))
    return sorted(found, key=lambda row: (row.object, row.golden, row.key))


def children(conn: Connection, goldens: Mapping[int, Collection[int]]) -> dict[int, dict[str, list[int]]]:
    """Golden id -> kind of relation -> records that hang on its records, given golden id -> records."""
    home = {record: golden for golden, records in goldens.items() for record in records}
    found: dict[int, dict[str, list[int]]] = {}
    for line in relation.touching(conn, list(home)):
        if line.parent in home:
            found.setdefault(home[line.parent], {}).setdefault(line.kind, []).append(line.child)
    return found


def compensation(
    conn: Connection,
    entity: str,
    before: Mapping[int, int],
    rows: Sequence[Row],
    changed: Mapping[int, Collection[str]],
) -> list[dict[str, Any]]:
    """What each target needs now that records are elsewhere: per object new rows, rows to restore, children to move.

    `before` is record -> golden id as it was, `rows` what was published then, `changed` golden id -> fields whose
    value is another now.
    """
    after = crosswalk.golden_of(conn, list(before))
    steps: list[dict[str, Any]] = []
    heirs: dict[int, set[int]] = {}
    for record, home in before.items():
        if record in after:
            heirs.setdefault(home, set()).add(after[record])
    moved = {record for record, home in before.items() if after.get(record) != home}
    for row in rows:
        system, _, stream = row.object.partition(".")
        number = landing.find(conn, system, stream, [row.key]).get(row.key)
        owner = crosswalk.golden_of(conn, [number]).get(number) if number is not None else None
        for heir in sorted(heirs.get(row.golden, ())):
            has = crosswalk.published(conn, [heir], system, stream).get(heir)
            step: dict[str, Any] = {"object": row.object, "golden": write_id(entity, heir)}
            if has is None and heir != owner:
                steps.append({**step, "do": "create", "why": "it has no row of its own there"})
            elif changed.get(heir):
                fields = sorted(changed[heir])
                steps.append({**step, "do": "restore", "key": has or row.key, "fields": fields})
    steps += _children_to_move(conn, entity, moved, after)
    return [step for index, step in enumerate(steps) if step not in steps[:index]]


def _children_to_move(
    conn: Connection, entity: str, moved: Collection[int], after: Mapping[int, int]
) -> list[dict[str, Any]]:
    """Published children of records that moved: their row has to name another parent."""
    found: dict[tuple[str, int], int] = {}
    lines = [line for line in relation.touching(conn, moved) if line.parent in moved and line.parent in after]
    homes = crosswalk.golden_of(conn, {line.child for line in lines})
    for line in lines:
        if line.child in homes:
            for row in published(conn, [homes[line.child]]):
                found[row.object, after[line.parent]] = found.get((row.object, after[line.parent]), 0) + 1
    return [
        {"object": object, "golden": write_id(entity, parent), "do": "re-point", "children": number}
        for (object, parent), number in sorted(found.items())
    ]
