"""The shipped rules for parties, ready to judge with."""

from __future__ import annotations

import pytest
from hypothesis import settings

from dedupe.prepare import prepare
from dedupe.rule import Rules
from dedupe.score import Match, score
from dedupe.statistic import Statistics, statistics
from tests.dedupe.world import UNCOUNTED, Counting, Judging, Record, shipped

# An example that is the first to need pinyin loads its dictionary; how long one takes is not what is tested here.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def rules() -> Rules:
    return shipped("party")


@pytest.fixture(scope="session")
def judge(rules: Rules) -> Judging:
    def judged(one: Record, two: Record, among: Statistics = UNCOUNTED) -> Match:
        return score(rules, among, prepare(rules, one), prepare(rules, two))

    return judged


@pytest.fixture(scope="session")
def count(rules: Rules) -> Counting:
    def counted(records: list[Record]) -> Statistics:
        return statistics(rules, [prepare(rules, record) for record in records])

    return counted
