"""Match weights are fixed-point: integers in ten-thousandths of a bit, so that sums and thresholds are exact.

Floats appear once, when a ratio is turned into bits; from there on everything is integer addition, which gives the
same result on every platform and in every order.
"""

from __future__ import annotations

import math

BIT = 10_000
"""Ten-thousandths of a bit in one bit."""


def bits(value: float) -> int:
    """`value` bits as ten-thousandths, rounded half to even."""
    return round(value * BIT)


def log_ratio(numerator: float, denominator: float) -> int:
    """log2(numerator / denominator) in ten-thousandths of a bit; both must be positive."""
    return round(math.log2(numerator / denominator) * BIT)


def share(weight: int, parts: int) -> int:
    """`weight / parts`, rounded towards zero for both signs, so that evidence for and against is cut alike."""
    return weight // parts if weight >= 0 else -(-weight // parts)


def show(weight: int) -> str:
    """For people: `+12.3 bits`."""
    return f"{weight / BIT:+.1f} bits"
