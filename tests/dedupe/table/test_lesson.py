"""What can be asked about: pairs near a decision whole, a sample of many, none that a veto keeps apart."""

from __future__ import annotations

import numpy as np
import pytest

from dedupe.table import company, general, lesson
from dedupe.table.engine import guess_columns
from dedupe.table.judge import ColumnJudge, RuleJudge
from tests.dedupe.table.people import people
from tests.dedupe.table.test_company import ROWS, table
from tests.dedupe.table.test_judge import KINDS


def test_the_pool_holds_what_is_near_and_stands_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    cells, _ = people(150, 40)
    found = general.resolve(cells, KINDS)
    judge = found.judge
    assert isinstance(judge, ColumnJudge)
    whole = lesson.pool(found, judge)
    weights = judge.candidates().weights
    near = int((weights >= found.even - lesson.NEAR).sum())
    assert whole.stands_for.sum() == pytest.approx(len(weights))
    assert (whole.pairs.weigh(judge.tables()) >= found.even - lesson.NEAR).sum() == near
    monkeypatch.setattr(lesson, "MOST_NEAR", 50)
    monkeypatch.setattr(lesson, "MOST_FAR", 10)
    few = lesson.pool(found, judge)
    assert few.size == 60
    assert few.stands_for.sum() == pytest.approx(len(weights))


def test_grades_weigh_as_the_run_did() -> None:
    for found in (
        general.resolve(people(150, 40)[0], KINDS),
        company.resolve(table(ROWS), guess_columns(table(ROWS), {})),
    ):
        judge = found.judge
        assert isinstance(judge, ColumnJudge | RuleJudge)
        left, right, weights, _ = judge.candidates()
        assert len(left)
        assert judge.grades(left, right).weigh(judge.tables()).tolist() == weights.tolist()


def test_pairs_of_a_veto_are_not_asked_about() -> None:
    cells = table(ROWS)
    found = company.resolve(cells, guess_columns(cells, {}))
    judge = found.judge
    assert isinstance(judge, RuleJudge)
    met = judge.candidates()
    pool = lesson.pool(found, judge)
    asked = set(zip(pool.left.tolist(), pool.right.tolist(), strict=True))
    for a, b, vetoed in zip(met.left.tolist(), met.right.tolist(), met.vetoed.tolist(), strict=True):
        assert ((a, b) in asked) == (not vetoed)
    assert met.vetoed.any()


def test_ranks_are_equal_for_equal_rows_only() -> None:
    cells = {"name": ["anna kob", "berta lim", "anna kob", "anna kop"], "phone": ["1234567", "2345678", "1234567", ""]}
    found = general.resolve(cells, {"name": "name", "phone": "code"})
    judge = found.judge
    assert isinstance(judge, ColumnJudge)
    ranks = judge.ranks()
    assert ranks[0] == ranks[2]
    assert len(np.unique(ranks)) == 3
