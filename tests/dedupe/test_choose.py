"""Questions that teach: no two alike, bands tested by blind draws in one order, and a rule that says when to stop."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dedupe import choose
from dedupe.bit import bits
from dedupe.choose import AUTO, NO, TURNS, UNSURE, Pool, Question, Thresholds, at_least, standing, turns
from dedupe.learn import Belief, Model, Pairs, believe, certain, examples

MODEL = Model(((bits(8), bits(3), bits(-4)), (bits(9), bits(2), bits(-6))), bits(7))
BANDS = Thresholds(bits(14), bits(7), bits(4))


def pool(count: int = 900, seed: int = 5) -> Pool:
    """Pairs of all nine kinds, many of some and few of others."""
    random = np.random.default_rng(seed)
    levels = np.minimum(random.geometric(0.5, (count, 2)) - 1, 2).astype(np.int8)
    kinds = np.unique(levels, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    rows = np.arange(count)
    return Pool(
        Pairs(levels, np.zeros(count, dtype=np.int64)), rows, rows + count, np.ones(count), kinds,
        random.permutation(count),
    )  # fmt: skip


def asked(found: Pool, count: int, belief: Belief | None = None) -> list[Question]:
    """The first questions, nobody learning anything meanwhile."""
    answered, kinds, said = np.zeros(found.size, dtype=bool), np.zeros(9, dtype=np.int64), []
    belief = belief or believe(MODEL, none())
    for number in range(count):
        question = choose.choose(found, belief, BANDS, answered, number, kinds)
        if question is None:
            break
        answered[question.at] = True
        kinds[found.kinds[question.at]] += 1
        said.append(question)
    return said


def none() -> object:
    empty = np.zeros(0, dtype=np.int64)
    return examples(Pairs(np.zeros((0, 2), dtype=np.int8), empty), np.zeros(0, dtype=bool), empty, empty)


def test_three_kinds_of_questions_take_turns() -> None:
    said = asked(pool(), 20)
    assert [each.why for each in said] == [*TURNS, *TURNS]
    weights = pool().pairs.weigh(MODEL.weights)
    assert all(weights[each.at] >= BANDS.auto for each in said if each.why == AUTO)
    assert all(weights[each.at] < BANDS.review for each in said if each.why == NO)


def test_blind_draws_follow_one_order_whatever_is_believed() -> None:
    found = pool()
    said = [each.at for each in asked(found, 60) if each.why == AUTO]
    inside = np.flatnonzero(found.pairs.weigh(MODEL.weights) >= BANDS.auto)
    assert set(said) <= set(inside.tolist())
    # Without what the other questions took, they are the first of the order.
    others = {each.at for each in asked(found, 60) if each.why != AUTO}
    order = [at for at in inside[np.argsort(found.turn[inside])].tolist() if at not in others]
    assert said == order[: len(said)]


def test_no_two_questions_in_a_row_are_alike() -> None:
    found = pool()
    kinds = [int(found.kinds[each.at]) for each in asked(found, 40) if each.why == UNSURE]
    assert all(one != other for one, other in pairwise(kinds))
    assert len(set(kinds[:6])) >= 3


def test_what_is_clear_is_not_asked_to_teach() -> None:
    found = pool()
    away = np.abs(certain(MODEL).odds(found.pairs))
    said = [each.at for each in asked(found, 10) if each.why == UNSURE]
    assert away[said].mean() < away.mean()


def test_every_pair_is_asked_once_and_then_none() -> None:
    found = pool(40)
    said = asked(found, 100)
    assert sorted(each.at for each in said) == list(range(40))


def test_the_normal_tail() -> None:
    assert turns(np.array([0.0, 1.0, -1.96, 3.0]), np.ones(4)).tolist() == pytest.approx(
        [0.5, 0.158655, 0.0249979, 0.00135], abs=1e-6
    )


@pytest.mark.parametrize(
    ("right", "tested", "least"), [(0, 0, 0.0), (20, 20, 0.8809), (52, 52, 0.9505), (18, 20, 0.7380)]
)
def test_the_share_that_is_right_for_certain(right: int, tested: int, least: float) -> None:
    assert at_least(right, tested) == pytest.approx(least, abs=1e-3)


def test_it_stops_when_little_may_turn_and_the_auto_band_is_tested() -> None:
    found = pool()
    random = np.random.default_rng(3)
    at = random.permutation(found.size)
    truth = certain(MODEL).odds(found.pairs) >= 0
    changes = []
    for count in (0, 30, 300):
        some = at[:count]
        taught = examples(found.pairs.take(some), truth[some], found.left[some], found.right[some])
        changes.append(standing(found, believe(MODEL, taught), count, 52, 52, 100))
    assert changes[0].change > changes[1].change > changes[2].change
    assert [each.enough for each in changes] == [False, False, True]
    sure = certain(MODEL)
    assert standing(found, sure, 300, 52, 52, 100).change == 0
    assert not standing(found, sure, 300, 52, 50, 100).enough
    assert not standing(found, sure, 300, 10, 10, 100).enough
    assert standing(found, sure, 300, 10, 10, 10).enough  # all of it was tested
    assert standing(found, sure, 300, 0, 0, 0).enough  # nothing joins unasked
