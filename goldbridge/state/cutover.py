"""Where each wave of a cutover stands, what was waived, how far its external steps are, and everything that happened.

Events are a chain: each one's digest covers it and the digest before it, by plain SHA-256, so that whoever is given the
evidence can check it without a key of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Select, and_, case, delete, func, or_, select, text, update

from goldbridge.errors import Halt
from goldbridge.ports import Json
from goldbridge.state import document
from goldbridge.state.bulk import Insert
from goldbridge.state.engine import now
from goldbridge.state.tables import (
    cutover_event,
    cutover_member,
    cutover_owner,
    cutover_step,
    cutover_waiver,
    cutover_wave,
    delivery,
    golden_record,
    outbox,
    source_record,
    source_version,
    task,
)

StepState = Literal["waiting", "doing", "done", "failed", "undone"]


class Wave(NamedTuple):
    """`moving` names the transition under way and `step` its next step; both are empty between transitions.

    `held` is why it is held, "" when it is not. `frozen_seq` and `flip_seq` are places in the outbox, `frozen_row`
    one in the log of versions. `rehearsed` is the file as it was rehearsed.
    """

    wave: str
    cutover: str
    phase: int
    moving: str
    step: str
    held: str
    since: str
    frozen_seq: int
    frozen_row: int
    flip_seq: int
    fingerprint: str
    rehearsed: Json


class Event(NamedTuple):
    """What happened, who decided it, and the numbers it was decided on."""

    id: int
    cutover: str
    wave: str
    at: str
    actor: str
    action: str
    phase: int
    epoch: int
    fingerprint: str
    detail: Json
    digest: str


class Waiver(NamedTuple):
    """A gate of one phase that need not be met until `until` (ISO UTC), and who answers for that."""

    id: int
    wave: str
    phase: int
    gate: str
    owner: str
    reason: str
    until: str
    actor: str
    at: str


class Step(NamedTuple):
    """An external step of a flip."""

    wave: str
    step: str
    place: int
    state: StepState
    note: str
    actor: str
    at: str


_wave, _event, _waiver, _step = cutover_wave.c, cutover_event.c, cutover_waiver.c, cutover_step.c
_first = Insert(cutover_wave, Wave._fields, conflict=("wave",))
_append = Insert(cutover_event, Event._fields[1:])
_waive = Insert(cutover_waiver, Waiver._fields[1:])
_put_step = Insert(
    cutover_step, Step._fields, conflict=("wave", "step"), update=("place", "state", "note", "actor", "at")
)


def begin(conn: Connection, cutover: str, wave: str, fingerprint: str) -> None:
    """Make a wave known, in its first phase; does nothing when it is."""
    _first(conn, [(wave, cutover, 0, "", "", "", now(conn), 0, 0, 0, fingerprint, None)])


def load(conn: Connection, wave: str, *, lock: bool = False) -> Wave | None:
    """One wave, or None; `lock` keeps others from moving it until our transaction ends."""
    query = select(cutover_wave).where(_wave.wave == wave)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else Wave(*row)


def waves(conn: Connection) -> list[Wave]:
    """Every wave that was begun, by name."""
    return [Wave(*row) for row in conn.execute(select(cutover_wave).order_by(_wave.wave))]


def change(conn: Connection, wave: str, **values: Json) -> None:
    """Set some columns of a wave; a new phase begins now."""
    if "phase" in values:
        values["since"] = now(conn)
    conn.execute(update(cutover_wave).where(_wave.wave == wave).values(**values))


def record(
    conn: Connection,
    wave: Wave,
    actor: str,
    action: str,
    *,
    phase: int | None = None,
    epoch: int = 0,
    fingerprint: str = "",
    detail: Json = None,
) -> None:
    """Add one event to the chain."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('goldbridge.cutover'))"))
    before = conn.execute(select(_event.digest).order_by(_event.id.desc()).limit(1)).scalar_one_or_none() or ""
    at = wave.phase if phase is None else phase
    event = Event(0, wave.cutover, wave.wave, now(conn), actor, action, at, epoch, fingerprint, detail, "")
    stored = None if detail is None else document.dump(detail)
    _append(conn, [(*event[1:9], stored, link(before, event))])


def link(before: str, event: Event) -> str:
    """The digest of an event behind the one with digest `before`: SHA-256 of both as canonical JSON."""
    return hashlib.sha256(document.encode([before, *event[1:-1]])).hexdigest()


def events(conn: Connection, wave: str = "") -> list[Event]:
    """What happened, oldest first."""
    query = select(cutover_event).order_by(_event.id)
    return [Event(*row) for row in conn.execute(query.where(_event.wave == wave) if wave else query)]


def verify(found: Sequence[Event]) -> int:
    """How many events of the whole chain are proven; raises `Halt` CUT033 at the first that was changed."""
    before = ""
    for number, event in enumerate(found, 1):
        if link(before, event) != event.digest:
            raise Halt(
                "CUT033",
                f"the evidence is broken at event {number} ({event.action} {event.wave}, {event.at}): it or the one "
                "before it was changed; what follows proves nothing. Keep a copy and find out who",
            )
        before = event.digest
    return len(found)


def waive(
    conn: Connection, wave: str, phase: int, gate: str, *, owner: str, reason: str, until: str, actor: str
) -> None:
    """Keep a waiver."""
    _waive(conn, [(wave, phase, gate, owner, reason, until, actor, now(conn))])


def waivers(conn: Connection, wave: str, phase: int | None = None) -> list[Waiver]:
    """The waivers of a wave, oldest first, expired ones too."""
    query = select(cutover_waiver).where(_waiver.wave == wave).order_by(_waiver.id)
    return [Waiver(*row) for row in conn.execute(query if phase is None else query.where(_waiver.phase == phase))]


def put_step(conn: Connection, wave: str, step: str, place: int, state: StepState, note: str, actor: str) -> None:
    """Note how far an external step is."""
    _put_step(conn, [(wave, step, place, state, note, actor, now(conn))])


def steps(conn: Connection, wave: str) -> list[Step]:
    """The external steps of a wave in their order."""
    query = select(cutover_step).where(_step.wave == wave).order_by(_step.place, _step.step)
    return [Step(*row) for row in conn.execute(query)]


def open_writes(conn: Connection, wave: str, system: str) -> dict[str, int]:
    """State -> how many writes of a wave's records to a system are not settled; those of no wave count for each."""
    query = _open(select(delivery.c.state, func.count()), wave, system)
    return dict(conn.execute(query.group_by(delivery.c.state)).tuples().all())


def place(conn: Connection) -> tuple[int, int]:
    """The newest place in the outbox and in the log of versions: what comes later was written after this moment."""
    seq = conn.execute(select(func.coalesce(func.max(outbox.c.seq), 0))).scalar_one()
    row = conn.execute(select(func.coalesce(func.max(source_version.c.id), 0))).scalar_one()
    return int(seq), int(row)


def written_since(conn: Connection, system: str, entities: Collection[str], row: int) -> dict[int, str]:
    """Record id -> what was read of it last, for records of a system that were read anew after a place in the log."""
    record, version = source_record.c, source_version.c
    query = select(version.record, version.op).join(source_record, record.id == version.record).where(version.id > row)
    query = query.where(record.system == system, record.entity.in_(sorted(entities))).order_by(version.id)
    return dict(conn.execute(query).tuples().all())


def lags(conn: Connection, wave: str, system: str, since: str) -> list[tuple[str, str]]:
    """(queued at, written at) of a wave's writes to a system since a moment; "" for those not written yet."""
    row, member = delivery.c, cutover_member.c
    query = select(row.created_at, case((row.state == "done", row.changed_at), else_=""))
    query = query.join(cutover_member, member.golden == row.subject).where(member.wave == wave, row.target == system)
    query = query.where(
        or_(
            and_(row.state == "done", row.changed_at >= since),
            row.state.in_(("ready", "inflight", "unknown")),
        )
    )
    return [(queued, written) for queued, written in conn.execute(query)]


def snapshot(conn: Connection, wave: str) -> str:
    """SHA-256 over the golden records of a wave and their versions: what was decided on, without its content."""
    head, member = golden_record.c, cutover_member.c
    query = select(head.id, head.version).join(cutover_member, member.golden == head.id).where(member.wave == wave)
    found = hashlib.sha256()
    for id, version in conn.execute(query.order_by(head.id)):
        found.update(f"{id}:{version}\n".encode())
    return found.hexdigest()


def open_questions(conn: Connection, entities: Collection[str]) -> int:
    """How many tasks about these entities nobody has answered."""
    query = select(func.count()).where(task.c.entity.in_(sorted(entities)), task.c.state.in_(("open", "deferred")))
    return int(conn.execute(query).scalar_one())


def clear_steps(conn: Connection, wave: str) -> None:
    """Another flip begins: its steps are to be done anew."""
    conn.execute(delete(cutover_step).where(_step.wave == wave))


def open_list(conn: Connection, wave: str, system: str) -> list[tuple[str, str, str]]:
    """(external id, system.Object, state) of a wave's writes to a system that are not settled."""
    query = select(delivery.c.external_id, delivery.c.target, delivery.c.object, delivery.c.state)
    found = conn.execute(_open(query, wave, system).order_by(delivery.c.id))
    return [(id, f"{target}.{object}", state) for id, target, object, state in found]


def _open(query: Select[Any], wave: str, system: str) -> Select[Any]:
    row, member, owner = delivery.c, cutover_member.c, cutover_owner.c
    own = and_(owner.entity == row.entity, owner.wave == wave, or_(owner.old == system, owner.new == system))
    query = query.join(cutover_owner, own).outerjoin(cutover_member, member.golden == row.subject)
    here = case((member.wave.is_(None), 1), (member.wave == wave, 1), else_=0)
    return query.where(row.target == system, here == 1, row.state.in_(("ready", "inflight", "unknown", "parked")))
