"""Match weights are whole numbers, cut alike on both sides of zero."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.bit import BIT, bits, log_ratio, share, show

WEIGHTS = st.integers(-(10**9), 10**9)


@pytest.mark.parametrize(
    ("value", "weight"), [(24, 240_000), (1.5, 15_000), (-0.00005, 0), (0.00025, 2), (-24, -240_000)]
)
def test_bits(value: float, weight: int) -> None:
    assert bits(value) == weight
    assert isinstance(bits(value), int)


def test_a_ratio_of_two_is_one_bit() -> None:
    assert log_ratio(2, 1) == BIT
    assert log_ratio(1, 2) == -BIT
    assert log_ratio(7, 7) == 0


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_turning_a_ratio_round_changes_its_sign(one: int, two: int) -> None:
    assert log_ratio(one, two) == -log_ratio(two, one)


@given(WEIGHTS, st.integers(1, 64))
def test_a_share_is_rounded_towards_zero(weight: int, parts: int) -> None:
    found = share(weight, parts)
    assert found == int(weight / parts) or abs(weight) > 2**50
    assert share(-weight, parts) == -found
    assert abs(found * parts) <= abs(weight) < abs(found * parts) + parts


def test_shown_for_people() -> None:
    assert show(bits(12.34)) == "+12.3 bits"
    assert show(bits(-3)) == "-3.0 bits"
