"""What we wrote to each target row, per field, as hashes: how an echo of our own write is told from a human edit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from goldbridge.ports import Json


class Written(NamedTuple):
    """One write: `fields` as we sent them, `answered` as the target showed them afterwards (trimmed, normalised)."""

    key: str
    subject: int
    version: int
    fields: Mapping[str, Json]
    answered: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """The ledger of one target row; `fields`: name -> hashes that count as ours."""

    key: str
    subject: int
    version: int
    fields: Mapping[str, tuple[str, ...]]
    at: str

    def foreign(self, row: Mapping[str, Json]) -> dict[str, Json]:
        """The fields of an inbound row that are not echoes of our writes; fields we never wrote are foreign."""
        raise NotImplementedError

    def unchanged(self, fields: Mapping[str, Json]) -> bool:
        """Whether writing these fields would change nothing we have not written before."""
        raise NotImplementedError


def field_hash(value: Json) -> str:
    """16 hex digits of one value."""
    raise NotImplementedError


def note(conn: Connection, target: str, object: str, written: Sequence[Written]) -> None:
    """Record writes; fields not written this time keep what was noted before."""
    raise NotImplementedError


def load(conn: Connection, target: str, object: str, keys: Collection[str]) -> dict[str, Entry]:
    """Target key -> its ledger; rows we never wrote are left out."""
    raise NotImplementedError


def by_subject(conn: Connection, target: str, object: str, subjects: Collection[int]) -> dict[int, list[Entry]]:
    """Golden id -> ledgers of the target rows written for it (compensation after a split)."""
    raise NotImplementedError
