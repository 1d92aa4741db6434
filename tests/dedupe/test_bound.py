"""Pairs that are spared the scales: each of them would have been a `no`."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from dedupe.bit import bits
from dedupe.bound import hopeless
from dedupe.prepare import Prepared, prepare
from dedupe.rule import Bands, Rules
from dedupe.score import score
from dedupe.statistic import Statistics, statistics
from tests.dedupe.world import UNCOUNTED, Record, credit_code, crowd

DOOR = {"line": "浙江省杭州市西湖区文一路1号", "region": "330106"}
NEXT_DOOR: Record = {
    "phones": ["0571-87654321"], "emails": ["a@example.com.cn"], "address": DOOR, "website": "www.example.com.cn",
}  # fmt: skip


@pytest.fixture(scope="module")
def people(rules: Rules) -> list[Prepared]:
    """Companies with slips, and neighbours that share everything but a name."""
    near = [{**NEXT_DOOR, "name": f"杭州{brand}科技有限公司"} for brand in ("甲乙", "丙丁", "戊己", "丙乙", "甲丁戊")]
    coded = [{**one, "credit_code": credit_code(1 + at % 2)} for at, one in enumerate(near)]
    former = [
        {**near[0], "former_names": ["杭州丙丁科技有限公司"]},
        {"name": "丙丁", "registration_no": "330100012345"},
    ]
    return [prepare(rules, record) for record in (*crowd(), *near, *coded, *former)]


@pytest.mark.parametrize("counted", [True, False])
def test_who_is_spared_is_a_no(rules: Rules, people: list[Prepared], counted: bool) -> None:
    numbers = statistics(rules, people) if counted else UNCOUNTED
    spared = 0
    for a, b in combinations(people, 2):
        if hopeless(rules, numbers, a, b):
            assert score(rules, numbers, a, b).band == "no", (a, b)
            assert hopeless(rules, numbers, b, a)
            spared += 1
    assert spared > len(people) ** 2 / 6, "a third of all pairs are strangers"


def test_nobody_is_spared_when_a_question_starts_low(rules: Rules, people: list[Prepared]) -> None:
    low = Bands(auto=bits(24), review=bits(4), margin=bits(2))
    assert not any(hopeless(replace(rules, bands=low), UNCOUNTED, people[0], other) for other in people)
    own = Statistics(bands=low)
    assert not any(hopeless(rules, own, people[0], other) for other in people)
