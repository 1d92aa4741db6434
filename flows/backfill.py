"""Backfill: a range of dates read again in chunks, each with a cursor of its own, beside the live flow.

A chunk that is done stays done; an interrupted backfill resumes in the chunk where it stopped. Live changes win:
what is read again and has not changed is absorbed by its hash.
"""

from __future__ import annotations

from datetime import date, timedelta

from connectors.base import Position, Window
from flows.config import IngestFlow, SyncFlow
from flows.hub import Hub
from flows.runner import Options, Result, run_flow
from goldbridge.errors import Mark, Misconfigured
from goldbridge.ports import Progress
from goldbridge.state import cursor
from goldbridge.state.cursor import Partition
from goldbridge.state.run import Counters


def backfill(
    hub: Hub, name: str, start: str, until: str, days: int, *, restart: bool = False, progress: Progress | None = None
) -> Result:
    """Read every chunk between two ISO dates (inclusive) that is not done yet; returns the sum of their counters.

    Raises `Misconfigured` FLW070 for dates that are none or in the wrong order, FLW071 for a flow that reads no stream.
    """
    flow = hub.flow(name)
    if not isinstance(flow, IngestFlow | SyncFlow):
        raise Misconfigured.one(
            "FLW071", f"flow '{name}' reads no stream; backfill an ingest or sync flow", hub.mark(flow)
        )
    source = flow.ingest if isinstance(flow, IngestFlow) else flow.sync.from_
    reader, stream = hub.connections.reader(source, hub.mark(flow))
    chunks = _chunks(_day(start, "--from"), _day(until, "--to"), days)
    place = f"{name}:backfill"
    with hub.store.begin() as conn:
        if restart:
            for held in cursor.partitions(conn, place):
                cursor.reset(conn, name, 0, partition=held.partition)
            cursor.drop(conn, place)
        cursor.plan(conn, place, [Partition(f"{a}..{b}", a, b) for a, b in chunks], 0)
        planned = {part.partition: part for part in cursor.partitions(conn, place)}
    total = Counters()
    before = sum(planned[f"{a}..{b}"].done for a, b in chunks)
    detail: dict[str, object] = {"chunks": len(chunks), "resumed": before}
    message = f"{before} of {len(chunks)} chunks were done before; --restart reads them again" if before else ""
    completeness, last = "proven", 0
    for index, (a, b) in enumerate(chunks):
        part = f"{a}..{b}"
        if planned[part].done:
            continue
        window = reader.slice(stream, a, b)
        with hub.store.read() as conn:
            left = cursor.load(conn, name, part)
        if left is not None and left.value:
            window = Window(Position(left.value, left.tie), window.end)
        result = run_flow(hub, name, progress, Options(window=window, partition=part))
        with hub.store.begin() as conn:
            cursor.complete(conn, place, part, result.run)
        last = result.run
        _add(total, result.counters)
        if result.completeness != "proven":
            completeness = result.completeness
        if progress is not None:
            progress.advance(0)
        detail["done"] = index + 1
    return Result(name, flow.kind, last, total, completeness, message, detail)


def _add(total: Counters, part: Counters) -> None:
    for fate in ("read", "applied", "unchanged", "filtered", "dead", "pending"):
        setattr(total, fate, getattr(total, fate) + getattr(part, fate))
    for name, number in part.other.items():
        total.other[name] = total.other.get(name, 0) + number


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"{option} '{text}' is not a date; write it as 2025-01-31"
        raise Misconfigured.one("FLW070", message, Mark("command line")) from None


def _chunks(start: date, until: date, days: int) -> list[tuple[str, str]]:
    if start > until:
        raise Misconfigured.one("FLW070", f"--from {start} is after --to {until}", Mark("command line"))
    found = []
    while start <= until:
        end = min(start + timedelta(days=days - 1), until)
        found.append((start.isoformat(), end.isoformat()))
        start = end + timedelta(days=1)
    return found
