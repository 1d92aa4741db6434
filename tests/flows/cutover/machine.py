"""A small world for a cutover: two systems as dictionaries, workers with maps of any age, and a process that may die.

Everything the hub decides is real: the control, the state, the queue of writes. Only the two systems, and the flows
that would read them, are stood in for.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from flows.cutover.config import Cutover, Wave
from flows.cutover.control import Control
from flows.cutover.phase import Side
from flows.cutover.world import Measured
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt
from goldbridge.ports import Json
from goldbridge.state import cutover, delivery, golden, ownership
from goldbridge.state import run as runs
from goldbridge.state.delivery import Delivery, Order, Settlement
from goldbridge.state.engine import Store, open_store
from goldbridge.state.golden import Golden
from goldbridge.state.tables import membership

IDS = (11, 12, 13)
WAVE = "pilot"


class Killed(BaseException):
    """The process ends here without a word."""


class Mortal(Control):
    """Dies before or after the transaction it is told to die at."""

    fuse: int | None = None
    late = False

    def changed(self, state: cutover.Wave, change: Callable[[Connection, cutover.Wave], None]) -> cutover.Wave:
        dies = self.burns()
        if dies and not self.late:
            raise Killed
        found = super().changed(state, change)
        if dies:
            raise Killed
        return found

    def burns(self) -> bool:
        if self.fuse is None:
            return False
        self.fuse -= 1
        return self.fuse < 0


class Worker:
    """A writer to one side, with the map of owners it began with."""

    def __init__(self, systems: Systems, side: Side) -> None:
        self.systems, self.side = systems, side
        self.system = systems.plan.old if side == "old" else systems.plan.new
        with systems.store.read() as conn:
            self.held = ownership.epochs(conn, self.system, "party")

    def claim(self) -> list[Delivery]:
        """Intend what is ready; nothing when the map is an older one."""
        with suppress(Halt), self.systems.store.begin() as conn:
            ownership.check(conn, self.system, "party", self.held)
            return delivery.claim(conn, self.systems.lease, self.system, "party", limit=10, run=1)
        return []

    def write(self, claimed: Sequence[Delivery]) -> None:
        """Call the system, and settle."""
        for one in claimed:
            self.systems.accept(self.side, one)
        with self.systems.store.begin() as conn:
            delivery.settle(conn, [Settlement(one.id, "done", str(one.subject)) for one in claimed])


class Systems:
    """Both systems, what people did in them, and the cutover between."""

    def __init__(self, folder: Path, template: Path, plan: Cutover, control: Callable[[Systems], Mortal]) -> None:
        self.plan, self.clock = plan, FrozenClock(datetime(2026, 3, 1, 8, 0, tzinfo=UTC))
        path = folder / "state.sqlite"
        shutil.copyfile(template, path)
        self.store: Store = open_store(f"sqlite:///{path}", self.clock)
        self.rows: dict[Side, dict[int, int]] = {"old": dict.fromkeys(IDS, 0), "new": {}}
        self.flipped: dict[int, int] = {}
        self.late: list[int] = []
        self.down: set[Side] = set()
        self.version = 0
        self.wrong: list[str] = []
        with self.store.begin() as conn:
            made = [Golden(id, "party", id, values={"name": f"n{id}", "address": {"line": "x"}}) for id in IDS]
            golden.save(conn, made, "test", 1)
            conn.execute(membership.insert(), [_known(id) for id in IDS])
            self.lease = runs.acquire(conn, "writer", holder="t", ttl_s=600)
        self.control = control(self)
        self.control.begun(WAVE)
        for id in IDS:
            self.tell("new", id, 0)

    # People

    def edit(self, side: Side, id: int) -> None:
        """Somebody saves a form."""
        self.version += 1
        self.rows[side][id] = self.version
        self.tell("new" if side == "old" else "old", id, self.version)

    def tell(self, side: Side, id: int, value: int) -> None:
        """A flow read it, and queues it for the other side."""
        system = self.plan.old if side == "old" else self.plan.new
        order = Order(
            system, "party", id, self.version + 1, "update", str(id), {"v": value}, key=str(id), entity="party"
        )
        with self.store.begin() as conn:
            delivery.enqueue(conn, "writer", [order], 1)

    def accept(self, side: Side, one: Delivery) -> None:
        """The system takes a write of the hub; nobody but us could say that it must not."""
        standing = self.standing()
        if side not in allowed(standing):
            self.wrong.append(f"{side} took {one.subject} at phase {standing.phase} {standing.moving}")
        self.rows[side][one.subject] = int(one.after["v"])

    def standing(self) -> cutover.Wave:
        with self.store.read() as conn:
            return self.control.standing(conn, WAVE)

    # The world of the control

    def watch(self, wave: Wave) -> None:
        return None

    def catch_up(self, wave: Wave, side: Side) -> list[str]:
        if self.control.burns():
            raise Killed
        if side not in self.down:
            worker = Worker(self, side)
            while claimed := worker.claim():
                worker.write(claimed)
        return []

    def measure(self, wave: Wave, state: cutover.Wave, names: Collection[str]) -> Measured:
        system = self.plan.old if state.phase >= 7 else self.plan.new
        with self.store.read() as conn:
            waiting = cutover.open_writes(conn, WAVE, system)
        numbers = {"deliveries.open": sum(waiting.values()), "frozen.writes": len(self.late), "hours_in_phase": 9999}
        return Measured(dict(numbers), {"frozen.writes": list(self.late)} if self.late else {})

    def losses(self, wave: Wave, state: cutover.Wave) -> list[dict[str, Json]]:
        return [
            {"place": "old", "key": str(id), "what": "v"}
            for id, value in self.flipped.items()
            if self.rows["old"].get(id) != value
        ]

    def act(self, program: Sequence[str], timeout_s: float) -> tuple[bool, str]:
        if self.control.burns():
            raise Killed
        return True, "did it"


def _known(id: int) -> dict[str, Json]:
    """The old system has this record."""
    fixed = {"basis": "auto", "ours": 0, "published": 0, "cause": "test", "run": 1, "tx_from": "2026", "tx_to": ""}
    return {"record": id, "golden": id, "system": "crm", "stream": "account", **fixed}


def allowed(standing: cutover.Wave) -> set[str]:
    """What SYNC's table says about where copies may go, written down a second time."""
    if standing.moving == "rollback":
        return {"old"}
    if standing.moving == "freeze":
        return {"new"}
    return {
        0: set(),
        1: set(),
        2: set(),
        3: {"new"},
        4: {"new"},
        5: {"new", "old"},
        6: {"new"},
        7: {"old"},
        8: {"old"},
        9: set(),
    }[standing.phase]
