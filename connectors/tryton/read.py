"""Reads parties: by id, by code, and along the walk of (write_date, id)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.base import Page, Position, RawRow
from connectors.tryton.config import TrytonConfig
from connectors.tryton.party import CHILDREN, MODEL, PARTY_FIELDS, join
from connectors.tryton.rpc import Rpc
from connectors.tryton.value import wrap_time
from goldbridge.errors import Halt


class Parties:
    """Parties with all that hangs on them."""

    def __init__(self, rpc: Rpc, config: TrytonConfig, system: str) -> None:
        self._rpc, self._config, self._system = rpc, config, system
        self._fields = (*PARTY_FIELDS, *config.fields)

    def by_ids(self, ids: Sequence[int]) -> list[RawRow]:
        return self._joined(self._rpc.search(MODEL, [["id", "in", list(ids)]], self._fields, about="parties by id"))

    def by_codes(self, codes: Sequence[str]) -> dict[str, RawRow]:
        """Parties by their code; codes that nobody has are left out."""
        wanted = sorted({code for code in codes if code})
        found: dict[str, RawRow] = {}
        for at in range(0, len(wanted), self._config.page_size):
            domain = [["code", "in", wanted[at : at + self._config.page_size]]]
            rows = self._rpc.search(MODEL, domain, self._fields, about="parties by code")
            found.update({str(row["code"]): row for row in self._joined(rows)})
        return found

    def walk(self, start: Position | None, end: str | None) -> Iterator[Page]:
        """Parties written after `start`, up to and including `end` when there is one."""
        for rows in self._steps(MODEL, self._fields, start, end):
            page = self._joined(rows)
            yield Page(page, Position(str(page[-1]["write_date"]), str(page[-1]["id"])))

    def touched(self, start: Position, end: str | None) -> Iterator[Page]:
        """Parties of which an address, an identifier or a contact was written in the window.

        The pages carry no position: they come before the walk, whose position stands for both.
        """
        seen: set[int] = set()
        since = Position(start.cursor)  # the tie belongs to a party, not to what hangs on it
        for child in CHILDREN:
            for rows in self._steps(child.model, ("party", "write_date"), since, end):
                ids = {int(row["party"]) for row in rows} - seen
                seen |= ids
                if ids:
                    yield Page(self.by_ids(sorted(ids)))

    def _steps(
        self, model: str, fields: Sequence[str], start: Position | None, end: str | None
    ) -> Iterator[list[dict[str, Any]]]:
        upper = [] if end is None else [["write_date", "<=", self._time(end)]]
        about = f"{model} until {end or 'now'}"
        after = start
        while True:
            domain = upper if after is None else [*upper, self._beyond(after)]
            rows = self._rpc.search(model, domain, fields, limit=self._config.page_size, about=about)
            if rows:
                yield rows
                after = Position(str(rows[-1]["write_date"]), str(rows[-1]["id"]))
            if len(rows) < self._config.page_size:
                return

    def _beyond(self, after: Position) -> list[Any]:
        at = self._time(after.cursor)
        if not after.tie:
            return ["write_date", ">=", at]
        return ["OR", [["write_date", ">", at]], [["write_date", "=", at], ["id", ">", int(after.tie)]]]

    def _time(self, text: str) -> dict[str, Any]:
        try:
            return wrap_time(text)
        except ValueError:
            raise Halt(
                "CON099",
                f"{self._system} party: the position '{text}' is no time; give the range as ISO dates or times",
            ) from None

    def _joined(self, parties: Sequence[dict[str, Any]]) -> list[RawRow]:
        ids = [party["id"] for party in parties]
        children = {
            child.field: self._rpc.search(
                child.model, [["party", "in", ids]], ("party", *child.fields), about=child.model
            )
            if ids
            else []
            for child in CHILDREN
        }
        return join(parties, children)
