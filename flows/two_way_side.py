"""Connects the sides of a two-way flow: readers, writers, and the look at a row just before it is written over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.base import RawRow, Stream, Write, Writer, WriteResult
from flows.config import TwoWayFlow
from flows.delivering import Target
from flows.hub import Hub
from flows.side import Discretion, Side, Sides
from flows.two_way_plan import End, Plan, plan
from goldbridge.state import ledger
from goldbridge.state.engine import Store


def sides_of(hub: Hub, flow: TwoWayFlow) -> Sides:
    """Every side of the flow, connected; raises `Misconfigured` for one that cannot be read, or not written where it
    has to be."""
    made = plan(hub.project, flow)
    return Sides(made, [_side(hub, flow, made, end, index) for index, end in enumerate(made.ends)])


def _side(hub: Hub, flow: TwoWayFlow, made: Plan, end: End, index: int) -> Side:
    mark = hub.mark(flow, "sync", "between", index)
    reader, stream = hub.connections.reader(end.place, mark)
    mapping = hub.mapping(end.incoming, reader.fields(stream))
    zone = hub.project.zone_of(end.system)
    target = None
    if end.out is not None and end.written & made.carried:
        writer, stream = hub.connections.writer(end.place, mark)
        out = hub.backwards(end.place, end.out)
        careful = Careful(writer, hub.store)
        target = Target(careful, stream, out, Discretion(made, end, stream, mapping, out))
    return Side(end, reader, stream, mapping, target, zone)


class Careful(Writer[Any]):
    """Looks at rows just before it writes over them: what was edited since it was read is read first, then merged.

    It narrows what a target without versions of its own leaves open to the time between two calls.
    """

    def __init__(self, writer: Writer[Any], store: Store) -> None:
        super().__init__(writer.config, writer.context)
        self.kind = writer.kind  # type: ignore[misc]  # it stands for the one it wraps
        self._writer, self._store = writer, store

    @property
    def streams(self) -> Mapping[str, Stream]:
        return self._writer.streams

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._writer.read_back(stream, external_ids)

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        updates = [write for write in batch if write.op == "update" and write.key]
        edited = self._edited(stream, updates) if updates and stream.external_id else {}
        rest = [write for write in batch if write.external_id not in edited]
        done = self._writer.write(stream, rest) if rest else []
        return [*done, *(_again(write, edited[write.external_id]) for write in updates if write.external_id in edited)]

    def _edited(self, stream: Stream, updates: Sequence[Write]) -> dict[str, str]:
        """Our id -> a field that shows neither what we wrote nor what we read last."""
        shown = self._writer.read_back(stream, [write.external_id for write in updates])
        with self._store.read() as conn:
            keys = [write.key for write in updates if write.key]
            entries = ledger.load(conn, self.context.system, stream.name, keys)
        found: dict[str, str] = {}
        for write in updates:
            row, entry = shown.get(write.external_id), entries.get(write.key or "")
            if row is not None and entry is not None:
                foreign = entry.foreign({name: row[name] for name in write.values if name in row})
                ours = {name for name in foreign if name in entry.fields and row[name] != write.values[name]}
                if ours:
                    found[write.external_id] = min(ours)
        return found


def _again(write: Write, name: str) -> WriteResult:
    message = f"'{name}' was edited since the row was read; it is read again and merged first"
    return WriteResult(write.external_id, "retry", write.key, "FLW027", message, name)
