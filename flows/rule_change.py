"""A change of rules, drafted and simulated beside the state: what it would do, before it does anything.

`diff` writes a draft with statistics of its own and the cases it would change, at a place in the outbox where
everything is mastered. `rule_review` lets it in.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection

from dedupe.rule import Rules
from flows import rules
from flows.hub import Hub
from flows.master import CONSUMER, place
from goldbridge.errors import Halt, Reject
from goldbridge.ports import Document, Json
from goldbridge.state import copy, cursor, outbox, ruleset, tables
from goldbridge.state.engine import open_store
from goldbridge.state.ruleset import Ruleset
from mdm import rebuild
from mdm.simulation import Case, Held, predict

_INDEX = (tables.match_key, tables.match_feature, tables.match_edge, tables.identifier)

ChangeState = Literal["simulated", "active", "rolling back", "rolled back"]


@dataclass(slots=True)
class Change:
    """A simulated revision with its cases, as far as they were carried out."""

    simulation: int
    base_rev: int
    rev: int
    watermark: int
    decisions: int
    state: ChangeState
    entities: list[str]
    cases: dict[str, list[Case]]
    held: dict[str, list[Held]]
    counts: Mapping[str, int]

    @property
    def author(self) -> str:
        """Whose holds keep the cases of this change."""
        return f"rules:{self.rev}"

    def every(self) -> Iterator[tuple[str, Case]]:
        """(entity, case) of all, by number."""
        for name in self.entities:
            yield from ((name, case) for case in self.cases[name])

    def as_json(self) -> Json:
        """As it is kept with the simulation."""
        return {
            "state": self.state, "entities": self.entities, "decisions": self.decisions,
            "cases": {name: [case.as_json() for case in cases] for name, cases in self.cases.items()},
            "held": {name: [list(one) for one in held] for name, held in self.held.items()},
        }  # fmt: skip

    @classmethod
    def of(cls, found: ruleset.Simulation) -> Change:
        """The change behind a stored simulation."""
        kept: Any = found.clusters
        return cls(
            found.id, found.base_rev, found.new_rev, found.watermark, kept["decisions"], kept["state"],
            kept["entities"],
            {name: [Case.from_json(case) for case in cases] for name, cases in kept["cases"].items()},
            {name: [Held(*one) for one in held] for name, held in kept["held"].items()},
            found.counts,
        )  # fmt: skip


def diff(
    hub: Hub,
    author: str,
    *,
    matching: Document | None = None,
    survivorship: Document | None = None,
    statistics: bool = False,
) -> Change | None:
    """Draft a revision from the files (or these documents) and simulate it; None when it would say nothing new.

    `statistics` takes them anew although the rules are the same. Raises `Halt` MDM040 when records wait to be mastered.
    """
    with hub.store.read() as conn:
        base = ruleset.active(conn)
        if base is None:
            raise Halt("FLW035", "nothing was mastered yet; run a master flow first")
        draft, frozen, entities = _drafted(hub, conn, base, matching, survivorship, statistics)
        if not entities:
            return None
        _mastered(hub, conn, base, entities)
        change = Change(
            0, base.rev, 0, outbox.head(conn), ruleset.newest_decision(conn), "simulated", entities, {}, {}, {}
        )
        new = Ruleset(0, draft, frozen, "", "draft", author, "", "", "")
        change.counts = _simulate(hub, conn, base, new, change)
    with hub.store.begin() as conn:
        change.rev = ruleset.add(conn, draft, frozen, author)
        change.simulation = ruleset.add_simulation(
            conn, base.rev, change.rev, change.watermark, change.counts, change.as_json()
        )
    return change


def _drafted(
    hub: Hub,
    conn: Connection,
    base: Ruleset,
    matching: Document | None,
    survivorship: Document | None,
    again: bool,
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Document and statistics of the new revision, and the entities for which it says something else."""
    document, frozen = dict(base.document), dict(base.statistics)
    changed = []
    for entity in rebuild.parents_first(hub.project.model.entities):
        part = document.get(entity.name)
        if part is None:
            continue
        wanted = rules.asked(hub.project, entity.name, matching=matching, survivorship=survivorship)
        if matching is not None and survivorship is None:
            wanted["survivorship"] = part.get("survivorship", wanted["survivorship"])
        if survivorship is not None and matching is None:
            wanted["rules"] = part["rules"]
        other = part["rules"] != wanted["rules"] or again
        if not other and part.get("survivorship") == wanted["survivorship"]:
            continue
        changed.append(entity.name)
        document[entity.name] = {**wanted, "since": rules.next_since(conn) if other else part["since"]}
        if other:
            frozen[entity.name] = rules.freeze(conn, entity, Rules.from_json(wanted["rules"]))
    return document, frozen, changed


def _mastered(hub: Hub, conn: Connection, base: Ruleset, entities: Collection[str]) -> None:
    for name in entities:
        at = cursor.load(conn, CONSUMER, place(rules.core_of(hub.project, base, name, hub.survivorship)))
        waiting = outbox.read(conn, int(at.value) if at and at.value else 0, kind="record", entities=[name], limit=1)
        if waiting:
            raise Halt("MDM040", f"records of {name} wait to be mastered; run the master flow, then compare the rules")


def _simulate(hub: Hub, conn: Connection, base: Ruleset, new: Ruleset, change: Change) -> dict[str, int]:
    """Make the golden records of these entities beside, under the new rules, and compare."""
    counts: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="goldbridge-") as folder:
        beside = open_store(f"sqlite:///{Path(folder) / 'state.sqlite'}", hub.clock)
        try:
            with beside.begin() as made:
                copy.copy_given(conn, made)
                number = 1
                for name in change.entities:
                    today = rules.core_of(hub.project, base, name, hub.survivorship)
                    other = rules.core_of(hub.project, new, name, hub.survivorship)
                    if today.rev == other.rev:
                        _copy_index(conn, made)
                    rebuild.everything(made, [other], indexed=today.rev == other.rev)
                    found = predict(conn, made, today, other)
                    for case in found.cases:
                        case.number, number = number, number + 1
                    change.cases[name], change.held[name] = found.cases, found.held
                    for kind, amount in found.counts.items():
                        counts[kind] = counts.get(kind, 0) + amount
        finally:
            beside.close()
    return counts


def _copy_index(conn: Connection, made: Connection) -> None:
    """The same matching rules give the same index."""
    for table in _INDEX:
        made.execute(table.delete())
        copy.copy_table(conn, made, table)


def load(conn: Connection, rev: int | None = None) -> Change:
    """The change of this revision, or the newest; raises `Reject` MDM041 when there is none."""
    found = ruleset.simulation(conn, rev) if rev is not None else ruleset.newest_simulation(conn)
    if found is None:
        what = f"revision {rev} was never simulated" if rev is not None else "no change of rules was simulated"
        raise Reject("MDM041", f"{what}; `goldbridge rules diff` simulates the one that the files ask for")
    return Change.of(found)
