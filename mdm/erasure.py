"""Erases what records said, for good, and makes their golden records anew without it.

Of a golden record with other records only these ones' part goes: what is left is computed from the others, and its id
stays (E87). A golden record that has no other record is erased with them, and its id goes on to name that. Nothing here
can be undone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import crosswalk, golden, landing, task
from goldbridge.state import erase as content
from mdm.mirror import mirror
from mdm.resolution import Outcome, resolve
from mdm.steward.desk import Steward


class Erased(NamedTuple):
    """The golden records that live on, those that are erased as a whole, and table -> rows that lost content."""

    kept: list[int]
    gone: list[int]
    lost: dict[str, int]


def erase(conn: Connection, who: Steward, key: bytes, records: Sequence[int], *, reason: str = "") -> Erased:
    """Erase these records of one entity; `key` from `vault.derive(key, "erase")`.

    The caller calls `Store.scrub` after the commit. Raises `Reject` MDM085 for a record that is erased already.
    """
    golden.turn(conn, who.entity)
    known = landing.load(conn, records)
    for id in records:
        if id not in known or known[id].state == "erased":
            raise Reject("MDM085", f"record {id} is not there, or was erased before; there is nothing left of it")
    homes = set(crosswalk.golden_of(conn, records).values())
    beside = {one for some in crosswalk.members(conn, homes).values() for one in some}
    asked = [one.id for one in task.touching(conn, records)]
    lost = dict(content.erase(conn, key, records, author=who.name, run=who.run))
    task.withdraw(conn, asked, "a record that it asks about was erased")
    # Everything that shared a golden record, also when that was only by way of the erased one.
    _made_anew(conn, who, {*records, *beside})
    gone = _empty(conn, homes)
    who.audit.append(conn, who.name, "erase", f"records:{','.join(map(str, sorted(records)))}", {"reason": reason})
    return Erased(sorted(homes - set(gone)), gone, lost)


def _made_anew(conn: Connection, who: Steward, records: Collection[int]) -> Outcome:
    if who.core.matching is None:
        return mirror(conn, who.core, records, "erase", who.run)
    return resolve(conn, who.core, records, "erase", who.run)


def _empty(conn: Connection, goldens: Collection[int]) -> list[int]:
    """Golden records that nothing is left of lose their values too, and say that they were erased."""
    left = [one for one in golden.load(conn, goldens).values() if one.state == "retired"]
    for one in left:
        one.state, one.values, one.lineage = "erased", {}, {}
    golden.save(conn, left, "erase", 0)
    return sorted(one.id for one in left)
