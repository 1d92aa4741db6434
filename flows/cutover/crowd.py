"""Edits as people make them: through the API of a system, unknown to the ledger of what the hub wrote. Seeded."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from connectors.base import Write
from flows.cutover.config import Cutover, Wave
from flows.cutover.lane import Lane, lanes
from flows.hub import Hub
from flows.publish import resolved_rows
from goldbridge.state import crosswalk, golden, ownership
from mdm.identity import write_id

_LIKED = ("text", "money")


def edit(hub: Hub, plan: Cutover, wave: Wave, system: str, seed: int, most: int) -> int:
    """Change one field of up to `most` rows of a wave in a system; returns how many rows took it."""
    draw = random.Random(seed)  # noqa: S311  a crowd, no secret
    done = 0
    for lane in lanes(hub, plan, wave, system):
        name = _field(lane)
        if name:
            done += _edit(hub, lane, wave, name, draw, most - done)
    return done


def _field(lane: Lane) -> str:
    """A column that anybody may change without another record becoming of it: no identifier, the name last."""
    fields = lane.entity.fields
    found: list[tuple[int, str]] = []
    for column in lane.target.mapping.fields:
        inputs = lane.target.mapping.inputs(column)
        one = fields.get(next(iter(inputs))) if len(inputs) == 1 else None
        if one and one.type in _LIKED and not one.identifier and not one.many:
            found.append((2 if one.required else _LIKED.index(one.type), column))
    return min(found)[1] if found else ""


def _edit(hub: Hub, lane: Lane, wave: Wave, column: str, draw: random.Random, most: int) -> int:
    target = lane.target
    with hub.store.read() as conn:
        ids = ownership.members(conn, wave.name, lane.entity.name, limit=1000)
        keys = crosswalk.keys_of(conn, ids, target.system, target.stream.name)
        chosen = draw.sample(sorted(keys), min(most, len(keys)))
        goldens = list(golden.load(conn, chosen).values())
        rows, _ = resolved_rows(conn, target, lane.entity, goldens)
    shown = target.mapping.apply(rows).values
    done = 0
    for one, values in zip(goldens, shown, strict=True):
        if values is None or values.get(column) in (None, ""):
            continue
        write = Write("update", write_id(lane.entity.name, one.id), {column: _other(values[column])}, keys[one.id][0])
        done += sum(result.outcome == "written" for result in target.writer.write(target.stream, [write]))
    return done


def _other(value: Any) -> str:
    text = str(value)
    try:
        return str(Decimal(text) + 1)
    except ArithmeticError:
        return f"{text}1"
