"""Learning from labels: few change little, their order does not matter, weights fall, and help is proven on others."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.bit import BIT, bits
from dedupe.learn import (
    FEWEST,
    KEPT,
    THRESHOLD,
    WEIGHTS,
    Examples,
    Model,
    Pairs,
    believe,
    certain,
    examples,
    folds,
    learn,
    loss,
    pooled,
)

TRUE = Model(((bits(8), bits(4), bits(-4)), (bits(7), bits(-5)), (bits(5), bits(1), bits(-2))), bits(6))
"""By these the made-up answers are drawn."""
WRONG = Model(((bits(3), bits(2), bits(-1)), (bits(12), bits(-2)), (bits(9), bits(1), bits(-6))), bits(6))


def drawn(count: int, seed: int = 1, model: Model = TRUE) -> tuple[Pairs, np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of records of their own, and what somebody who knows says about them."""
    random_ = np.random.default_rng(seed)
    levels = np.stack([random_.integers(-1, len(table), count) for table in model.weights], axis=1).astype(np.int8)
    pairs = Pairs(levels, random_.integers(-BIT, BIT, count))
    odds = (pairs.weigh(model.weights) - model.even) / BIT
    same = random_.random(count) < 1 / (1 + np.exp2(-odds))
    return pairs, same, np.arange(count), np.arange(count) + count


def test_without_a_label_nothing_moves() -> None:
    pairs, same, left, right = drawn(0)
    assert believe(TRUE, examples(pairs, same, left, right)).model == TRUE
    found = learn(TRUE, examples(pairs, same, left, right))
    assert (found.choice, found.belief.model, found.few) == (KEPT, TRUE, True)


@pytest.mark.parametrize("same", [True, False])
def test_one_label_moves_a_little_and_to_its_side(same: bool) -> None:
    pairs = Pairs(np.array([[1, 0, 1]], dtype=np.int8), np.array([bits(-6)]))
    before = certain(TRUE).odds(pairs)[0]
    taught = examples(pairs, np.array([same]), np.array([1]), np.array([2]))
    after = believe(TRUE, taught)
    assert abs(after.model.even - TRUE.even) < bits(4)
    assert (after.odds(pairs)[0] > before) == same
    for old, new in zip(TRUE.weights, after.model.weights, strict=True):
        assert max(abs(one - two) for one, two in zip(old, new, strict=True)) < bits(1)


@given(st.integers(1, 60), st.integers(0, 10_000))
def test_the_order_of_the_labels_does_not_matter(count: int, seed: int) -> None:
    pairs, same, left, right = drawn(count, seed)
    left, right = left % 7, right % 11 + 7  # many share a record
    order = np.random.default_rng(seed).permutation(count)
    one = learn(WRONG, examples(pairs, same, left, right))
    two = learn(WRONG, examples(pairs.take(order), same[order], right[order], left[order]))
    assert one.belief.model == two.belief.model
    assert one.trials == two.trials


@given(st.integers(0, 80), st.integers(0, 10_000))
def test_weights_are_integers_that_never_rise(count: int, seed: int) -> None:
    pairs, same, left, right = drawn(count, seed)
    same = np.random.default_rng(seed).random(count) < 0.5  # whatever people say
    model = believe(TRUE, examples(pairs, same, left, right)).model
    for table in model.weights:
        assert all(isinstance(weight, int) for weight in table)
        assert all(more >= less for more, less in pairwise(table))
    assert pairs.weigh(model.weights).dtype == np.int64


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=8))
def test_pooled_values_never_rise_and_keep_their_sum(values: list[float]) -> None:
    found = pooled(values).tolist()
    assert all(one >= two - 1e-9 for one, two in pairwise(found))
    assert sum(found) == pytest.approx(sum(values), abs=1e-6)
    if all(one >= two for one, two in pairwise(values)):
        assert found == pytest.approx(values)


def test_labels_help_where_the_weights_are_wrong() -> None:
    found = learn(WRONG, examples(*drawn(300)))
    assert found.choice == WEIGHTS
    assert found.proven
    kept, *_, moved = found.trials
    assert moved.wrong < kept.wrong
    # On pairs nobody labelled, too.
    pairs, same, *_ = drawn(5000, seed=2)
    before, after = (loss(each.odds(pairs), same).mean() for each in (certain(WRONG), found.belief))
    best = loss(certain(TRUE).odds(pairs), same).mean()
    assert after - best < (before - best) / 3


def test_a_wrong_threshold_is_found_without_touching_weights() -> None:
    found = learn(TRUE._replace(even=bits(1)), examples(*drawn(200)))
    assert found.choice in (THRESHOLD, WEIGHTS)
    assert abs(found.belief.model.even - TRUE.even) < bits(2)
    rules = learn(Model((), bits(1)), examples(*settled(drawn(200))))
    assert (rules.choice, rules.proven) == (THRESHOLD, True)
    assert rules.belief.model.weights == ()
    assert abs(rules.belief.model.even - TRUE.even) < bits(1.5)


def settled(
    found: tuple[Pairs, np.ndarray, np.ndarray, np.ndarray],
) -> tuple[Pairs, np.ndarray, np.ndarray, np.ndarray]:
    """As rules give them: a weight and no levels."""
    pairs, *rest = found
    return Pairs(np.zeros((len(pairs.fixed), 0), dtype=np.int8), pairs.weigh(TRUE.weights)), *rest


@pytest.mark.parametrize("seed", range(5))
def test_labels_do_not_help_for_certain_where_the_weights_are_right(seed: int) -> None:
    found = learn(TRUE, examples(*drawn(150, seed=seed)))
    assert not found.proven
    assert found.reason.startswith("on labels held out")
    # And what little moves does no harm on others.
    pairs, same, *_ = drawn(5000, seed=99)
    assert loss(found.belief.odds(pairs), same).mean() < loss(certain(TRUE).odds(pairs), same).mean() * 1.05


def test_too_few_labels_or_one_answer_teach_nothing() -> None:
    pairs, same, left, right = drawn(FEWEST - 1)
    found = learn(WRONG, examples(pairs, same, left, right))
    assert (found.choice, found.few) == (KEPT, True)
    assert "too few" in found.reason
    pairs, same, left, right = drawn(50)
    found = learn(WRONG, examples(pairs, np.ones(50, dtype=bool), left, right))
    assert found.reason == "all 50 labels say same: nothing tells the two apart"
    found = learn(WRONG, examples(pairs, same, np.zeros(50, dtype=np.int64), right))
    assert "none can be held out" in found.reason


def test_pairs_that_share_a_record_are_held_out_together() -> None:
    pairs, same, left, right = drawn(60)
    taught = examples(pairs, same, left % 12, right)
    fold = folds(taught)
    for group in np.unique(taught.groups):
        assert len(np.unique(fold[taught.groups == group])) == 1
    assert len(np.unique(taught.groups)) == 12
    assert len(np.unique(fold)) == 10


def test_a_wrong_key_does_not_decide_a_trial() -> None:
    assert loss(np.array([-40.0]), np.array([True]))[0] == pytest.approx(6.64, abs=0.01)
    assert loss(np.array([0.0]), np.array([True]))[0] == pytest.approx(1.0)


def test_more_labels_leave_less_doubt() -> None:
    pairs, *_ = drawn(100, seed=3)
    doubts = [believe(TRUE, examples(*drawn(count))).spread(pairs).mean() for count in (0, 20, 200)]
    assert doubts[0] > doubts[1] > doubts[2]


def test_examples_are_sorted_by_their_content() -> None:
    pairs, same, left, right = drawn(20)
    order = list(range(20))
    random.Random(3).shuffle(order)
    one: Examples = examples(pairs, same, left, right)
    two: Examples = examples(pairs.take(np.array(order)), same[order], left[order], right[order])
    assert one.pairs.levels.tolist() == two.pairs.levels.tolist()
    assert one.same.tolist() == two.same.tolist()
