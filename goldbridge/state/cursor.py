"""Where each flow left each stream: the high-watermark, committed with the page it stands for.

A partition is one interval of a backfill; the empty one is the live stream (consumers of the outbox name theirs).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection


class Cursor(NamedTuple):
    """`value`/`tie`: keyset position in the source's notation; `bound`: fixed upper end; `generation` of a full compare."""

    flow: str
    partition: str
    value: str
    tie: str
    lo: str
    bound: str
    generation: int
    generation_at: str
    done: bool
    run: int
    at: str


class Partition(NamedTuple):
    """One interval of a backfill: after `lo`, up to `hi`, in the source's notation."""

    name: str
    lo: str
    hi: str


def load(conn: Connection, flow: str, partition: str = "") -> Cursor | None:
    raise NotImplementedError


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
    raise NotImplementedError


def reset(conn: Connection, flow: str, run: int, *, partition: str = "", value: str = "", tie: str = "") -> None:
    """Put the cursor anywhere, on purpose."""
    raise NotImplementedError


def begin_generation(conn: Connection, flow: str, run: int) -> tuple[int, str]:
    """(number, start time) of the full compare under way for this flow; starts one when none is."""
    raise NotImplementedError


def end_generation(conn: Connection, flow: str) -> None:
    """The full compare is over; the next one gets a new number."""
    raise NotImplementedError


def plan(conn: Connection, flow: str, partitions: Sequence[Partition], run: int) -> int:
    """Add intervals to a backfill; those already planned keep their state. Returns how many are new."""
    raise NotImplementedError


def partitions(conn: Connection, flow: str) -> list[Cursor]:
    """A backfill's intervals in order of their names."""
    raise NotImplementedError


def complete(conn: Connection, flow: str, partition: str, run: int) -> None:
    """An interval is done; a rerun skips it."""
    raise NotImplementedError


def contiguous(conn: Connection, flow: str) -> str:
    """The end of the first unbroken series of finished intervals: up to here everything is there. Empty when nothing is."""
    raise NotImplementedError


def drop(conn: Connection, flow: str) -> int:
    """Forget a backfill's intervals (a new one is planned)."""
    raise NotImplementedError
