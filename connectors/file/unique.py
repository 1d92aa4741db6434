"""Which keys occur more than once, in sixteen bytes per row: the hash of the key and the hash of the row.

A row that stands twice, word for word, is one record. Two different rows of one key are not: neither is believed. Where
files hold changes, the last file that names a key has the word, and what earlier ones say about it is left out.
"""

from __future__ import annotations

from array import array
from hashlib import blake2b

import numpy as np
import orjson
from numpy.typing import NDArray

from connectors.base import RawRow
from connectors.file.row import Read

Hashes = NDArray[np.uint64]
Places = NDArray[np.intp]
Flags = NDArray[np.bool_]
TAKE, DROP, CLASH = 0, 1, 2


def key_hash(key: str) -> int:
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _row_hash(row: RawRow) -> int:
    return int.from_bytes(blake2b(orjson.dumps(row, option=orjson.OPT_SORT_KEYS), digest_size=8).digest(), "big")


def _any_twice(keys: Hashes) -> bool:
    """Asked first, since it takes half the memory of finding out which."""
    ordered = np.sort(keys)
    return bool((ordered[1:] == ordered[:-1]).any())


class Keys:
    """Collects the keys of a first pass; then tells for each row of the second pass what to do with it.

    Rows are those with a key and without a problem; they must come in the same order in both passes.
    """

    def __init__(self, *, changes: bool = False) -> None:
        self._changes = changes
        self._keys = array("Q")
        self._rows = array("Q")
        self._starts: list[int] = []
        self._verdicts = np.empty(0, dtype=np.uint8)
        self._at = 0

    def begin(self) -> None:
        """The rows that follow are of the next file."""
        self._starts.append(len(self._keys))

    def add(self, read: Read) -> None:
        self._keys.append(key_hash(read.key))
        self._rows.append(_row_hash(read.row))

    def settle(self) -> None:
        """All rows were added: find what is doubled, and let go of the rest."""
        self._verdicts = np.zeros(len(self._keys), dtype=np.uint8)
        if self._keys:
            keys = np.frombuffer(self._keys, dtype=np.uint64)
            if _any_twice(keys):
                self._compare(keys, np.frombuffer(self._rows, dtype=np.uint64))
            del keys  # it holds the array
        self._keys, self._rows = array("Q"), array("Q")

    def _compare(self, keys: Hashes, rows: Hashes) -> None:
        order = np.argsort(keys, kind="stable")  # equal keys side by side, in the order of the files
        ordered = keys[order]
        same = ordered[1:] == ordered[:-1]
        del ordered
        if self._changes and same.any():
            stale = self._overruled(order, same)
            self._verdicts[order[stale]] = DROP
            same &= ~stale[:-1]
        second = np.flatnonzero(same) + 1
        if not len(second):
            return
        self._verdicts[order[second]] = DROP
        differing = second[rows[order[second]] != rows[order[second - 1]]]
        if len(differing):
            group = np.cumsum(np.append(True, ~same))  # a row that was overruled is a group of its own
            self._verdicts[order[np.isin(group, group[differing])]] = CLASH

    def _overruled(self, order: Places, same: Flags) -> Flags:
        """Which of the rows, in this order, stand in an earlier file than the last one of their key."""
        files = np.searchsorted(np.array(self._starts), order, side="right")
        group = np.cumsum(np.append(False, ~same))
        last = files[np.append(~same, True)]
        return np.asarray(files < last[group])

    def verdict(self) -> int:
        """What to do with the next row of the second pass: `TAKE`, `DROP` or `CLASH`."""
        at, self._at = self._at, self._at + 1
        # A file that grew under the reader has more rows than were added; that it changed is told at its end.
        return int(self._verdicts[at]) if at < len(self._verdicts) else DROP
