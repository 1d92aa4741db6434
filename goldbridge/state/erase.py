"""Removes the content of source records everywhere in the state and keeps their numbers.

Raw and canonical documents, versions, dead letters, events, before and after of deliveries, identifiers, keys, edges and
tasks' payloads go; a keyed hash of what named the record stays, so that it is not imported again (E86, E87). The golden
record is recomputed by the caller; its old versions lose the values that this record had won.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection


def erase(conn: Connection, key: bytes, records: Collection[int], *, author: str, run: int) -> Mapping[str, int]:
    """Erase; returns table -> rows that lost content. `key` from `vault.derive(key, "erase")`."""
    raise NotImplementedError


def suppressed(conn: Connection, key: bytes, system: str, stream: str, keys: Sequence[str]) -> set[str]:
    """Those of `keys` that were erased and must not be imported again."""
    raise NotImplementedError
