"""To which wave a golden record belongs: the first whose `where` it meets, or the wave of what it hangs on.

Once a wave loads, its records stay in it: an edited address must not carry a customer to another owner.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

from flows.cutover.config import Cutover, Wave
from flows.cutover.phase import Phase
from goldbridge.state import crosswalk, cutover, golden, ownership
from goldbridge.state.engine import Store
from goldbridge.state.golden import Golden

BATCH = 1000


def enrol(store: Store, plan: Cutover) -> None:
    """Give every golden record of the cutover its wave; anew while no wave has begun to load."""
    with store.begin() as conn:
        if all(wave.phase < Phase.BULK_LOAD for wave in cutover.waves(conn)):
            ownership.dismiss(conn)
    for entity in dict.fromkeys(entity for wave in plan.waves.values() for entity in wave.entities):
        after = -1
        while True:
            with store.begin() as conn:
                batch = golden.scan(conn, entity, after=after, limit=BATCH)
                join(conn, plan, entity, batch)
            if not batch:
                break
            after = batch[-1].id


def enlist(conn: Connection, plan: Cutover, found: Collection[tuple[int, str]]) -> int:
    """Give these (golden id, entity) their waves; returns how many have one now."""
    entities: dict[str, list[int]] = {}
    for id, entity in found:
        entities.setdefault(entity, []).append(id)
    return sum(join(conn, plan, entity, list(golden.load(conn, ids).values())) for entity, ids in entities.items())


def join(conn: Connection, plan: Cutover, entity: str, goldens: Sequence[Golden]) -> int:
    """Note the waves of these golden records of one entity; those whose parent nobody knows yet wait for one."""
    known = ownership.waves_of(conn, [one.id for one in goldens])
    waves = resolve(conn, plan, entity, [one for one in goldens if one.id not in known])
    ownership.join(conn, [(id, entity, wave) for id, wave in waves.items()])
    return len(known) + len(waves)


def resolve(conn: Connection, plan: Cutover, entity: str, goldens: Sequence[Golden]) -> dict[int, str]:
    """Golden id -> wave by what the file says; those that cannot be decided yet are left out."""
    waves = [wave for wave in plan.waves.values() if entity in wave.entities]
    above = _above(conn, plan, waves, entity, goldens)
    found: dict[int, str] = {}
    for one in goldens:
        for wave in waves:
            verdict = _fits(wave, entity, one, above)
            if verdict is None:
                break
            if verdict:
                found[one.id] = wave.name
                break
    return found


def _fits(wave: Wave, entity: str, one: Golden, above: Mapping[tuple[int, str], str]) -> bool | None:
    """Whether a golden record belongs to a wave; None when its parent has no wave yet."""
    if wave.where is None:
        return True
    if entity == wave.entities[0]:
        return wave.where(one.values)
    field, _ = wave.follows[entity]
    if one.values.get(field) is None:
        return False
    parent = above.get((one.id, field))
    return None if parent is None else parent == wave.name


def _above(
    conn: Connection, plan: Cutover, waves: Sequence[Wave], entity: str, goldens: Sequence[Golden]
) -> dict[tuple[int, str], str]:
    """(golden id, reference field) -> the wave of the golden record it leads to."""
    found: dict[tuple[int, str], str] = {}
    for field, to in {wave.follows[entity] for wave in waves if entity in wave.follows}:
        asked: dict[str, dict[str, list[int]]] = {}
        for one in goldens:
            said = one.values.get(field)
            if isinstance(said, dict):
                asked.setdefault(said["ref"], {}).setdefault(str(said["key"]), []).append(one.id)
        parents: dict[int, int] = {}
        for ref, keys in asked.items():
            system, _, stream = ref.partition(".")
            for key, parent in crosswalk.resolve_keys(conn, system, stream, keys).items():
                parents |= dict.fromkeys(keys[key], parent)
        known = ownership.waves_of(conn, set(parents.values()))
        missing = [id for id in set(parents.values()) if id not in known]
        known |= resolve(conn, plan, to, list(golden.load(conn, missing).values())) if missing else {}
        found |= {(id, field): known[parent] for id, parent in parents.items() if parent in known}
    return found
