"""The sides of a two-way flow: what each of them reads, how its rows are read again, and what is not written to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection

from connectors.base import Reader, Stream
from flows.delivering import Target
from flows.dispute import disputed
from flows.two_way_plan import End, Plan
from goldbridge.mapping import Mapping as FieldMapping
from goldbridge.state import crosswalk, landing, ledger
from goldbridge.state.document import digest
from goldbridge.state.golden import Golden
from goldbridge.state.landing import Record, StreamRef
from goldbridge.state.ledger import Entry, Written, field_hash


class Said(NamedTuple):
    """The canonical values of a row, and what is to be said about them."""

    values: dict[str, Any]
    notes: dict[str, Any]

    def unread(self, name: str) -> str:
        """Why a field that is not empty says nothing that we understand; empty when it does."""
        if self.values.get(name) not in ("", [], {}, None):
            return ""
        for label, note in self.notes.items():
            if label.partition(".")[0] == name:
                code = note.get("unknown_code")
                return f"no list knows '{code}'" if code else str(note.get("invalid") or "")
        return ""


@dataclass(frozen=True, slots=True)
class Side:
    """One stream, read by `mapping` and written as `target` says; None where nothing can be written."""

    end: End
    reader: Reader[Any]
    stream: Stream
    mapping: FieldMapping
    target: Target | None
    zone: str

    @property
    def place(self) -> str:
        return self.end.place

    @property
    def ref(self) -> StreamRef:
        return StreamRef(self.reader.context.system, self.stream.name, self.mapping.target)


class Sides:
    """All sides of a flow, in the order in which it names them."""

    def __init__(self, plan: Plan, sides: Sequence[Side]) -> None:
        self.plan = plan
        self._sides = {side.place: side for side in sides}

    def __iter__(self) -> Iterator[Side]:
        return iter(self._sides.values())

    def get(self, place: str) -> Side:
        return self._sides[place]

    def place(self, row: Record) -> str:
        return f"{row.system}.{row.stream}"

    def rows(self, conn: Connection, goldens: Collection[int]) -> dict[int, list[Record]]:
        """Golden id -> its live records on these sides, with their rows."""
        found: dict[int, list[Record]] = {}
        members = crosswalk.members(conn, goldens)
        records = landing.load(conn, {id for ids in members.values() for id in ids}, raw=True)
        for home, ids in members.items():
            mine = [records[id] for id in ids if self.place(records[id]) in self._sides]
            found[home] = [row for row in mine if row.state == "live" and row.canonical is not None and row.raw]
        return found

    def said(self, rows: Iterable[Record]) -> dict[int, Said]:
        """Record -> what its row says now, all of it, ours too; a row that cannot be mapped says nothing."""
        found: dict[int, Said] = {}
        by_place: dict[str, list[Record]] = {}
        for row in rows:
            by_place.setdefault(self.place(row), []).append(row)
        for place, some in by_place.items():
            batch = self._sides[place].mapping.apply([row.raw or {} for row in some])
            for row, values, notes in zip(some, batch.values, batch.notes, strict=True):
                found[row.id] = Said(values or {}, notes or {})
        return found

    def seed(self, conn: Connection, head: Golden, rows: Sequence[Record]) -> set[str]:
        """Note what rows show in fields that nobody noted yet; returns the canonical fields that this concerns."""
        fresh: set[str] = set()
        for side in self:
            mine = [row for row in rows if self.place(row) == side.place]
            entries = ledger.load(conn, side.ref.system, side.ref.stream, [row.key for row in mine])
            notes = []
            for row in mine:
                entry = entries.get(row.key)
                known = entry.fields.keys() if entry else frozenset()
                new = {name: (row.raw or {}).get(name) for name in side.mapping.reads if name not in known}
                if new:
                    version = entry.version if entry else head.version
                    notes.append(Written(row.key, head.id, version, new, seen=True))
                    top = {name.partition(".")[0] for name in side.mapping.fields}
                    fresh |= {name for name in top if side.mapping.inputs(name) & new.keys()}
            ledger.note(conn, side.ref.system, side.ref.stream, notes)
        return fresh


@dataclass(frozen=True, slots=True)
class Discretion:
    """What of a side's row is left alone: fields in dispute, what it says already in its own spelling, records that
    concern no side, and rows that somebody took away."""

    plan: Plan
    end: End
    stream: Stream
    incoming: FieldMapping
    out: FieldMapping

    def withheld(
        self, conn: Connection, goldens: Sequence[Golden], keys: Mapping[int, str], entries: Mapping[str, Entry]
    ) -> Mapping[int, Collection[str] | None]:
        found: dict[int, Collection[str] | None] = {}
        system, _, stream = self.end.place.partition(".")
        records = landing.find(conn, system, stream, [key for key in keys.values() if key])
        rows = {row.key: row for row in landing.load(conn, records.values(), raw=True).values()}
        said = {
            key: value or {}
            for key, value in zip(rows, self.incoming.apply([r.raw or {} for r in rows.values()]).values, strict=True)
        }
        held = disputed(conn, [head.id for head in goldens])
        elsewhere = self._elsewhere(conn, [head.id for head in goldens if not keys.get(head.id)])
        meaning = Meaning(conn)
        for head in goldens:
            key = keys.get(head.id, "")
            if not key and head.id not in elsewhere:
                found[head.id] = None
                continue
            row, entry = rows.get(key), entries.get(key)
            found[head.id] = self._left_alone(
                head, held.get(head.id, {}), row.raw if row else None, said.get(key, {}), entry, meaning
            )
        return found

    def _elsewhere(self, conn: Connection, goldens: Collection[int]) -> set[int]:
        """Golden records that have a row on another side and never had one here."""
        there = {
            home
            for place in self.plan.flow.sync.between
            if place != self.end.place
            for home in crosswalk.keys_of(conn, goldens, place.partition(".")[0], place.partition(".")[2])
        }
        system, _, stream = self.end.place.partition(".")
        return there - ledger.by_subject(conn, system, stream, goldens).keys()

    def _left_alone(
        self,
        head: Golden,
        held: Mapping[str, Any],
        raw: Mapping[str, Any] | None,
        said: Mapping[str, Any],
        entry: Entry | None,
        meaning: Meaning,
    ) -> set[str]:
        names: set[str] = set()
        for column in self.out.fields:
            read = {name.partition(".")[0] for name in self.out.inputs(column)}
            if read & held.keys():
                names.add(column)
            elif raw is not None and entry is not None and read and read <= self.end.believed:
                shown = field_hash(raw.get(column)) in entry.fields.get(column, ())
                if shown and all(meaning(said.get(name)) == meaning(head.values.get(name)) for name in read):
                    names.add(column)
        return names


class Meaning:
    """What values mean, to compare what two systems say: nothing is nothing however it is written, and two keys of one
    golden record are one reference."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._homes: dict[tuple[str, str], int | None] = {}

    def __call__(self, value: Any) -> str:
        if value in ("", [], {}, None):
            return ""
        if isinstance(value, dict) and value.keys() == {"ref", "key"}:
            home = self._home(str(value["ref"]), str(value["key"]))
            return f"golden {home}" if home is not None else digest(value)
        return digest(value)

    def _home(self, ref: str, key: str) -> int | None:
        if (ref, key) not in self._homes:
            system, _, stream = ref.partition(".")
            self._homes[ref, key] = crosswalk.resolve_keys(self._conn, system, stream, [key]).get(key)
        return self._homes[ref, key]
