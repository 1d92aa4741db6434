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

from dedupe.prepare import Names, Prepared
from dedupe.statistic import Keys
from dedupe.table import pairing
from dedupe.table.frame import Ints

_HELD = 0.75
"""Share of the shorter name's letters that stand in the other one, below which two names are not spellings of one."""
_BATCH = 100_000


def strangers(prepared: Sequence[Prepared], left: Ints, right: Ints, keys: Keys, cap: int) -> NDArray[np.bool_]:
    """Which of the pairs need not be weighed: they would be a `no`."""
    size = len(prepared)
    firm = pairing.Key("firm", frozenset(), keys.codes[~keys.loose], keys.rows[~keys.loose])
    one, two, _ = pairing.propose([firm], size, cap, ())
    words = [_words(record) for record in prepared]
    latin = np.array([bool(each) for each in words], dtype=bool)
    asked = np.flatnonzero(latin[left] & latin[right])
    asked = asked[~np.isin(left[asked] * size + right[asked], one * size + two)]
    found = np.zeros(len(left), dtype=bool)
    for start in range(0, len(asked), _BATCH):
        part = asked[start : start + _BATCH]
        a, b = left[part].tolist(), right[part].tolist()
        # Words may stand in another order.
        as_said = _share([words[at][0] for at in a], [words[at][0] for at in b])
        in_order = _share([words[at][1] for at in a], [words[at][1] for at in b])
        found[part] = np.maximum(as_said, in_order) < _HELD
    return found


def _words(record: Prepared) -> tuple[str, str] | None:
    """The words of a record's only name as they stand, and in the order of the alphabet; None for any other record."""
    names = next((slot.names for slot in record.slots if isinstance(slot, Names)), ())
    if len(names) != 1 or not names[0].words:
        return None
    return "".join(names[0].words), "".join(sorted(names[0].words))


def _share(one: Sequence[str], two: Sequence[str]) -> NDArray[np.float64]:
    shorter = np.fromiter(
        (min(len(a), len(b)) for a, b in zip(one, two, strict=True)), dtype=np.float64, count=len(one)
    )
    common = cpdist(one, two, scorer=LCSseq.similarity, dtype=np.int64)
    return common / np.maximum(shorter, 1)
