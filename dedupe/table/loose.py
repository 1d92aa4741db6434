"""Pairs of names in letters that met under a word or a few letters only: most are strangers, and cost nothing to tell.

For a question, all words of one name must stand in the other, or something else must agree. What else agrees is a key
of its own; and where the words of one name stand in the other, so do most of its letters, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cpdist

from dedupe.prepare import Prepared, names_of
from dedupe.table.frame import Ints

HELD = 0.75
"""Share of the shorter name's letters that stand in the other one, below which two names are not spellings of one."""
_BATCH = 100_000


def strangers(prepared: Sequence[Prepared], left: Ints, right: Ints, loose: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the pairs need not be weighed, where `loose` ones met under nothing else: they would be a `no`."""
    spelt = [words(record) for record in prepared]
    latin = np.array([bool(each) for each in spelt], dtype=np.bool_)
    asked = np.flatnonzero(loose & latin[left] & latin[right])
    found = np.zeros(len(left), dtype=np.bool_)
    for start in range(0, len(asked), _BATCH):
        part = asked[start : start + _BATCH]
        one, two = ([spelt[row] or ("", "") for row in rows[part].tolist()] for rows in (left, right))
        found[part] = shared(one, two) < HELD
    return found


def words(record: Prepared) -> tuple[str, str] | None:
    """The words of a record's only name as they stand, and in the order of the alphabet; None for any other record."""
    names = names_of(record)
    if len(names) != 1 or not names[0].words:
        return None
    return "".join(names[0].words), "".join(sorted(names[0].words))


def shared(one: Sequence[tuple[str, str]], two: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """The share of letters in common, in the order of the words that has more."""
    return np.maximum(*(_share([each[at] for each in one], [each[at] for each in two]) for at in (0, 1)))


def _share(one: Sequence[str], two: Sequence[str]) -> NDArray[np.float64]:
    shorter = np.fromiter(
        (min(len(a), len(b)) for a, b in zip(one, two, strict=True)), dtype=np.float64, count=len(one)
    )
    common = cpdist(one, two, scorer=LCSseq.similarity, dtype=np.int64)
    return common / np.maximum(shorter, 1)
