"""Where each flow left each stream: the high-watermark, committed with the page it stands for.

A partition is one interval of a backfill; the empty one is the live stream (consumers of the outbox name theirs).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, insert, select, update

from goldbridge.errors import Halt
from goldbridge.state.bulk import Insert
from goldbridge.state.engine import now
from goldbridge.state.record import place
from goldbridge.state.tables import cursor


class Cursor(NamedTuple):
    """`value`/`tie`: keyset position in the source's notation; `bound`: fixed upper end; `generation`: full compare."""

    flow: str
    partition: str
    value: str
    tie: str
    lo: str
    bound: str
    generation: int
    generation_from: str
    done: bool
    run: int
    at: str


class Partition(NamedTuple):
    """One interval of a backfill: after `lo`, up to `hi`, in the source's notation."""

    name: str
    lo: str
    hi: str


_row = cursor.c
_plan = Insert(
    cursor,
    ("flow", "partition", "value", "tie", "lo", "bound", "generation", "generation_from", "done", "run", "at"),
    conflict=("flow", "partition"),
)


def load(conn: Connection, flow: str, partition: str = "") -> Cursor | None:
    """Where the flow was left, or None when it never ran."""
    row = conn.execute(select(cursor).where(_row.flow == flow, _row.partition == partition)).one_or_none()
    return None if row is None else _cursor(row)


def _cursor(row: Row[Any]) -> Cursor:
    return Cursor._make([*row[:8], bool(row.done), *row[9:]])


def advance(
    conn: Connection,
    flow: str,
    value: str,
    tie: str,
    run: int,
    *,
    partition: str = "",
    bound: str = "",
    done: bool = False,
) -> None:
    """Move the cursor on; raises `Halt` STA013 when it would move back (numbers compare as numbers)."""
    held = load(conn, flow, partition)
    if held is not None and behind(held, value, tie):
        raise Halt(
            "STA013",
            f"flow {flow}{f' partition {partition}' if partition else ''}: "
            f"the source's cursor went back from {held.value} "
            f"to {value}; nothing of this page was kept. If the source was reset, run the flow once with --full",
        )
    _set(conn, flow, partition, run, value=value, tie=tie, bound=bound, done=int(done))


def behind(held: Cursor | None, value: str, tie: str) -> bool:
    """Whether a position lies before the one held: an overlap that is read again on purpose, so nothing to move."""
    return held is not None and bool(held.value) and _order(value, tie) < _order(held.value, held.tie)


def _order(value: str, tie: str) -> tuple[tuple[int, int | str], tuple[int, int | str]]:
    return _rank(value), _rank(tie)


def _rank(value: str) -> tuple[int, int | str]:
    return (0, int(value)) if value.isascii() and value.isdigit() else (1, value)


def reset(conn: Connection, flow: str, run: int, *, partition: str = "", value: str = "", tie: str = "") -> None:
    """Put the cursor anywhere, on purpose."""
    _set(conn, flow, partition, run, value=value, tie=tie, done=0)


def _set(conn: Connection, flow: str, partition: str, run: int, **values: Any) -> None:
    values |= {"run": run, "at": now(conn)}
    moved = update(cursor).where(_row.flow == flow, _row.partition == partition).values(**values)
    if conn.execute(moved).rowcount == 0:
        fresh = {"value": "", "tie": "", "lo": "", "bound": "", "generation": 0, "generation_from": "", "done": 0}
        conn.execute(insert(cursor).values(flow=flow, partition=partition, **(fresh | values)))


def begin_generation(conn: Connection, flow: str, run: int) -> tuple[int, str]:
    """(number, place) of the full compare under way for this flow; starts one when none is.

    The place is where the log of versions stood when the compare began: what was landed since needs no sighting.
    """
    held = load(conn, flow)
    if held is not None and held.generation_from:
        return held.generation, held.generation_from
    # Numbered like its run: two flows that compare the same stream never share sightings.
    started = place(conn)
    _set(conn, flow, "", run, generation=run, generation_from=started)
    return run, started


def end_generation(conn: Connection, flow: str) -> None:
    """The full compare is over; the next one gets a new number."""
    conn.execute(update(cursor).where(_row.flow == flow, _row.partition == "").values(generation_from=""))


def plan(conn: Connection, flow: str, partitions: Sequence[Partition], run: int) -> int:
    """Add intervals to a backfill; those already planned keep their state. Returns how many are new."""
    known = {held.partition for held in _partitions(conn, flow)}
    new = [one for one in partitions if one.name not in known]
    at = now(conn)
    _plan(conn, [(flow, one.name, "", "", one.lo, one.hi, 0, "", 0, run, at) for one in new])
    return len(new)


def _partitions(conn: Connection, flow: str) -> list[Cursor]:
    query = select(cursor).where(_row.flow == flow, _row.partition != "").order_by(_row.partition)
    return [_cursor(row) for row in conn.execute(query)]


def partitions(conn: Connection, flow: str) -> list[Cursor]:
    """A backfill's intervals in order of their names."""
    return _partitions(conn, flow)


def complete(conn: Connection, flow: str, partition: str, run: int) -> None:
    """An interval is done; a rerun skips it."""
    _set(conn, flow, partition, run, done=1)


def contiguous(conn: Connection, flow: str) -> str:
    """The end of the first unbroken series of finished intervals: up to here everything is there. Empty: nothing is."""
    end = ""
    for held in _partitions(conn, flow):
        if not held.done:
            break
        end = held.bound
    return end


def drop(conn: Connection, flow: str) -> int:
    """Forget a backfill's intervals (a new one is planned)."""
    return conn.execute(delete(cursor).where(_row.flow == flow, _row.partition != "")).rowcount
