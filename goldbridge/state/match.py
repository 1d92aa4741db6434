"""The durable matching index: blocking keys, identifiers and scored edges of source records. Rows only, no rules.

An edge connects a < b under one ruleset revision; its weight is an integer in ten-thousandths of a bit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from goldbridge.ports import Json

Band = Literal["auto", "review", "no"]


class Edge(NamedTuple):
    """A scored pair; `parts` explains the weight, `vetoes` name what forbids joining."""

    a: int
    b: int
    weight: int
    band: Band
    parts: Json = None
    vetoes: Sequence[str] = ()


class Identifier(NamedTuple):
    """A value that names somebody, e.g. ("credit_code", "91..."); soft and invalid ones are evidence only."""

    record: int
    type: str
    value: str
    strength: Literal["hard", "soft"]
    valid: bool


class Candidate(NamedTuple):
    """Two records that share a blocking key; `record` is the one asked for."""

    record: int
    other: int
    key: str


def replace_keys(conn: Connection, entity: str, keys: Mapping[int, Collection[str]]) -> int:
    """Make these the blocking keys of these records (none: forget them); returns how many rows changed."""
    raise NotImplementedError


def replace_identifiers(conn: Connection, identifiers: Mapping[int, Collection[Identifier]]) -> int:
    """Make these the identifiers of these records; returns how many rows changed."""
    raise NotImplementedError


def replace_edges(conn: Connection, rev: int, records: Collection[int], edges: Sequence[Edge]) -> None:
    """Drop every edge touching `records` under `rev`, then store `edges` (a, b in either order)."""
    raise NotImplementedError


def candidates(conn: Connection, entity: str, records: Collection[int], *, cap: int = 0) -> list[Candidate]:
    """Pairs by shared keys, sorted by (record, other, key); keys that more than `cap` records have are left out (0: none are)."""
    raise NotImplementedError


def lookup(conn: Connection, entity: str, keys: Collection[str], *, cap: int = 0) -> dict[str, list[int]]:
    """Key -> records that have it, sorted: the question of search-before-create."""
    raise NotImplementedError


def keys_of(conn: Connection, records: Collection[int]) -> dict[int, list[str]]:
    """Record -> its blocking keys, sorted."""
    raise NotImplementedError


def identifiers_of(conn: Connection, records: Collection[int]) -> dict[int, list[Identifier]]:
    raise NotImplementedError


def holders(conn: Connection, type: str, values: Collection[str], *, hard: bool = False) -> dict[str, list[int]]:
    """Identifier value -> records that have it, sorted; `hard=True` takes only valid hard ones."""
    raise NotImplementedError


def edges_touching(
    conn: Connection, rev: int, records: Collection[int], *, bands: Collection[Band] = ("auto", "review")
) -> list[Edge]:
    """Edges with at least one end in `records`, by (a, b)."""
    raise NotImplementedError


def component(
    conn: Connection,
    rev: int,
    seeds: Collection[int],
    *,
    bands: Collection[Band] = ("auto", "review"),
    limit: int = 100_000,
) -> tuple[set[int], list[Edge]]:
    """Everything connected to `seeds` through edges: the records and the edges among them. Raises `Halt` STA035 past `limit`."""
    raise NotImplementedError


def drop_revision(conn: Connection, rev: int) -> int:
    """Forget the edges of a retired revision."""
    raise NotImplementedError
