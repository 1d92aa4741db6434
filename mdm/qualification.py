"""Where each role of a golden record stands in its process: a function of what stewards moved, and of the values.

A steward's move is kept as an override anchored at a record, so that it travels with it, can be undone, and is there
in a rebuild. Moves that lead towards a qualification follow the data; one that takes a qualification away holds, as the
system's own word, until a person gives it back. Where golden records merge, each role keeps the most restrictive state
of those that come together, so that nobody is qualified by a merge (E84).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection

from goldbridge.mapping.value import ABSENT
from goldbridge.state import decision, document, task
from goldbridge.state.decision import Override
from goldbridge.state.task import NewTask
from mdm.claim import Claimant
from mdm.core import Core
from mdm.identity import write_id
from mdm.lane import lane
from mdm.qualification_rule import Move, Process

FIELD = "qualification"
"""The golden value (role -> state), and the field of the overrides that keep moves (item: the role)."""

QUALIFIED = "qualified"
"""The golden value that lists the roles in which business may be done."""

KIND = "qualification"
"""Does this partner qualify? Asked while a role stands in a state that asks."""


class Step(NamedTuple):
    """A move that is kept: where it led, and of which record it was said."""

    id: int
    anchor: int
    state: str
    move: str


class Standing(NamedTuple):
    """Where a role stands, by which move; `step` is the kept one that it rests on (0: none). `fell`: a move by itself
    took a qualification away, and nobody has kept that yet."""

    state: str
    move: str
    anchor: int
    step: int
    fell: bool


def standing(process: Process, steps: Sequence[Step], oldest: int, facts: Mapping[str, Any]) -> Standing:
    """From the kept steps (the newest of each record; of several records the most restrictive) onwards by itself."""
    newest: dict[int, Step] = {}
    for step in sorted(steps):
        if step.state in process.states:  # a state that the process does not have any more says nothing
            newest[step.anchor] = step
    first = most_restrictive(process, newest.values())
    state, move, fell = (first.state, first.move, False) if first else (process.start, "", False)
    seen = {state}
    while (by_itself := _next(process, state, facts)) is not None and by_itself.to not in seen:
        fell = fell or takes_away(process, state, by_itself.to)
        state, move = by_itself.to, by_itself.name
        seen.add(state)
    return Standing(state, move, first.anchor if first else oldest, first.id if first else 0, fell)


def most_restrictive(process: Process, steps: Iterable[Step]) -> Step | None:
    """Of what is kept at several records, the state that allows least (E84)."""
    return min(steps, key=lambda step: (process.states.index(step.state), step.id), default=None)


def takes_away(process: Process, state: str, to: str) -> bool:
    return state in process.qualified and to not in process.qualified


def _next(process: Process, state: str, facts: Mapping[str, Any]) -> Move | None:
    return next((m for m in process.moves if not m.by and state in m.origins and holds(m, facts)), None)


def holds(move: Move, facts: Mapping[str, Any]) -> bool:
    """Whether the condition of a move is met; one that cannot be decided is not."""
    if move.when is None:
        return True
    return move.when.evaluate(tuple(facts.get(name, ABSENT) for name in move.when.reads)) is True


def facts_of(values: Mapping[str, Any], systems: Collection[str]) -> dict[str, Any]:
    """What conditions read."""
    return {**values, "roles": values.get("roles") or [], "systems": sorted(systems)}


def steps_of(overrides: Iterable[Override]) -> dict[str, list[Step]]:
    """Role -> the moves that these overrides keep."""
    found: dict[str, list[Step]] = {}
    for one in overrides:
        if one.field == FIELD and isinstance(one.value, dict):
            step = Step(one.id, one.anchor, str(one.value.get("state")), str(one.value.get("move")))
            found.setdefault(one.item, []).append(step)
    return found


def kept(
    anchor: int, role: str, state: str, move: str, author: str, documents: Mapping[str, str] | None = None, **more: Any
) -> Override:
    """A move as it is kept."""
    value = {"state": state, "move": move, **({"documents": dict(documents)} if documents else {})}
    return Override(anchor, FIELD, "set", author, value=value, item=role, **more)


@dataclass(slots=True)
class Qualifying:
    """The roles of one resolution: says where each stands, keeps what fell, and asks what is to be asked."""

    core: Core
    steps: Mapping[str, Sequence[Step]]
    fallen: list[Override] = field(default_factory=list)
    tasks: list[NewTask] = field(default_factory=list)

    def stand(
        self,
        golden: int,
        members: Sequence[Claimant],
        followers: Sequence[Claimant],
        values: dict[str, Any],
        lineage: dict[str, Any],
    ) -> None:
        """Add to a golden view where its roles stand; without a role that needs a process nothing is added."""
        processes = self.core.qualification
        roles: list[str] = values.get("roles") or []
        asked = [role for role in roles if role in processes]
        if not asked:
            return
        own = {claim.record for claim in members}
        facts = facts_of(values, {claim.system for claim in (*members, *followers)})
        found: dict[str, Standing] = {}
        for role in asked:
            mine = [step for step in self.steps.get(role, ()) if step.anchor in own]
            found[role] = stands = standing(processes[role], mine, _oldest(members, role), facts)
            if stands.fell:
                reason = f"{stands.move}: {processes[role].name} leaves what is qualified"
                self.fallen.append(kept(stands.anchor, role, stands.state, stands.move, "system", reason=reason))
        values[FIELD] = {role: stands.state for role, stands in found.items()}
        values[QUALIFIED] = [
            role for role in roles if role not in found or found[role].state in processes[role].qualified
        ]
        items = [[stands.anchor] for stands in found.values()]
        told = {role: {"move": stands.move, "override": stands.step} for role, stands in found.items()}
        lineage[FIELD] = {"rule": "process", "items": items, "by": told}
        lineage[QUALIFIED] = {"rule": "process", "items": items}
        self._ask(golden, members, {role: stands.state for role, stands in found.items()})

    def _ask(self, golden: int, members: Sequence[Claimant], states: Mapping[str, str]) -> None:
        asking = {role: state for role, state in states.items() if state in self.core.qualification[role].asks}
        if not asking:
            return
        shown = write_id(self.core.entity.name, golden)
        said = [
            f"{self.core.qualification[role].asks[state]} ({role} of {shown} is {state})"
            for role, state in asking.items()
        ]
        ways = sorted(
            {
                f"{role} {move.name}"
                for role, state in asking.items()
                for move in self.core.qualification[role].open_to(state)
            }
        )
        advice = "; ".join(f"goldbridge golden qualify {shown} {way}" for way in ways)
        first = min(members, key=Claimant.seniority)
        label = {"source": first.source, "key": first.key, "name": first.values.get("name")}
        payload = {"golden": shown, "states": dict(asking), "reason": f"{'; '.join(said)}: {advice}", "labels": [label]}
        self.tasks.append(
            NewTask(
                KIND, [first.record], payload, entity=self.core.entity.name, queue=lane(KIND),
                evidence_hash=document.digest(dict(asking)),
            )
        )  # fmt: skip

    def settle(self, conn: Connection, records: Collection[int]) -> int:
        """Keep what fell, ask what there is to ask, withdraw what is settled; returns the open questions."""
        if not self.core.qualification:
            return 0
        decision.add_overrides(conn, self.fallen)
        opened = task.open_tasks(conn, self.tasks)
        over = [t.id for t in task.touching(conn, records) if t.kind == KIND and t.id not in opened]
        task.withdraw(conn, over, "the role stands elsewhere by now")
        return len(set(opened))


def _oldest(members: Sequence[Claimant], role: str) -> int:
    """The record a role rests on while nothing is kept: the oldest that says it."""
    saying = [claim for claim in members if role in _roles(claim)] or list(members)
    return min(saying, key=Claimant.seniority).record


def _roles(claim: Claimant) -> Sequence[str]:
    said = claim.values.get("role")
    return said if isinstance(said, list) else [said] if said else []
