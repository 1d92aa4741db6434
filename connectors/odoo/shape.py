"""Values between Odoo's notation and ours: `false` is empty unless the field is a yes or no, texts go in by `load`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from connectors.base import RawRow
from connectors.odoo.config import OdooModel
from connectors.odoo.rpc import Rpc
from goldbridge.clock import Clock
from goldbridge.errors import Mark, Misconfigured, Problems

_SYSTEM = ("id", "write_date", "active")
_FRESH_S = 300.0
EXTERNAL = "external_id"


class Shape:
    """The fields of one model as this database has them."""

    def __init__(self, rpc: Rpc, clock: Clock, model: OdooModel, system: str) -> None:
        self._rpc, self._clock, self.model, self._system = rpc, clock, model, system
        self._kinds: Mapping[str, str] = {}
        self._asked_at: float | None = None

    def kinds(self) -> Mapping[str, str]:
        """Type of each field, asked for again after a while."""
        now = self._clock.monotonic()
        if self._asked_at is None or now - self._asked_at > _FRESH_S:
            about = f"fields of {self.model.model}"
            found = self._rpc.call(self.model.model, "fields_get", {"attributes": ["type"]}, about=about)
            self._kinds = {name: str(each.get("type")) for name, each in found.items()}
            self._asked_at = now
        return self._kinds

    def read(self) -> list[str]:
        """The fields to ask for. Raises `Misconfigured` CON303 with every one the model does not have."""
        self.check(self.model.fields)
        known = self.kinds()
        return list(dict.fromkeys((*(name for name in _SYSTEM if name in known), *self.model.fields)))

    def check(self, names: Sequence[str]) -> None:
        known, problems = self.kinds(), Problems()
        for name in names:
            if name.partition("/")[0] not in known:
                close = get_close_matches(name, known, 1)
                hint = f"did you mean '{close[0]}'?" if close else "is the module installed that has it?"
                message = f"{self._system}: {self.model.model} has no field '{name}'; {hint}"
                problems.note(Mark("config/sources.yaml"), "CON303", message)
        if problems:
            raise Misconfigured(problems)

    def row(self, row: Mapping[str, Any], external_id: str = "") -> RawRow:
        """One row: a reference as its id, its name beside it, and the id once more as `load` takes it."""
        found: RawRow = {}
        for name, value in row.items():
            kind = self._kinds.get(name, "")
            if kind == "many2one":
                pair = value if isinstance(value, list) and len(value) == 2 else [None, None]
                found[name], found[f"{name}.name"] = pair
                found[f"{name}/.id"] = None if pair[0] is None else str(pair[0])
            else:
                found[name] = None if value is False and kind != "boolean" else value
        return {**found, EXTERNAL: external_id or None}


def text(value: Any) -> str:
    """A value as `load` takes it; nothing empties the field."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ",".join(text(each) for each in value)
    return str(value)
