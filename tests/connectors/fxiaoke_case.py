"""A pretend tenant with rows, and connectors in front of it."""

from __future__ import annotations

from typing import Any

from connectors.base import Write
from connectors.fxiaoke import Fxiaoke
from goldbridge.clock import FrozenClock
from goldbridge.simulators.fxiaoke import Fxiaoke as Tenant
from tests.connectors.rig import NOON, MemoryStore, connect, sim_clock

SECRETS: dict[str, Any] = {
    "app_id": "FSAID_sandbox",
    "app_secret": "fx-sandbox-app-secret",
    "permanent_code": "fx-sandbox-permanent-code",
}


class Case:
    """A tenant, and connectors of processes of their own; `calls` is what was asked, in order."""

    def __init__(self, rows: Any = None, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = Tenant(rows or {}, clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()
        self.calls: list[Any] = []
        real = self.sim.handle

        def watch(call: Any, endpoint: Any) -> Any:
            self.calls.append(call)
            return real(call, endpoint)

        self.sim.handle = watch  # type: ignore[method-assign]
        self.clock.advance(10)  # past the delay that a run keeps from the present

    def connect(self, **more: Any) -> Fxiaoke:
        more = {"writes": "enabled", **SECRETS, **more}
        found: Fxiaoke = connect(Fxiaoke, self.sim, self.clock, store=self.store, **more)
        return found

    def write(self, connector: Fxiaoke, stream: str, *batch: Write) -> list[Any]:
        results = connector.write(connector.streams[stream], batch)
        assert [result.external_id for result in results] == [write.external_id for write in batch]
        return results

    def asked(self, path: str) -> list[Any]:
        """The bodies of the calls to one path."""
        return [call.json for call in self.calls if call.path == path]
