"""Bands from costs: dearer mistakes make wider bands, and odds that claim too much are believed in part."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.bit import bits
from dedupe.choose import Thresholds
from dedupe.learn import Learned, Model, certain
from dedupe.price import WHOLE, Trust, bands, minutes, slope, trusted

BEFORE = Thresholds(bits(24), bits(14), bits(8))


def test_without_costs_bands_keep_their_distance_from_even() -> None:
    assert bands(bits(14), BEFORE, WHOLE) == BEFORE
    assert bands(bits(10), BEFORE, WHOLE) == Thresholds(bits(20), bits(10), bits(4))
    assert bands(bits(14), BEFORE, Trust(0.5, 0.75)) == Thresholds(bits(34), bits(14), bits(6))


@given(st.floats(2, 1e6), st.floats(2, 1e6))
def test_the_costs_come_back_from_the_bands(wrong: float, missed: float) -> None:
    found = bands(bits(10), BEFORE, WHOLE, wrong, missed)
    assert found.review <= found.even <= found.auto
    assert minutes(found.auto - found.even) == pytest.approx(wrong, rel=1e-3)
    assert minutes(found.even - found.review) == pytest.approx(missed, rel=1e-3)


def test_a_dearer_mistake_makes_a_wider_band() -> None:
    cheap, dear = (bands(bits(10), BEFORE, WHOLE, cost, 9) for cost in (10, 1000))
    assert dear.auto > cheap.auto
    assert dear.review == cheap.review
    # A question costs a minute: at a thousand minutes a pair joins where one of a thousand is wrong.
    assert dear.auto - bits(10) == bits(9.9643)  # log2(999)
    assert bands(bits(10), BEFORE, WHOLE, 1.0, 1.0) == Thresholds(bits(10), bits(10), bits(10))


def test_odds_that_claim_too_much_are_believed_in_part() -> None:
    random = np.random.default_rng(4)
    odds = random.normal(0, 6, 400)
    honest = random.random(400) < 1 / (1 + np.exp2(-odds))
    boastful = random.random(400) < 1 / (1 + np.exp2(-odds / 3))
    modest = random.random(400) < 1 / (1 + np.exp2(-odds * 3))
    assert slope(odds, honest) > 0.85
    assert slope(odds, boastful) < 0.6
    assert slope(odds, modest) == 1.0
    assert slope(np.zeros(0), np.zeros(0, dtype=bool)) == 1.0
    assert slope(np.array([9.0]), np.array([False])) > 0.6  # one label is not much


def test_labels_chosen_where_the_model_wavers_say_nothing_about_its_claims() -> None:
    odds = np.array([9.0, 8.0, 9.0, 7.0, 9.0, 8.0])
    same, blind = np.array([False, False, False, True, True, True]), np.array([False, False, False, True, True, True])
    learned = Learned("weights", certain(Model((), 0)), (), odds, same, blind)
    assert trusted(learned) == WHOLE
    assert trusted(learned._replace(blind=~blind)).above < 0.6
    assert trusted(learned._replace(blind=~blind)).below == 1.0
    assert trusted(learned._replace(blind=~blind, odds=-odds, same=~same)).below < 0.6
    assert trusted(learned._replace(blind=~blind, few=True)) == WHOLE
