"""Which keys occur more than once, in sixteen bytes per row: the hash of the key and the hash of the row.

A row that stands twice, word for word, is one record. Two different rows of one key are not: neither is believed.
"""

from __future__ import annotations

from array import array
from hashlib import blake2b

import numpy as np
import orjson

from connectors.base import RawRow
from connectors.file.row import Read


def key_hash(key: str) -> int:
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _row_hash(row: RawRow) -> int:
    return int.from_bytes(blake2b(orjson.dumps(row, option=orjson.OPT_SORT_KEYS), digest_size=8).digest(), "big")


class Keys:
    """Collects the keys of a first pass; then tells for each row of the second pass what to do with it."""

    def __init__(self) -> None:
        self._keys = array("Q")
        self._rows = array("Q")
        self._clashing: set[int] = set()
        self._repeated: set[int] = set()
        self._seen: set[int] = set()

    def add(self, read: Read) -> None:
        self._keys.append(key_hash(read.key))
        self._rows.append(_row_hash(read.row))

    def settle(self) -> None:
        """All rows were added: find what is doubled, and let go of the rest."""
        keys = np.frombuffer(self._keys, dtype=np.uint64) if self._keys else np.empty(0, dtype=np.uint64)
        rows = np.frombuffer(self._rows, dtype=np.uint64) if self._rows else np.empty(0, dtype=np.uint64)
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        same_as_next = np.flatnonzero(ordered[1:] == ordered[:-1])
        groups: dict[int, set[int]] = {}
        for at in same_as_next.tolist():
            groups.setdefault(int(ordered[at]), set()).update((int(order[at]), int(order[at + 1])))
        for key, members in groups.items():
            if len({int(rows[member]) for member in members}) > 1:
                self._clashing.add(key)
            else:
                self._repeated.add(key)
        del keys, rows, ordered
        self._keys, self._rows = array("Q"), array("Q")

    def clashes(self, key: str) -> bool:
        """Whether rows that differ stand under this key."""
        return bool(self._clashing) and key_hash(key) in self._clashing

    def first_time(self, key: str) -> bool:
        """False for the second and later copies of one row."""
        if not self._repeated:
            return True
        hashed = key_hash(key)
        if hashed in self._seen:
            return False
        if hashed in self._repeated:
            self._seen.add(hashed)
        return True
