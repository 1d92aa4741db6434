"""What an operator sees first: what every flow did last, what waits, what needs a person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from flows.hub import Hub
from goldbridge.state import dead, delivery, golden, task
from goldbridge.state import run as runs


@dataclass(frozen=True, slots=True)
class FlowLine:
    """The newest run of one flow; `state` is `never` when there was none."""

    flow: str
    state: str
    ended_at: str
    counters: dict[str, int]
    completeness: str
    message: str


@dataclass(frozen=True, slots=True)
class Overview:
    flows: list[FlowLine]
    goldens: int
    tasks: int
    dead: int
    waiting: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def overview(hub: Hub) -> Overview:
    """Read it all in one view of the store."""
    with hub.store.read() as conn:
        latest = runs.latest(conn)
        lines = []
        for name in hub.flows:
            run = latest.get(name)
            if run is None:
                lines.append(FlowLine(name, "never", "", {}, "", ""))
            else:
                lines.append(FlowLine(name, run.state, run.ended_at, run.counters, run.completeness, run.message))
        open_tasks = sum(n for (_, _, state), n in task.count(conn).items() if state in ("open", "deferred"))
        open_writes = ("ready", "inflight", "unknown", "parked")
        waiting = sum(n for (_, _, state), n in delivery.count(conn).items() if state in open_writes)
        return Overview(lines, sum(1 for _ in golden.ids(conn)), open_tasks, sum(dead.count(conn).values()), waiting)
