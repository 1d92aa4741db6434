"""One sitting of labelling: which pair is asked next, what is believed meanwhile, and whether it is enough.

Everything follows from the resolved table and the labels so far, in whatever order they came: who stops and goes on
another day is asked what would have been asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from dedupe import choose, price
from dedupe.choose import Standing, Thresholds
from dedupe.label import SAME, Label, Settled, settle
from dedupe.learn import Belief, Examples, Learned, believe, learn
from dedupe.rule import Bands
from dedupe.score import Match
from dedupe.table import lesson
from dedupe.table.judge import ColumnJudge, RuleJudge
from dedupe.table.resolution import Resolution


class Asked(NamedTuple):
    """Two rows to look at, why they were chosen, and how they weigh by what is believed now."""

    left: int
    right: int
    why: str
    match: Match


class Course:
    """Questions about one resolved table."""

    def __init__(self, found: Resolution) -> None:
        assert isinstance(found.judge, ColumnJudge | RuleJudge)
        self.found, self.judge = found, found.judge
        self.start, self.before = lesson.model(found, self.judge), lesson.thresholds(found)
        self.pool = lesson.pool(found, self.judge)
        self._place = {
            pair: at for at, pair in enumerate(zip(self.pool.left.tolist(), self.pool.right.tolist(), strict=True))
        }
        self.heed(())

    def heed(self, labels: Iterable[Label]) -> None:
        """Take note of all labels there are; before, none were."""
        said = list(labels)
        self.settled: Settled = settle(said)
        self.taught = self._examples(self.settled.counted)
        self.belief: Belief = believe(self.start, self.taught, move_weights=bool(self.start.weights))
        self.bands: Thresholds = price.bands(self.belief.model.even, self.before, price.WHOLE)
        pairs = {(each.a, each.b) for each in said}
        at = sorted(place for pair in pairs if (place := self._of_pool(*pair)) is not None)
        self._answered = np.zeros(self.pool.size, dtype=np.bool_)
        self._answered[at] = True
        kinds = int(self.pool.kinds.max(initial=-1)) + 1
        self._asked = np.bincount(self.pool.kinds[at], minlength=kinds)
        self.number = len(pairs)

    def _of_pool(self, a: int, b: int) -> int | None:
        return self._place.get((a, b), self._place.get((b, a)))

    def _examples(self, labels: Iterable[Label]) -> Examples:
        said = list(labels)
        return lesson.taught(
            self.judge,
            [each.a for each in said],
            [each.b for each in said],
            [each.verdict == SAME for each in said],
            [each.why != choose.UNSURE for each in said],
        )

    def next(self) -> Asked | None:
        """The next pair to ask about; None when all were."""
        found = choose.choose(self.pool, self.belief, self.bands, self._answered, self.number, self._asked)
        if found is None:
            return None
        a, b = int(self.pool.left[found.at]), int(self.pool.right[found.at])
        return Asked(min(a, b), max(a, b), found.why, self.match(min(a, b), max(a, b)))

    def match(self, a: int, b: int) -> Match:
        """How two rows weigh by what is believed now."""
        bands = Bands(self.bands.auto, self.bands.review)
        return next(self.judge.weighing(self.belief.model.weights, bands).matches([a], [b]))

    @property
    def standing(self) -> Standing:
        tested, right = self.tested(self.belief, self.bands)
        band = self.pool.pairs.weigh(self.belief.model.weights) >= self.bands.auto
        size = round(float(self.pool.stands_for[band].sum()))
        return choose.standing(self.pool, self.belief, self.number, tested, right, size)

    def tested(self, belief: Belief, bands: Thresholds) -> tuple[int, int]:
        """How many labelled pairs were drawn blindly from what these weights join unasked, and how many are same."""
        drawn = [each for each in self.settled.counted if each.why == choose.AUTO]
        if not drawn:
            return 0, 0
        left, right = (np.array(rows, dtype=np.int64) for rows in zip(*((x.a, x.b) for x in drawn), strict=True))
        inside = self.judge.grades(left, right).weigh(belief.model.weights) >= bands.auto
        same = np.array([each.verdict == SAME for each in drawn])
        return int(inside.sum()), int((inside & same).sum())

    def learn(self) -> Learned:
        """What the labels teach, judged on labels that were held out."""
        return learn(self.start, self.taught)
