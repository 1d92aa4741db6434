"""Weaver: a pretend OA with admission requests."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.base import Write
from connectors.weaver import Weaver
from goldbridge.simulators.weaver import Weaver as Site
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS, Pretend


class WeaverPeer(Pretend):
    kind = Weaver
    stream = "admission"
    read_faults = ALL_READ_FAULTS
    write_faults = ALL_WRITE_FAULTS
    secrets = ("weaver-sandbox-secret",)
    settings: ClassVar[dict[str, Any]] = {
        "app_id": "HUB",
        "user_id": "23",
        "sees_all": True,
        "workflows": {"admission": {"id": "61", "external_id": "ext_id"}},
    }
    read_path = "*/getHandledWorkflowRequestList"
    write_path = "*/doCreateRequest"
    poison_path = "*/getWorkflowRequest"
    token_path = "/api/ec/dev/auth/applytoken"
    sim: Site

    def make(self) -> Site:
        return Site(**self.sim_options)

    def keys(self) -> list[str]:
        return [row["requestId"] for row in self.sim.rows()]

    def add(self, count: int) -> None:
        for number in range(count):
            self.clock.advance(1)
            self.sim.add("61", {"khbm": f"C-{number:04d}", "khmc": "示例机电有限公司"})
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.act(key)

    def new(self, number: int, *, bad: bool = False) -> Write:
        values = {"khbm": f"C-{number:04d}", "edje": "many" if bad else "1200.50"}
        return Write("create", f"hub:{number}", values)

    def rows_of(self, external_id: str) -> int:
        return sum(self.sim.fields(key).get("ext_id") == external_id for key in self.keys())
