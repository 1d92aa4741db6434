"""Files landed records in the matching index, in the transaction that lands them.

Who searches before creating must find what arrived a moment ago, not only what was mastered. Before the first master
run there are no rules to file by: that run files everything.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from goldbridge.records.model import Model
from mdm.in_force import RulesInForce
from mdm.index import MEMO, file


class Filing:
    """One per run: it keeps the rules in force."""

    def __init__(self, model: Model) -> None:
        self._rules = RulesInForce(model)

    def file(self, conn: Connection, entity: str, records: Sequence[int]) -> None:
        """Keys, features and identifiers of these records as they are now; none for those that are gone."""
        core = self._rules.core(conn, entity) if records else None
        if core is not None:
            file(conn, core, records)
            if len(core.memo) > MEMO // 10:
                core.memo.clear()
