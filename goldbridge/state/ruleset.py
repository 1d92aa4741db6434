"""Revisions of the rules with their frozen statistics. Immutable once active; new statistics are a new revision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from goldbridge.ports import Json

RulesetState = Literal["draft", "simulated", "active", "retired"]


class Ruleset(NamedTuple):
    rev: int
    document: Json
    statistics: Json
    fingerprint: str
    state: RulesetState
    author: str
    approved_by: str
    created_at: str
    activated_at: str


class Simulation(NamedTuple):
    """What activating `new_rev` would change at outbox position `watermark`."""

    id: int
    base_rev: int
    new_rev: int
    watermark: int
    counts: Mapping[str, int]
    clusters: Json
    at: str


def add(conn: Connection, document: Json, statistics: Json, author: str) -> int:
    """Store a draft; returns its revision."""
    raise NotImplementedError


def load(conn: Connection, rev: int) -> Ruleset:
    """One revision; raises `Halt` STA036 when there is none."""
    raise NotImplementedError


def active(conn: Connection) -> Ruleset | None:
    raise NotImplementedError


def list_rulesets(conn: Connection) -> list[Ruleset]:
    """All revisions without their statistics, newest first."""
    raise NotImplementedError


def activate(conn: Connection, rev: int, approved_by: str) -> None:
    """Retire the active revision and put this one in its place."""
    raise NotImplementedError


def add_simulation(
    conn: Connection, base_rev: int, new_rev: int, watermark: int, counts: Mapping[str, int], clusters: Json
) -> int:
    """Keep a simulation and mark its draft as simulated; returns its id."""
    raise NotImplementedError


def simulation(conn: Connection, new_rev: int) -> Simulation | None:
    """The newest simulation of a revision."""
    raise NotImplementedError
