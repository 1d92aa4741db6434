"""Gates: what was never measured meets none, and a waiver helps only where the gate says so."""

from __future__ import annotations

import pytest

from flows.cutover.gate import built_in
from flows.cutover.world import percentile, plain


@pytest.mark.parametrize(
    ("text", "numbers", "waived", "met", "excused"),
    [
        ("recon.count.diff == 0", {"recon.count.diff": 0}, False, True, False),
        ("recon.count.diff == 0", {"recon.count.diff": 1}, False, False, False),
        ("recon.count.diff == 0", {"recon.count.diff": 1}, True, False, False),
        ("recon.count.diff == 0", {}, False, False, False),
        ("recon.count.diff != 5", {}, False, False, False),  # nothing is not "something else than 5"
        ("dead_letters == 0 || waived", {"dead_letters": 3}, False, False, False),
        ("dead_letters == 0 || waived", {"dead_letters": 3}, True, True, True),
        ("dead_letters == 0 || waived", {"dead_letters": 0}, True, True, False),
        ("dead_letters == 0 || waived", {}, True, True, True),
        ("lag.p99_s < 300 && tasks.open < 50", {"lag.p99_s": 12.5, "tasks.open": 3}, False, True, False),
        ("hours_in_phase >= 24", {"hours_in_phase": 23.99}, False, False, False),
        ("records.landed - records.members <= 5", {"records.landed": 7, "records.members": 2}, False, True, False),
        ("records.landed + 'x' == 1", {"records.landed": 7}, False, False, False),
    ],
)
def test_verdicts(text: str, numbers: dict[str, float], waived: bool, met: bool, excused: bool) -> None:
    """Guard: flows.cutover.gate:Gate.decide"""
    verdict = built_in(text).decide(numbers, waived)
    assert (verdict.met, verdict.excused) == (met, excused)
    assert bool(verdict.why) != (met and not excused)


def test_a_sum_is_no_nought_for_being_small() -> None:
    assert plain(1) == 1
    assert plain(10**-9) != 0
    assert plain(10**20) == 1e20


def test_the_99th_of_100() -> None:
    assert percentile([]) == 0
    assert percentile([5]) == 5
    assert percentile(list(range(1, 101))) == 99
    assert percentile(list(range(1, 102))) == 100
