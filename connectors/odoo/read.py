"""Reads a model: along its window by id, by ids, and by our external ids, which live in a table of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Page, Position, RawRow
from connectors.odoo.config import OdooConfig
from connectors.odoo.rpc import Rpc
from connectors.odoo.shape import Shape
from goldbridge.errors import Halt
from goldbridge.http.window import Steps, Walk, by_number, pages, plan

ZERO = "1900-01-01 00:00:00"
LINKS = "ir.model.data"
_NOTATION = "%Y-%m-%d %H:%M:%S"
_IN_ONE_DOMAIN = 500


class ModelReader:
    """Reads one model."""

    def __init__(self, rpc: Rpc, shape: Shape, config: OdooConfig, name: str) -> None:
        self._rpc, self._shape, self._config, self._name = rpc, shape, config, name
        self._model = shape.model.model

    def walk(self, start: Position | None, end: str) -> Iterator[Page]:
        """The pages from a position to `end`; the last one stands at the end of the window."""
        cursor, tie = start or (ZERO, "")
        checked(cursor, self._name)
        back = lambda said: earlier(said, self._config.overlap_s)  # noqa: E731
        for walk in plan(cursor or ZERO, tie, checked(end, self._name), back):
            last = Page([], Position(*walk.at()))
            for found in pages(self._steps(walk), walk, self._config.page_size):
                if last.rows or last.rejects:
                    yield last
                last = Page(self._shaped(found.rows), Position(*found.walk.at()), rejects=found.rejects)
            last.at = Position(*walk.done())  # known to be the last only now, when nothing followed
            yield last

    def _steps(self, walk: Walk) -> Steps:
        fields = self._shape.read()
        window = [["write_date", ">", walk.lower], ["write_date", "<=", walk.upper], *self._shape.model.domain]

        def ask(after: str, limit: int, skip: int) -> list[dict[str, Any]]:
            domain = [*window, ["id", ">", int(after or 0)]]
            return self._rpc.search(self._model, domain, fields, limit=limit, offset=skip, about=self._name)

        return Steps(ask, "id", by_number, f"{self._rpc.http.system} {self._name}", "CON305")

    def by_ids(self, ids: Sequence[int]) -> dict[int, RawRow]:
        fields, found = self._shape.read(), dict[int, RawRow]()
        for at in range(0, len(ids), _IN_ONE_DOMAIN):
            domain = [["id", "in", list(ids[at : at + _IN_ONE_DOMAIN])]]
            for row in self._shaped(self._rpc.search(self._model, domain, fields, about=self._name)):
                found[int(row["id"])] = row
        return found

    def links(self, external_ids: Sequence[str]) -> dict[str, int]:
        """External id -> id of the row, for those that are known."""
        wanted = sorted({each for each in external_ids if each})
        found: dict[str, int] = {}
        for at in range(0, len(wanted), _IN_ONE_DOMAIN):
            for row in self._linked(["name", "in", wanted[at : at + _IN_ONE_DOMAIN]]):
                found.setdefault(str(row["name"]), int(row["res_id"]))
        return found

    def _shaped(self, rows: Sequence[Mapping[str, Any]]) -> list[RawRow]:
        if not rows:
            return []
        self._shape.kinds()
        linked = self._linked(["res_id", "in", [row["id"] for row in rows]])
        ours = {int(row["res_id"]): str(row["name"]) for row in linked}  # the latest one counts
        return [self._shape.row(row, ours.get(int(row["id"]), "")) for row in rows]

    def _linked(self, condition: list[Any]) -> list[dict[str, Any]]:
        domain = [["module", "=", self._config.module], ["model", "=", self._model], condition]
        return self._rpc.search(LINKS, domain, ("name", "res_id"), about=f"external ids of {self._name}")


def written(at: datetime) -> str:
    return at.strftime(_NOTATION)


def earlier(said: str, seconds: float) -> str:
    return max(ZERO, written(datetime.fromisoformat(said) - timedelta(seconds=seconds)))


def checked(said: str, name: str) -> str:
    """A position's time, as a domain takes it."""
    try:
        good = not said or written(datetime.fromisoformat(said)) == said
    except ValueError:
        good = False
    if not good:
        raise Halt("CON307", f"{name}: the position '{said}' is no time; give the range as ISO dates")
    return said
