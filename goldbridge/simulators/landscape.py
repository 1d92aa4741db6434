"""The whole landscape on one port: every pretend system under its prefix, one clock, and the control surface."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount

from goldbridge.simulators import account_book, control, sql
from goldbridge.simulators.amap import Amap
from goldbridge.simulators.dingtalk import DingTalk
from goldbridge.simulators.fxiaoke import Fxiaoke
from goldbridge.simulators.kit import SimClock, Simulator
from goldbridge.simulators.qichacha import Qichacha
from goldbridge.simulators.world import World
from goldbridge.simulators.world.division import divisions

PREFIXES = {
    "new_crm": "/fxiaoke",
    "oa": "/dingtalk",
    "map": "/amap",
    "registry": "/qichacha",
    "kingdee": "/kingdee",
}
"""The systems that are reached over HTTP, by the name the template project gives them; `kingdee` is its ERP when that
is not the database.
"""


class Landscape:
    """Two databases in `folder`, the HTTP simulators, and people who keep working; `app` serves it all."""

    def __init__(self, world: World, folder: Path, *, limits: str = "roomy", clock: SimClock | None = None) -> None:
        self.world, self.limits = world, limits
        self.clock = clock or SimClock()
        self.legacy_path, self.erp_path = sql.write(world, folder)
        self.editors = sql.Editors(world, self.legacy_path, self.erp_path)
        self.simulators: dict[str, Simulator] = {
            "new_crm": Fxiaoke(
                world.new_crm_rows(), clock=self.clock, limits=limits, seed=world.seed, area_names=area_names()
            ),
            "oa": DingTalk(world.approvals(), clock=self.clock, limits=limits, seed=world.seed),
            "map": Amap(world, clock=self.clock, limits=limits, seed=world.seed),
            "registry": Qichacha(world, clock=self.clock, limits=limits, seed=world.seed),
            "kingdee": account_book.AccountBook(self.erp_path, clock=self.clock, limits=limits, seed=world.seed),
        }
        world.records.update(account_book.records(world))
        mounts = [Mount(PREFIXES[name], app=simulator.app) for name, simulator in self.simulators.items()]
        self.app = Starlette(routes=[Mount("/_control", routes=control.routes(self)), *mounts])

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def health(self) -> dict[str, Any]:
        """What runs here, for the control surface and the line printed at the start."""
        return {
            "status": "ok",
            "customers": self.world.customers,
            "seed": self.world.seed,
            "as_of": self.world.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "limits": self.limits,
            "prefixes": PREFIXES,
            "legacy_crm": str(self.legacy_path),
            "erp": str(self.erp_path),
            "companies": len(self.world.companies),
            "records": {stream: len(keys) for stream, keys in self.world.records.items()},
        }

    def stats(self) -> dict[str, Any]:
        """Calls, writes, refusals and fired faults per system; edits in the databases."""
        found: dict[str, Any] = {name: simulator.stats() for name, simulator in self.simulators.items()}
        return found | {name: {"edits": edits} for name, edits in self.editors.counts.items()}


def area_names() -> dict[str, str]:
    """Region code to name, all three levels, as the new CRM prints them beside the codes."""
    names: dict[str, str] = {}
    for place in divisions().values():
        names[place.code[:2] + "0000"] = place.province
        names[place.code[:2] + "0100" if place.municipality else place.city_code] = place.city_name
        names[place.code] = place.county or place.city
    return names
