"""What a cutover needs from outside its own state, as one protocol, and how a hub provides it."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any, Protocol

from sqlalchemy import Connection

from flows.cutover.compare import Compared, compare
from flows.cutover.config import Cutover, Wave
from flows.cutover.gate import Number
from flows.cutover.lane import Lane, carriers, lanes, readers
from flows.cutover.phase import Phase, Side
from flows.cutover.tail import intrusions
from flows.hub import Hub
from flows.runner import run_flow
from goldbridge.log import redact
from goldbridge.ports import Json
from goldbridge.state import crosswalk, cutover, dead, golden, landing, outbox, ownership
from goldbridge.state.engine import now

TOLD = 200


@dataclass(slots=True)
class Measured:
    """Numbers by name, and what is behind those that are not nought."""

    numbers: dict[str, Number] = field(default_factory=dict)
    behind: dict[str, Json] = field(default_factory=dict)


class World(Protocol):
    """Flows, the systems on both sides, and programs."""

    def catch_up(self, wave: Wave, side: Side) -> list[str]:
        """Bring everything that is known on the other side to this one; returns what was run, in words."""
        ...

    def watch(self, wave: Wave) -> None:
        """Read the old system once more, so that whatever was written there is known."""
        ...

    def measure(self, wave: Wave, state: cutover.Wave, names: Collection[str]) -> Measured:
        """Fresh numbers; a name that nobody can measure now is left out."""
        ...

    def losses(self, wave: Wave, state: cutover.Wave) -> list[dict[str, Json]]:
        """The writes since the flip that the old side does not hold, record by record."""
        ...

    def act(self, program: Sequence[str], timeout_s: float) -> tuple[bool, str]:
        """Run a program; whether it ended with 0, and what it said last."""
        ...


class HubWorld:
    """The flows and connectors of a project."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    @property
    def plan(self) -> Cutover:
        return self.hub.cutover

    def system(self, side: Side) -> str:
        return self.plan.old if side == "old" else self.plan.new

    def catch_up(self, wave: Wave, side: Side) -> list[str]:
        other: Side = "new" if side == "old" else "old"
        self.settle(other)
        told = []
        for name in carriers(self.hub, self.plan, wave, self.system(other), self.system(side)):
            counters = run_flow(self.hub, name).counters
            told.append(f"{name}: {counters.read} read, {counters.other.get('target_writes', 0)} written")
        return told

    def settle(self, side: Side) -> None:
        """Wait until a reader sees what was written up to now: it stays behind its server's clock on purpose."""
        self.hub.clock.wait(self.hub.connections.get(self.system(side)).config.safety_delay_s + 1)

    def watch(self, wave: Wave) -> None:
        self.settle("old")
        for name in readers(self.hub, wave, self.plan.old):
            run_flow(self.hub, name)

    def measure(self, wave: Wave, state: cutover.Wave, names: Collection[str]) -> Measured:
        told = Measured()
        side: Side = "old" if state.phase >= Phase.FLIP else "new"
        store, plan = self.hub.store, self.plan
        with store.read() as conn:
            open_writes = cutover.open_writes(conn, wave.name, self.system(side))
            foreign = intrusions(conn, plan, wave, state)
            lags = cutover.lags(conn, wave.name, self.system(side), state.since)
            letters = dead.count(conn)
            landed = landing.count(conn)
            told.numbers |= {
                "tasks.open": cutover.open_questions(conn, wave.entities),
                "records.members": sum(ownership.count(conn, wave.name).values()),
            }
        flows = set(carriers(self.hub, plan, wave, plan.old if side == "new" else plan.new, self.system(side)))
        told.numbers |= {
            "records.landed": sum(
                number
                for (system, _, entity, live, _), number in landed.items()
                if system == plan.old and entity in wave.entities and live == "live"
            ),
            "dead_letters": sum(number for (flow, _), number in letters.items() if flow in flows),
            "deliveries.open": sum(open_writes.values()),
            "deliveries.parked": open_writes.get("parked", 0),
            "deliveries.unknown": open_writes.get("unknown", 0),
            "lag.p99_s": percentile([_seconds(queued, done or self.now()) for queued, done in lags]),
            "frozen.writes": len(foreign),
            "hours_in_phase": round(_seconds(state.since or self.now(), self.now()) / 3600, 4),
        }
        if foreign:
            told.behind["frozen.writes"] = [one.as_json() for one in foreign[:TOLD]]
        if any(name.startswith("recon.") for name in names):
            sums = {name.split("'")[1] for name in names if name.startswith("recon.sum")}
            _reconciled(told, compare(self.hub, plan, wave, self.system(side), sums))
        return told

    def losses(self, wave: Wave, state: cutover.Wave) -> list[dict[str, Json]]:
        """Records of the new side that changed since the flip, compared with what the old side shows now."""
        hub, plan = self.hub, self.plan
        told: list[dict[str, Json]] = []
        with hub.store.read() as conn:
            records, seq = set(), state.flip_seq
            while events := outbox.read(conn, seq, kind="record", entities=wave.entities, system=plan.new):
                records |= {event.subject for event in events}
                seq = events[-1].seq
            homes = crosswalk.golden_of(conn, records)
            waves = ownership.waves_of(conn, set(homes.values()))
            goldens = {home for home in homes.values() if waves.get(home) == wave.name}
            homeless = [id for id in records if id not in homes]
            for id, one in landing.load(conn, homeless).items():
                if one.state == "live" and id not in homes:
                    told.append(_loss(f"{one.system}.{one.stream}", one.key, "in no golden record yet"))
            for letter in dead.list_letters(conn, limit=TOLD):
                flows = carriers(hub, plan, wave, plan.new, plan.old)
                if letter.flow in flows:
                    told.append(
                        _loss(f"{letter.system}.{letter.stream}", letter.key, f"{letter.code} {letter.message}")
                    )
            told += self.undead(conn, wave, goldens)
        if goldens:
            found = compare(hub, plan, wave, plan.old, only=goldens)
            told += [
                _loss(object, one.external_id, one.field or one.kind, one.expected, one.found)
                for object, one in found.unlike[:TOLD]
            ]
        return told

    def undead(self, conn: Connection, wave: Wave, goldens: Collection[int]) -> list[dict[str, Json]]:
        """Rows of the old side that live although their records are gone in the new one."""
        gone = [one.id for one in golden.load(conn, goldens).values() if one.state == "retired"]
        told = []
        for place in sorted({f"{lane.target.system}.{lane.target.stream.name}" for lane in self.back(wave)}):
            system, _, stream = place.partition(".")
            for keys in crosswalk.keys_of(conn, gone, system, stream).values():
                told += [_loss(place, key, "is still there") for key in keys]
        return told

    def back(self, wave: Wave) -> list[Lane]:
        return lanes(self.hub, self.plan, wave, self.plan.old)

    def act(self, program: Sequence[str], timeout_s: float) -> tuple[bool, str]:
        try:
            done = subprocess.run(  # noqa: S603  the programme names the program
                list(program), cwd=self.hub.project.root, capture_output=True, text=True, timeout=timeout_s,
                check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return False, redact(str(error))
        said = (done.stdout.strip() or done.stderr.strip()).splitlines()
        return done.returncode == 0, redact(said[-1])[:500] if said else f"exit status {done.returncode}"

    def now(self) -> str:
        with self.hub.store.read() as conn:
            return now(conn)


def _reconciled(told: Measured, found: Compared) -> None:
    told.numbers |= {
        "recon.count.expected": found.expected,
        "recon.count.found": found.found,
        "recon.count.diff": abs(found.expected - found.found),
        "recon.hash.diff": found.different,
    }
    for name, (expected, there) in found.sums.items():
        parts = {"expected": expected, "found": there, "diff": abs(expected - there)}
        told.numbers |= {f"recon.sum('{name}').{part}": plain(value) for part, value in parts.items()}
    if found.unlike:
        told.behind["recon"] = found.told()
    if found.unproven:
        told.behind["recon.unproven"] = found.unproven


def plain(value: Any) -> int | float:
    """A decimal as a number that an expression compares; never nought for what is not."""
    return int(value) if value == int(value) and abs(value) < 1 << 53 else float(value)


def percentile(values: Sequence[float], share: float = 0.99) -> float:
    """The value that `share` of all keep (nearest rank); 0 when there was nothing to do."""
    return sorted(values)[ceil(len(values) * share) - 1] if values else 0.0


def _seconds(start: str, end: str) -> float:
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds(), 3)


def _loss(place: str, key: str, what: str, expected: str = "", found: str = "") -> dict[str, Json]:
    return {"place": place, "key": key, "what": what, "expected": expected, "found": found}
