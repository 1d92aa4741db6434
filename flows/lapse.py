"""What changes golden records without a record that changed: pins that end on a day, source systems that go off, and
other processes of qualification.

Nothing arrives when a day passes, so a master run looks: what ended since the last run is resolved again. Until then
the old values show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from goldbridge.state import cursor, landing, override
from goldbridge.state.engine import now
from mdm.core import Core
from mdm.override import close, records_of

CONSUMER = "master"


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The records to resolve again, and what to remember when that is done."""

    entity: str
    records: Sequence[int]
    pins: Sequence[override.Override]
    ended: str
    news: bool
    processes: str = ""
    other_processes: bool = False

    def remember(self, conn: Connection, run: int) -> None:
        """To be called in the transaction after the last one that resolved something."""
        override.retire(conn, [pin.id for pin in self.pins])
        close(conn, self.pins)
        if self.news:
            cursor.reset(conn, CONSUMER, run, partition=_place(self.entity), value=self.ended)
        if self.other_processes:
            cursor.reset(conn, CONSUMER, run, partition=_processes(self.entity), value=self.processes)


def lapsed(conn: Connection, core: Core) -> Lapsed:
    """What came to its end since this was asked and remembered last."""
    entity = core.entity.name
    pins = override.lapsed(conn, entity)
    held = cursor.load(conn, CONSUMER, _place(entity))
    before = set(held.value.split(",")) - {""} if held is not None else set()
    ended = ended_systems(core, now(conn))
    records = {pin.anchor for pin in pins} | set(records_of(conn, entity, before ^ set(ended)))
    processes = ",".join(f"{role}={process.fingerprint()}" for role, process in sorted(core.qualification.items()))
    known = cursor.load(conn, CONSUMER, _processes(entity))
    other = processes != (known.value if known is not None else "")
    if other:
        records |= {record.id for record in landing.scan_all(conn, entity=entity)}
    return Lapsed(entity, sorted(records), pins, ",".join(ended), before != set(ended), processes, other)


def ended_systems(core: Core, at: str) -> list[str]:
    """The systems that have gone off by a moment, sorted."""
    rule = next(iter(core.survivorship.values()), None)
    return sorted(system for system, end in rule.ends.items() if end <= at) if rule is not None else []


def _place(entity: str) -> str:
    return f"ended:{entity}"


def _processes(entity: str) -> str:
    return f"processes:{entity}"
