"""*Different until the evidence changes*: what two records are matched on, and what happens when that is another.

A steward's word is bound to records, not to their content, so that a trivial edit never touches it (E40). Only where it
was given for the evidence at hand does it lapse when a matching field is another: a hold of the system takes its place,
and a question, never an automatic merge (E39).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import orjson
from sqlalchemy import Connection

from dedupe.feature import pack
from dedupe.prepare import Prepared
from goldbridge.state import decision, landing
from goldbridge.state.decision import Assertion
from goldbridge.state.document import digest
from mdm.core import Core
from mdm.index import prepared


def evidence(conn: Connection, core: Core, records: Collection[int]) -> str:
    """A digest of what these records are matched on: spelling, width and case of no matter make no difference."""
    return _digest(prepared(conn, core, landing.load(conn, records)), records)


def _digest(known: Mapping[int, Prepared], records: Collection[int]) -> str:
    parts = []
    for record in sorted(records):
        text = pack(known[record])
        # Without the number of its format: another version of the program is no other evidence.
        parts.append(orjson.loads(text)[1:] if text else None)
    return digest(parts)


def lapse(conn: Connection, core: Core, known: Mapping[int, Prepared], said: list[Assertion]) -> None:
    """Replace, in the state and in `said`, what was said for evidence that is another now by holds of the system."""
    changed = lapsed(known, said)
    if not changed:
        return
    decision.revoke_assertions(conn, [one.id for one in changed], by=None)
    holds = [_hold(one) for one in changed]
    ids = decision.add_assertions(conn, holds)
    kept = [one for one in said if one not in changed]
    said[:] = [*kept, *(hold._replace(id=id) for hold, id in zip(holds, ids, strict=True))]


def lapsed(known: Mapping[int, Prepared], said: Sequence[Assertion]) -> list[Assertion]:
    """Those that were said until the evidence changes, of two records that live and say something else now."""
    return [
        one
        for one in said
        if one.lapse == "on_evidence_change"
        and {one.a, one.b} <= known.keys()
        and _digest(known, [one.a, one.b]) != one.evidence_hash
    ]


def _hold(said: Assertion) -> Assertion:
    low, high = sorted((said.a, said.b))
    why = f"the evidence changed since decision {said.decision} said *{said.kind}*"
    return Assertion("hold_different", low, high, "system", why, decision=said.decision)
