"""The active ruleset revision, compiled once and kept until another one is activated.

Statistics of a million records are many megabytes: a question to the index must not read them again.
"""

from __future__ import annotations

from sqlalchemy import Connection

from dedupe.rule import Rules
from dedupe.statistic import Statistics
from goldbridge.records.model import Model
from goldbridge.state import ruleset
from mdm.core import Core


class RulesInForce:
    """What the records of one state are matched by; a core from here matches, it does not let values survive."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._cores: dict[str, tuple[int, Core | None]] = {}

    def core(self, conn: Connection, entity: str) -> Core | None:
        """The rules of an entity, None before the first master run, and for what is not mastered."""
        if not self._model.entities[entity].mastered:
            return None
        rev = ruleset.in_force(conn)
        held = self._cores.get(entity)
        if held is None or held[0] != rev:
            held = self._cores[entity] = (rev, self._read(conn, entity, rev) if rev else None)
        return held[1]

    def _read(self, conn: Connection, entity: str, rev: int) -> Core | None:
        active = ruleset.load(conn, rev)
        if entity not in active.document:
            return None
        part = active.document[entity]
        numbers = Statistics.from_json(active.statistics[entity])
        return Core(self._model.entities[entity], {}, Rules.from_json(part["rules"]), numbers, part["since"])
