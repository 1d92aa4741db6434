"""Golden records of entities that are not mastered: one per source record, or one per business number.

Nothing is matched here. Records that carry the same hard identifier (a contract's number in the CRM and in the OA) are
one by declaration; the survivorship rules decide between them as everywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection

from goldbridge.records.model import Entity
from goldbridge.state import crosswalk, golden, landing, match
from goldbridge.state.crosswalk import Move
from goldbridge.state.golden import Golden, Redirect
from goldbridge.state.landing import Record
from mdm.core import Core, claimant, speaks
from mdm.index import identifiers, relate
from mdm.resolution import Outcome
from mdm.survivorship import survive


def mirror(conn: Connection, core: Core, records: Collection[int], cause: str, run: int) -> Outcome:
    """Bring the golden records of these source records up to date."""
    loaded = landing.load(conn, records)
    match.replace_identifiers(conn, {id: identifiers(core.entity, r) if speaks(r) else () for id, r in loaded.items()})
    relate(conn, core.entity, {id: r for id, r in loaded.items() if speaks(r)}, list(loaded))
    groups = _groups(conn, core.entity, loaded)
    everyone = landing.load(conn, {id for group in groups for id in group})
    homes = crosswalk.golden_of(conn, list(everyone))
    goldens = golden.load(conn, {*homes.values(), *(golden.golden_id(id) for id in everyone)})
    outcome = Outcome(records=len(loaded))
    changed: list[Golden] = []
    moves: list[Move] = []
    redirects: list[Redirect] = []
    for group in groups:
        alive = [claimant(everyone[id]) for id in group if speaks(everyone[id])]
        if not alive:
            gone = [goldens[homes[id]] for id in group if id in homes]
            for record in gone:
                record.state = "retired"
            changed.extend(gone)
            moves.extend(Move(id, None) for id in group)
            continue
        # The id that one of them has stays; otherwise the most senior record founds one.
        held = sorted({homes[c.record] for c in alive if c.record in homes})
        senior = min(alive, key=lambda c: c.seniority()).record
        number = held[0] if held else golden.golden_id(senior)
        head = goldens.get(number) or Golden(id=number, entity=core.entity.name, founder=senior)
        survived = survive(core.entity, core.survivorship, alive)
        head.state, head.values, head.lineage = "active", survived.values, dict(survived.lineage)
        outcome.created += number not in goldens
        changed.append(head)
        moves.extend(Move(id, number if speaks(everyone[id]) else None) for id in group)
        for other in held[1:]:
            goldens[other].state = "redirected"
            changed.append(goldens[other])
            redirects.append(Redirect(other, {number: [id for id in group if homes.get(id) == other]}))
    outcome.versions = len(golden.save(conn, changed, cause, run))
    outcome.moved = crosswalk.move(conn, [m for m in moves if homes.get(m.record) != m.golden], cause, run)
    golden.redirect(conn, redirects, cause, run)
    outcome.redirected = len(redirects)
    outcome.goldens = [head.id for head in changed]
    return outcome


def _groups(conn: Connection, entity: Entity, loaded: Mapping[int, Record]) -> list[list[int]]:
    """Records that are one: those with the same hard identifier, all others alone; each group and all groups sorted."""
    names = [field.name for field in entity.fields.values() if field.identifier == "hard"]
    if not names:
        return [[id] for id in sorted(loaded)]
    together: dict[int, set[int]] = {id: {id} for id in loaded}
    for name in names:
        values = {id: str(value) for id, r in loaded.items() if (value := (r.canonical or {}).get(name))}
        holders = match.holders(conn, name, set(values.values()), hard=True)
        mine = _of_entity(conn, entity, {id for ids in holders.values() for id in ids})
        for id, value in values.items():
            together[id] |= {other for other in holders.get(value, ()) if other in mine}
    found = {tuple(sorted(group)) for group in together.values()}
    return [list(group) for group in sorted(found)]


def _of_entity(conn: Connection, entity: Entity, ids: Iterable[int]) -> set[int]:
    return {id for id, record in landing.load(conn, list(ids)).items() if record.entity == entity.name}
