"""A peer that is one of our simulators: in process, on a clock that stands still, broken through its fault switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.base import Connector
from connectors.testkit import READ_FAULTS, WRITE_FAULTS, Peer
from goldbridge.clock import FrozenClock
from goldbridge.ports import TokenStore
from goldbridge.simulators.kit import Simulator
from tests.connectors.rig import NOON, connect, sim_clock

_RESTART_S = 60.0
ALL_READ_FAULTS = frozenset(READ_FAULTS)
ALL_WRITE_FAULTS = frozenset(WRITE_FAULTS)


class Pretend(Peer):
    """Subclasses say how their simulator is made (`make`), which settings reach it, and which paths read and write."""

    settings: ClassVar[Mapping[str, Any]] = {}
    read_path: ClassVar[str] = "*"
    poison_path: ClassVar[str] = ""
    """What serves a record whole, where that is not what `read_path` names."""
    write_path: ClassVar[str] = "*"
    token_path: ClassVar[str] = ""

    def __init__(self) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = self.make()
        self._connected = False

    def make(self) -> Simulator:
        """The simulator on our clock, with the vendor's own limits."""
        raise AssertionError("a peer makes its simulator")

    @property
    def sim_options(self) -> dict[str, Any]:
        return {"clock": sim_clock(self.clock), "limits": "sheet"}

    def connect(self, store: TokenStore, **settings: Any) -> Connector[Any]:
        """A process knows nothing of the calls of the one before it: it starts when they no longer count."""
        if self._connected:
            self.clock.advance(_RESTART_S)
        self._connected = True
        found: Connector[Any] = connect(self.kind, self.sim, self.clock, store=store, **{**self.settings, **settings})
        return found

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def fault(self, kind: str, *, write: bool = False, **options: Any) -> None:
        path = self.write_path if write else self.read_path
        self.sim.faults.add({"kind": kind, "path": path, **options})

    def poison(self, key: str) -> None:
        path = self.poison_path or self.read_path
        self.sim.faults.add({"kind": "poison", "path": path, "key": key, "count": None})

    def expire_tokens(self) -> None:
        self.sim.expire_tokens()

    def token_calls(self) -> int | None:
        return self.sim.counters.by_endpoint.get(self.token_path, 0) if self.token_path else None

    def refused_calls(self) -> int | None:
        return self.sim.counters.limited

    def calls(self) -> int | None:
        return self.sim.counters.calls
