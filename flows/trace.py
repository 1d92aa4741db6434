"""Trace: one record's whole way, as the state remembers it: landed, mapped, matched, golden, delivered, set aside.

Every step comes with its rule and its time. All of it is looked up by keys, so that it costs the same in a large store
as in a small one, and nothing outside of the state is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection

from flows.config import EnrichFlow, IngestFlow, PublishFlow, SyncFlow, TwoWayFlow
from flows.hub import Hub
from goldbridge.errors import Misconfigured
from goldbridge.mapping import Mapping as FieldMapping
from goldbridge.state import crosswalk, dead, decision, delivery, golden, landing, ledger, match, ruleset, task
from goldbridge.state import record as records
from goldbridge.state import run as runs
from goldbridge.state.dead import DeadLetter
from goldbridge.state.golden import Golden
from goldbridge.state.landing import Record
from mdm.identity import write_id

EDGES = 20
"""Pairs shown, those that say most first; the others are counted."""

Step = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trace:
    """The steps that a record took; those it did not come to are None or empty."""

    record: str
    landed: Step | None = None
    mapped: Step | None = None
    matched: Step | None = None
    golden: Step | None = None
    delivered: list[Step] = field(default_factory=list)
    dead_letters: list[Step] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def streams_with(conn: Connection, system: str, key: str) -> list[str]:
    """The streams of a system that have, or had, a record of this key, or set one aside."""
    landed = {name for name in landing.streams(conn, system) if landing.find(conn, system, name, [key])}
    return sorted(landed | set(dead.streams(conn, system, key)))


def trace(hub: Hub, conn: Connection, system: str, stream: str, key: str) -> Trace | None:
    """The way of the newest record of this key; None when nothing is known of it."""
    return _Tracer(hub, conn, system, stream, key).trace()


class _Tracer:
    def __init__(self, hub: Hub, conn: Connection, system: str, stream: str, key: str) -> None:
        self.hub, self.conn = hub, conn
        self.system, self.stream, self.key = system, stream, key
        self.place = f"{system}.{stream}"
        self._flows: dict[int, str] = {}

    def trace(self) -> Trace | None:
        letters = dead.about(self.conn, self.system, self.stream, self.key)
        head = records.heads(self.conn, self.system, self.stream, [self.key]).get(self.key)
        if head is None:
            found = [_letter(letter) for letter in letters]
            return Trace(f"{self.place}/{self.key}", dead_letters=found) if found else None
        record = landing.load(self.conn, [head.id])[head.id]
        memberships = crosswalk.history(self.conn, [record.id])
        home = golden.load(self.conn, [memberships[-1].golden]).get(memberships[-1].golden) if memberships else None
        objects = delivery.objects(self.conn) if home else []
        if home:
            external = write_id(home.entity, home.id)
            letters += [letter for object in objects for letter in dead.about(self.conn, *object, external)]
        return Trace(
            f"{self.place}/{self.key}",
            self._landed(record, head.raw_hash),
            self._mapped(record),
            self._matched(record, home, memberships),
            self._golden(record, home) if home else None,
            [step for object in objects if (step := self._delivered(*object, home))] if home else [],
            [_letter(letter) for letter in letters],
        )

    def _landed(self, record: Record, hash: str) -> Step:
        versions = landing.versions(self.conn, record.id)
        history = [
            {"op": one.op, "at": one.received_at, "event_at": one.event_at, "run": one.run, "flow": self._flow(one.run)}
            for one in versions
        ]
        return {
            "flow": self._flow(record.first_run),
            "run": record.first_run,
            "entity": record.entity,
            "state": record.state,
            "fate": record.fate,
            "incarnation": record.incarnation,
            "first_at": versions[0].received_at if versions else record.received_at,
            "changed_at": versions[-1].received_at if versions else record.received_at,
            "event_at": record.event_at,
            "hash": hash,
            "versions": history,
        }

    def _mapped(self, record: Record) -> Step | None:
        """The rule that made the record's claims. Its time is that of the row: a mapping that is changed later makes
        new claims of it, and leaves no other trace than its revision."""
        if not record.mapping_rev:
            return None
        found = {name: self._mapping(name) for name in self._mappings_in()}
        used = [name for name, mapping in found.items() if mapping and mapping.revision == record.mapping_rev]
        name = next(iter(used or found), "")
        return {
            "mapping": name,
            "file": self.hub.project.mappings[name].file if name else "",
            "revision": record.mapping_rev,
            "current": bool(used),
            "at": record.received_at,
            "fate": record.fate,
            "values": record.canonical,
            "notes": record.notes,
        }

    def _mappings_in(self) -> list[str]:
        """The mappings through which flows of today bring in this stream."""
        found = []
        for flow in self.hub.flows.values():
            match flow:
                case IngestFlow() if flow.ingest == self.place:
                    found.append(flow.mapping_name)
                case SyncFlow() if flow.sync.from_ == self.place:
                    found.append(flow.mapping)
                case TwoWayFlow() if self.place in flow.sync.between:
                    found.append(flow.incoming(self.place))
                case EnrichFlow() if self.place in flow.with_:
                    found.append(self.place)
        return list(dict.fromkeys(found))

    def _mapping(self, name: str) -> FieldMapping | None:
        """The mapping as it is now; one that does not compile made none of what is there."""
        try:
            return self.hub.mapping(name)
        except Misconfigured:
            return None

    def _matched(self, record: Record, home: Golden | None, memberships: Sequence[crosswalk.Membership]) -> Step:
        active = ruleset.active(self.conn)
        rules = active.document.get(record.entity, {}).get("since", 0) if active else 0
        edges = match.edges_touching(self.conn, rules, [record.id]) if rules else []
        edges.sort(key=lambda edge: -abs(edge.weight))
        said = decision.active_assertions(self.conn, [record.id])
        others = {end for edge in edges[:EDGES] for end in (edge.a, edge.b)} | {end for one in said for end in one[1:3]}
        names = self._names(others | ({record.anchor} if record.anchor is not None else set()))
        homes = crosswalk.golden_of(self.conn, others)
        last = memberships[-1] if memberships else None
        return {
            "golden": write_id(home.entity, home.id) if home else "",
            "open": bool(last and not last.tx_to),
            "basis": last.basis if last else "",
            "cause": self._cause(last.cause) if last else {},
            "at": last.tx_from if last else "",
            "about": names.get(record.anchor, "") if record.anchor is not None else "",
            "rules": rules,
            "identifiers": [
                {"field": one.type, "value": one.value, "strength": one.strength, "valid": one.valid}
                for one in match.identifiers_of(self.conn, [record.id]).get(record.id, [])
            ],
            "edges": [self._edge(edge, record.id, names, homes) for edge in edges[:EDGES]],
            "more_edges": max(len(edges) - EDGES, 0),
            "assertions": [
                {
                    "kind": one.kind, "other": names.get(one.b if one.a == record.id else one.a, ""), "by": one.author,
                    "at": one.at, "reason": one.reason, "decision": one.decision,
                }
                for one in said
            ],
            "tasks": [
                {"task": one.id, "kind": one.kind, "state": one.state, "at": one.created_at}
                for one in task.touching(self.conn, [record.id])
            ],
            "history": [
                {
                    "golden": write_id(record.entity, one.golden), "basis": one.basis, "from": one.tx_from,
                    "until": one.tx_to, "cause": self._cause(one.cause),
                }
                for one in memberships
            ],
        }  # fmt: skip

    def _edge(self, edge: match.Edge, record: int, names: Mapping[int, str], homes: Mapping[int, int]) -> Step:
        other = edge.b if edge.a == record else edge.a
        return {
            "other": names.get(other, ""),
            "band": edge.band,
            "bits": edge.weight / 10_000,
            "together": homes.get(record) is not None and homes.get(record) == homes.get(other),
            "parts": [{"comparison": part[0], "level": part[1], "bits": part[2] / 10_000} for part in edge.parts or []],
            "vetoes": list(edge.vetoes),
        }

    def _golden(self, record: Record, home: Golden) -> Step:
        versions = golden.history(self.conn, home.id)
        lines = {name: line for name, line in home.lineage.items() if isinstance(line, dict)}
        lost = {name: line for name, line in lines.items() if record.id in line.get("challengers", ())}
        names = self._names({line["record"] for line in lost.values() if "record" in line})
        return {
            "id": write_id(home.entity, home.id),
            "entity": home.entity,
            "state": home.state,
            "version": home.version,
            "founder": home.founder == record.id,
            "since": versions[0].tx_from if versions else "",
            "changed_at": versions[-1].tx_from if versions else "",
            "cause": self._cause(versions[-1].cause) if versions else {},
            "won": {
                name: {"rule": line.get("rule", ""), "value": home.values.get(name)}
                for name, line in lines.items()
                if _has_part(line, record.id)
            },
            "lost": {
                name: {"rule": line.get("rule", ""), "to": names.get(line.get("record", -1), "")}
                for name, line in lost.items()
            },
        }

    def _delivered(self, target: str, object: str, home: Golden) -> Step | None:
        """What became of the golden record in one object of a target system: its newest delivery that still counts."""
        items = delivery.of_subjects(self.conn, target, object, [home.id]).get(home.id, [])
        if not items:
            return None
        item = next((one for one in reversed(items) if one.state != "superseded"), items[-1])
        noted = ledger.by_subject(self.conn, target, object, [home.id]).get(home.id, [])
        mapping = self._mapping_out(item.flow)
        return {
            "target": f"{target}.{object}",
            "key": item.key or next((entry.key for entry in noted), ""),
            "external_id": item.external_id,
            "state": item.state,
            "op": item.op,
            "version": item.version,
            "at": item.changed_at,
            "queued_at": item.created_at,
            "attempts": item.attempts,
            "blocked_by": item.blocked_by,
            "code": item.code,
            "message": item.message,
            "flow": item.flow,
            "run": item.run,
            "mapping": mapping,
            "file": self.hub.project.mappings[mapping].file if mapping in self.hub.project.mappings else "",
            "written": item.after,
            "deliveries": len(items),
            "ledger": [{"key": one.key, "at": one.at, "fields": sorted(one.fields)} for one in noted],
        }

    def _mapping_out(self, name: str) -> str:
        match self.hub.flows.get(name):
            case PublishFlow() as flow:
                return flow.mapping
            case SyncFlow() as flow:
                return self.hub.out_mapping(flow)
        return ""

    def _cause(self, cause: str) -> Step:
        """`run:7` and `decision:3` in words."""
        kind, _, number = cause.partition(":")
        if kind == "run" and number.isdecimal():
            return {"run": int(number), "flow": self._flow(int(number))}
        made = decision.load(self.conn, [int(number)]).get(int(number)) if number.isdecimal() else None
        if made is not None:
            return {"decision": made.id, "kind": made.kind, "by": made.proposer, "reason": made.reason}
        return {"cause": cause}

    def _flow(self, run: int) -> str:
        """The flow of a run; empty when nobody remembers it."""
        if run not in self._flows:
            known = runs.load(self.conn, run)
            self._flows[run] = known.flow if known else ""
        return self._flows[run]

    def _names(self, ids: Collection[int]) -> dict[int, str]:
        return {id: f"{one.system}.{one.stream}/{one.key}" for id, one in landing.load(self.conn, ids).items()}


def _has_part(line: Mapping[str, Any], record: int) -> bool:
    """Whether a record gave a field its value, an item of it, or a part of it."""
    items = line.get("items") or []
    return line.get("record") == record or any(record in some for some in items) or (
        record in (line.get("completed_by") or {}).values()
    )  # fmt: skip


def _letter(letter: DeadLetter) -> Step:
    return {
        "letter": letter.id,
        "record": f"{letter.system}.{letter.stream}/{letter.key}",
        "flow": letter.flow,
        "stage": letter.stage,
        "code": letter.code,
        "message": letter.message,
        "rule": str(letter.rule) if letter.rule else "",
        "attempts": letter.attempts,
        "first_at": letter.first_at,
        "at": letter.last_at,
    }
