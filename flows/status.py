"""What an operator sees first: what every flow did last, what waits, what needs a person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from flows import receiving
from flows.hub import Hub
from goldbridge.state import dead, delivery, golden, inbox, task
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
class Door:
    """What a webhook brought and refused: how much of each stream waits for a flow, and what happened how often."""

    system: str
    waiting: dict[str, int]
    unclaimed: int
    last_at: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Overview:
    flows: list[FlowLine]
    goldens: int
    tasks: int
    dead: int
    waiting: int
    inbox: list[Door]

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
        goldens, letters = sum(1 for _ in golden.ids(conn)), sum(dead.count(conn).values())
        return Overview(lines, goldens, open_tasks, letters, waiting, doors(hub, conn))


def doors(hub: Hub, conn: Connection) -> list[Door]:
    """What happened at every webhook."""
    found = []
    for system in receiving.webhooks(hub.project):
        counts = {what: one.number for what, one in inbox.tallies(conn, system).items()}
        waiting = receiving.waiting(conn, hub.flows, system)
        found.append(Door(system, waiting, inbox.unclaimed(conn, system), inbox.last_at(conn, system), counts))
    return found
