"""Odoo: a pretend database with partners, over both protocols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.base import Write
from connectors.odoo import Odoo
from goldbridge.simulators.odoo import KEY
from goldbridge.simulators.odoo import Odoo as Server
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS, Pretend
from tests.connectors.test_odoo import JSON2, RPC

_MODEL = "res.partner"


class OdooPeer(Pretend):
    kind = Odoo
    stream = "partner"
    read_faults = ALL_READ_FAULTS - {"expire"}
    write_faults = ALL_WRITE_FAULTS - {"expire"}
    cannot: ClassVar = {"expire": "there is a key, and it does not expire"}
    secrets = (KEY,)
    settings: ClassVar[dict[str, Any]] = RPC
    small_pages: ClassVar = {"page_size": 3, "overlap_s": 1}  # more would hide a position that runs ahead of its rows
    sim: Server

    def make(self) -> Server:
        self.count = 0
        return Server({_MODEL: []}, **self.sim_options)

    def keys(self) -> list[str]:
        return [str(row["id"]) for row in self.sim.rows(_MODEL)]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.clock.advance(1)
            self.sim.add(_MODEL, {"name": f"示例{self.count:04d}号有限公司"})
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.edit(_MODEL, key, {"city": "无锡"})

    def fault(self, kind: str, *, write: bool = False, **options: Any) -> None:
        """One address serves every method, so the words of the body tell reading from writing."""
        self.sim.faults.add({"kind": kind, "contains": f'"{_MODEL}","{_begins(options, write=write)}', **options})

    def poison(self, key: str) -> None:
        self.fault("poison", key=key, count=None)

    def new(self, number: int, *, bad: bool = False) -> Write:
        return Write("create", f"g{number}", {"name": "" if bad else f"新建g{number}有限公司"})

    def rows_of(self, external_id: str) -> int:
        """By name, so that a second row without our id counts as well."""
        return sum(row["name"] == f"新建{external_id}有限公司" for row in self.sim.rows(_MODEL))


class OdooJson2Peer(OdooPeer):
    kind = Odoo
    settings: ClassVar[dict[str, Any]] = JSON2

    def fault(self, kind: str, *, write: bool = False, **options: Any) -> None:
        self.sim.faults.add({"kind": kind, "path": f"/json/2/{_MODEL}/{_begins(options, write=write)}*", **options})


def _begins(options: Mapping[str, Any], *, write: bool) -> str:
    """How the method that breaks begins: only a fault that stays may hit the count that a probe asks for."""
    if write:
        return "load"
    return "search_" if options.get("count", 1) is None else "search_read"
