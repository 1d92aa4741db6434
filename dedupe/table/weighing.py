"""The pairs of a table on the scales: most are spared them, for they are certainly nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.bit import BIT
from dedupe.bound import Screen
from dedupe.prepare import Prepared
from dedupe.rule import Rules
from dedupe.score import Match, Scale
from dedupe.statistic import Statistics
from dedupe.table.edge import AUTO, REVIEW
from dedupe.table.frame import Ints

SPARED = -99 * BIT
"""The weight that stands for one which nobody looked up."""
RELATIVES = "relatives"
"""The mark of two whole names of one family with two trades: nothing that fits both may tie the two together."""
BANDS = {"no": 0, "review": REVIEW, "auto": AUTO}

Records = Sequence[Prepared] | Mapping[int, Prepared]


class Weighed(NamedTuple):
    """What became of the pairs, in their order: weights, bands as numbers, which a veto keeps apart, and which are
    relatives."""

    weights: Ints
    bands: NDArray[np.int8]
    vetoed: NDArray[np.bool_]
    relatives: NDArray[np.bool_]

    def put(self, at: int, found: Match) -> None:
        """Write down what one pair weighs."""
        self.weights[at] = found.weight
        self.bands[at] = BANDS[found.band]
        self.vetoed[at] = bool(found.vetoes)
        self.relatives[at] = are_relatives(found)

    @property
    def apart(self) -> NDArray[np.bool_]:
        """Pairs that no weight joins."""
        return self.vetoed | self.relatives


def weighed(
    rules: Rules, numbers: Statistics, records: Records, left: Ints, right: Ints, spared: NDArray[np.bool_]
) -> Weighed:
    """The pairs (sorted) on the scales, but for the `spared` ones."""
    size = len(left)
    found = Weighed(
        np.full(size, SPARED, dtype=np.int64),
        np.zeros(size, np.int8),
        np.zeros(size, np.bool_),
        np.zeros(size, np.bool_),
    )
    asked = np.flatnonzero(~spared)
    for at, match in matches(rules, numbers, records, left[asked].tolist(), right[asked].tolist()):
        found.put(int(asked[at]), match)
    return found


def matches(
    rules: Rules, numbers: Statistics, records: Records, left: Sequence[int], right: Sequence[int]
) -> Iterator[tuple[int, Match]]:
    """The place of each pair (sorted) that is not certainly nothing, and its match."""
    scale = Scale(rules, numbers)
    screen, asked = None, -1
    for at, (a, b) in enumerate(zip(left, right, strict=True)):
        one, two = records[a], records[b]
        if screen is None or a != asked:
            screen, asked = Screen(rules, numbers, one), a
        if not screen.spares(two.slots):
            yield at, scale.match(one, two)


def are_relatives(found: Match) -> bool:
    """Whether two whole names say that they are of one family."""
    if found.band != "no":
        return False
    return any(part[0] == "trade" and part[1] == "different" for part in found.parts)


def marked(found: Match) -> tuple[str, ...]:
    """The vetoes of a pair, and `RELATIVES` where it is one of them."""
    return (*found.vetoes, RELATIVES) if are_relatives(found) else found.vetoes
