"""Replay: dead letters go again, by today's rules and with what is known today.

A record that could not be mapped is mapped again from the row that was landed. A write that was refused is decided
again from the golden record as it is now and made ready; the flow's next run sends it. What was set aside is never sent
or saved as it was then: a letter whose record was applied, merged or deleted since is dropped (F71). What could not
even be read left nothing to go again with, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from flows.condition import Condition
from flows.config import EnrichFlow, Flow, IngestFlow, PublishFlow, SyncFlow, TwoWayFlow
from flows.delivering import Target
from flows.heartbeat import Heartbeat
from flows.hub import Hub
from flows.ingest import keep
from flows.publish import of_source, queue
from flows.running import Running, running
from goldbridge import log
from goldbridge.clock import iso
from goldbridge.errors import Halt, Retry
from goldbridge.mapping import Mapping as FieldMapping
from goldbridge.ports import Progress
from goldbridge.records.model import Entity
from goldbridge.state import dead, delivery, golden, landing
from goldbridge.state.dead import DeadLetter
from goldbridge.state.delivery import Delivery, Settlement
from goldbridge.state.engine import Store
from goldbridge.state.golden import Golden
from goldbridge.state.landing import Record, StreamRef
from goldbridge.state.run import Counters, Lease
from mdm.identity import read_id

BATCH = 500
"""Letters per transaction."""

Fate = Literal["applied", "filtered", "pending", "superseded", "dead"]
FATES: tuple[Fate, ...] = ("applied", "filtered", "pending", "superseded", "dead")

Place = tuple[str, str]
"""(system, stream) of letters of one flow."""


class Replayed(NamedTuple):
    """What became of one letter. `code` and `message` say why, where there is something to say."""

    id: int
    flow: str
    system: str
    stream: str
    key: str
    fate: Fate
    code: str = ""
    message: str = ""


Step = Callable[[Connection, Running, Sequence[DeadLetter]], list[Replayed]]


@dataclass(frozen=True, slots=True)
class Work:
    """The letters of one flow that are to go again, and how those of each place do."""

    hub: Hub
    flow: str
    ids: Mapping[Place, Sequence[int]]
    steps: Mapping[Place, Step]

    def run(self, progress: Progress | None = None, *, dry: bool = False) -> list[Replayed]:
        """Let them go again under the flow's lease; `dry` takes no lease and keeps nothing of what it does.

        Raises `AlreadyRunning` when the flow runs elsewhere.
        """
        known = self.hub.flows.get(self.flow)
        fingerprint = self.hub.fingerprint(known) if known else ""
        store, done = self.hub.store, []
        with (
            _rehearsing(store, self.flow) if dry else running(store, self.flow, "replay", fingerprint, progress) as run
        ):
            for place, ids in self.ids.items():
                for start in range(0, len(ids), BATCH):
                    done += self._batch(run, place, ids[start : start + BATCH], dry)
            run.message = f"replayed {len(done)} dead letter{'' if len(done) == 1 else 's'}"
        return done

    def _batch(self, run: Running, place: Place, ids: Sequence[int], dry: bool) -> list[Replayed]:
        with _undone(run.store) if dry else run.page() as conn:
            letters = list(dead.load(conn, ids, payloads=False).values())
            done = self.steps[place](conn, run, letters)
            dead.drop(conn, [one.id for one in done if one.fate == "superseded"])
            for one in done:
                if one.fate == "superseded":
                    run.count(superseded=1)
                else:
                    run.counters.add({one.fate: 1})
        run.progress.advance(len(ids))
        return done


def prepare(hub: Hub, *, flows: Collection[str], ids: Collection[int], code: str = "") -> list[Work]:
    """The letters of these flows and of these numbers (of everybody when neither is given), a work per flow.

    Predecessors come first. Raises `Misconfigured` for a flow that neither flows.yaml nor a letter knows, and for
    whatever keeps a flow from going again; nothing was done then.
    """
    with hub.store.read() as conn:
        known = dead.flows(conn)
        for name in set(flows) - set(known):
            hub.flow(name)
        found = [dead.places(conn, flow=name, code=code) for name in dict.fromkeys(flows)]
        if ids or not flows:
            found.append(dead.places(conn, code=code, ids=ids or None))
    wanted: dict[str, dict[Place, set[int]]] = {}
    for part in found:
        for (flow, *place), numbers in part.items():
            wanted.setdefault(flow, {}).setdefault((place[0], place[1]), set()).update(numbers)
    order = {name: at for at, name in enumerate(hub.flows)}
    return [
        Work(
            hub,
            flow,
            {place: sorted(numbers) for place, numbers in places.items()},
            {place: _step(hub, flow, *place) for place in places},
        )
        for flow, places in sorted(wanted.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))
    ]


def _step(hub: Hub, name: str, system: str, stream: str) -> Step:
    """How the letters of one place go again, by what the flow has to do with it today."""
    place, flow = f"{system}.{stream}", hub.flows.get(name)
    match flow:
        case IngestFlow() if flow.ingest == place:
            return _Inbound(name, system, stream, _mapping_in(hub, flow, flow.mapping_name, place, "ingest"))
        case SyncFlow() if flow.sync.from_ == place:
            return _Inbound(name, system, stream, _mapping_in(hub, flow, flow.mapping, place, "sync", "from"))
        case EnrichFlow() if place in flow.with_:
            return _Inbound(name, system, stream, hub.mapping(place))
        case SyncFlow() if flow.sync.to == place:
            target = hub.target(place, hub.out_mapping(flow), hub.mark(flow, "sync", "to"))
            entity = hub.project.model.entities[hub.mapping(flow.mapping).target]
            return _Outbound(name, target, entity, None, flow.sync.from_)
        case PublishFlow() if flow.to == place:
            target = hub.target(place, flow.mapping, hub.mark(flow, "to"))
            entity = hub.project.model.entities[flow.publish]
            return _Outbound(name, target, entity, hub.condition(flow, flow.publish, flow.when), "")
    if isinstance(flow, TwoWayFlow) and place in flow.sync.between:
        why = f"flow '{name}' reads {place} and writes it; `goldbridge run {name}` looks at both again"
        return _Inbound(name, system, stream, None, why)
    why = (
        f"flow '{name}' has nothing to do with {place} any more"
        if flow
        else f"flows.yaml has no flow '{name}' any more"
    )
    return _Inbound(name, system, stream, None, why)


def _mapping_in(hub: Hub, flow: Flow, mapping: str, place: str, *path: str) -> FieldMapping:
    """The mapping as a run would use it; a source that is down keeps nobody from mapping what it said before."""
    try:
        reader, stream = hub.connections.reader(place, hub.mark(flow, *path))
        fields = reader.fields(stream)
    except (Retry, Halt):
        fields = None
    return hub.mapping(mapping, fields)


@dataclass(frozen=True, slots=True)
class _Inbound:
    """Source records, mapped again from their landed rows; without a mapping only what was overtaken is dropped."""

    flow: str
    system: str
    stream: str
    mapping: FieldMapping | None
    why: str = ""

    def __call__(self, conn: Connection, run: Running, letters: Sequence[DeadLetter]) -> list[Replayed]:
        found = landing.find(conn, self.system, self.stream, [letter.key for letter in letters])
        fates: dict[str, str] = {}
        if self.mapping is not None:
            ref = StreamRef(self.system, self.stream, self.mapping.target)
            again = landing.set_aside(conn, ref, found.values())
            changed, _ = keep(conn, run, ref, self.mapping, again)
            run.count(remapped=len(again), changed_by_mapping=len(changed))
            fates = {change.key: change.fate for change in again}
        records = landing.load(conn, found.values())
        newest = landing.last_runs(conn, records)
        now = dead.load(conn, [letter.id for letter in letters], payloads=False)
        done = []
        for letter in letters:
            record = records.get(found.get(letter.key, -1))
            match fates.get(letter.key):
                case "applied" | "pending":
                    done.append(_told(letter, "applied"))
                case "filtered":
                    done.append(_told(letter, "filtered"))
                case "dead":
                    done.append(_still(now.get(letter.id, letter)))
                case _:
                    done.append(self._left(letter, record, newest))
        return done

    def _left(self, letter: DeadLetter, record: Record | None, newest: Mapping[int, int]) -> Replayed:
        """A letter whose record was not mapped again: it was overtaken, or there is nothing to map."""
        if record is None and letter.stage != "read":
            return _told(letter, "superseded", "there is no such record any more")
        if record is None or (letter.stage == "read" and newest.get(record.id, 0) <= letter.run):
            return _still(
                letter, f"; {self.why or f'nothing of it was landed: correct it at its source, then run {letter.flow}'}"
            )
        if record.state != "live":
            return _told(letter, "superseded", f"its record is {record.state} since")
        if record.fate == "dead":
            return _still(letter, f"; {self.why}")
        return _told(letter, "superseded", f"a newer version of it was {record.fate} since")


@dataclass(frozen=True, slots=True)
class _Outbound:
    """Golden records on their way to a target; `source` limits them to those of one stream."""

    flow: str
    target: Target
    entity: Entity
    condition: Condition | None
    source: str

    def __call__(self, conn: Connection, run: Running, letters: Sequence[DeadLetter]) -> list[Replayed]:
        subjects = {letter.id: id for letter in letters if (id := _golden_id(letter.key)) is not None}
        goldens = golden.load(conn, set(subjects.values()))
        if self.source:
            mine = of_source(conn, goldens.values(), self.source)
            goldens = {id: record for id, record in goldens.items() if id in mine}
        # What is counted here is what becomes of letters, not what a run of the flow would count.
        queue(conn, replace(run, counters=Counters()), self.target, self.entity, goldens, self.condition)
        now = dead.load(conn, subjects, payloads=False)
        refused_now = {subjects[one.id] for one in letters if one.id in now and now[one.id].attempts > one.attempts}
        items = self._deliveries(conn, subjects.values())
        refused = [item for some in items.values() for item in some if item.state == "dead"]
        # The same order was refused before; one that today's mapping cannot make must not go out as it was then.
        delivery.retry_dead(conn, [item.id for item in refused if item.subject in goldens.keys() - refused_now])
        gone = [item for item in refused if item.subject not in goldens]
        delivery.settle(conn, [Settlement(item.id, "superseded") for item in gone])
        items = self._deliveries(conn, subjects.values())
        done = []
        for letter in letters:
            subject = subjects.get(letter.id, -1)
            waiting = next((item for item in items.get(subject, ()) if item.state in _WAITING), None)
            if subject in refused_now:
                done.append(_still(now[letter.id]))
            elif letter.id in now and waiting is not None:
                done.append(_told(letter, "pending", _waits(waiting, self.flow)))
            else:
                done.append(_told(letter, "superseded", _why_quiet(goldens.get(subject))))
        return done

    def _deliveries(self, conn: Connection, subjects: Collection[int]) -> dict[int, list[Delivery]]:
        return delivery.of_subjects(conn, self.target.system, self.target.stream.name, set(subjects))


_WAITING = ("ready", "parked", "inflight", "unknown")


def _golden_id(key: str) -> int | None:
    try:
        return read_id(key)
    except ValueError:
        return None


def _waits(item: Delivery, flow: str) -> str:
    if item.state == "parked":
        return f"waits for {item.blocked_by}"
    return f"ready; the next run of {flow} sends it" if item.state == "ready" else "under way"


def _why_quiet(record: Golden | None) -> str:
    if record is None:
        return "there is no such golden record any more"
    if record.state == "active":
        return "nothing is to be written for it any more"
    return f"its golden record is {record.state} since"


def _told(letter: DeadLetter, fate: Fate, message: str = "") -> Replayed:
    return Replayed(letter.id, letter.flow, letter.system, letter.stream, letter.key, fate, "", message)


def _still(letter: DeadLetter, advice: str = "") -> Replayed:
    return _told(letter, "dead", f"{letter.message}{advice}")._replace(code=letter.code)


class _Undone(Exception):
    """Takes a rehearsed transaction back."""


@contextmanager
def _undone(store: Store) -> Iterator[Connection]:
    with suppress(_Undone), store.begin() as conn:
        yield conn
        raise _Undone


@contextmanager
def _rehearsing(store: Store, flow: str) -> Iterator[Running]:
    """A run that nobody sees: no lease is taken, and its pages are all undone."""
    lease = Lease(flow, "", 0, 0.0)
    bound = log.get("flow").bind(flow=flow)
    yield Running(flow, store, lease, 0, iso(store.clock.now()), Heartbeat(store, lease, bound), log=bound)
