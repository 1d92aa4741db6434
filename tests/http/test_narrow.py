"""Records that break their page: all others come, what it costs is bounded, and a server that is down blames nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import ceil, log2
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.errors import Halt, Mark, Misconfigured, Reject, Retry
from goldbridge.http.narrow import BEHIND_THE_END, IN_A_PAGE, IN_A_ROW, SERVER_FAULTS, Narrowing, Rejects


@dataclass
class Table:
    """Rows 1..count by key; `bad` ones break what holds them, `cap` is the most that a page gives."""

    count: int
    bad: frozenset[int] = frozenset()
    cap: int = 10**6
    asked: int = 0
    limits: list[int] = field(default_factory=list)
    works: Callable[[int], bool] = lambda _: True

    def ask(self, after: int, limit: int, skip: int) -> list[dict[str, Any]]:
        self.asked += 1
        self.limits.append(limit)
        keys = range(after + 1, self.count + 1)[skip : skip + min(limit, self.cap)]
        if self.bad.intersection(keys) or not self.works(self.asked):
            raise Retry("CON002", "HTTP 500", after_s=7.0)
        return [{"id": key} for key in keys]

    def read(self, size: int) -> tuple[list[int], Rejects]:
        after, found, rejects = 0, list[int](), Rejects()
        narrowing = Narrowing(size, lambda: self.ask(after, 1, BEHIND_THE_END))
        while True:
            rows, passed = narrowing.next(partial(self.ask, after), f"after {after}")
            rejects += passed
            if not rows:
                return found, rejects
            found += [row["id"] for row in rows]
            after = found[-1]


def _most(size: int, bad: int) -> int:
    """What the module says a page may cost."""
    return bad * (ceil(log2(size)) + 6)


@given(
    size=st.integers(1, 200),
    count=st.integers(0, 400),
    bad=st.sets(st.integers(1, 400), max_size=IN_A_ROW),
    cap=st.integers(1, 300),
)
def test_f27_whatever_is_bad_all_others_come_once_and_each_is_told_by_a_place_of_its_own(
    size: int, count: int, bad: set[int], cap: int
) -> None:
    table = Table(count, frozenset(bad), cap)
    found, rejects = table.read(size)
    bad = {key for key in bad if key <= count}
    assert found == [key for key in range(1, count + 1) if key not in bad]
    assert len({place for place, _ in rejects}) == len(rejects) == len(bad)


@pytest.mark.parametrize("size", [3, 100, 1000])
@pytest.mark.parametrize("bad", [{1}, {500, 501}, {1, 1000}, {7, 8, 9, 10}, {1, 3, 5, 7, 9, 11, 13, 15, 17, 19}])
def test_f27_what_bad_records_cost_is_bounded(size: int, bad: set[int]) -> None:
    table = Table(1000, frozenset(bad))
    if size == 3:
        assert len(table.read(size)[1]) == len(bad)
    else:
        assert len(table.read(size)[0]) == 1000 - len(bad)
    assert table.asked <= 1000 // size + 2 + _most(size, len(bad))


def test_pages_are_whole_again_behind_a_bad_record_and_after_a_fault_that_passed() -> None:
    table = Table(1000, frozenset({5}))
    table.read(100)
    assert table.limits[-5:] == [100] * 5
    passing = Table(1000, works=lambda asked: asked != 1)
    assert len(passing.read(100)[0]) == 1000
    assert passing.limits[-5:] == [100] * 5


def test_the_first_question_behind_a_bad_record_is_for_a_whole_page() -> None:
    table = Table(1000, frozenset({1}))
    table.read(100)
    assert table.limits[:6] == [100, 1, 1, 1, 100, 100]  # the page, nothing, the first, the one behind it


def test_f27_records_next_to_each_other_are_told_by_how_far_behind_the_last_one_they_stand() -> None:
    _, rejects = Table(20, frozenset({7, 8, 20})).read(10)
    assert [place for place, _ in rejects] == ["after 6", "after 6 +1", "after 19"]
    assert [reject.code for _, reject in rejects] == ["CON002"] * 3
    assert rejects[1][1].message == "HTTP 500; the record after 6 +1 breaks every page it is on"


def test_f27_a_server_that_fails_over_every_record_is_left_alone_after_a_few_questions() -> None:
    table = Table(1000, frozenset(range(1, 1001)))
    with pytest.raises(Retry, match=f"more than {IN_A_ROW} records in a row after 0 break") as caught:
        table.read(1000)
    assert (caught.value.code, caught.value.after_s) == ("CON002", 7.0)
    assert table.asked == IN_A_ROW + 3  # the page, nothing, and one after the other


def test_f27_as_many_as_that_in_a_row_are_passed_over() -> None:
    found, rejects = Table(30, frozenset(range(11, 11 + IN_A_ROW))).read(10)
    assert (len(found), len(rejects)) == (30 - IN_A_ROW, IN_A_ROW)


def test_f27_a_page_full_of_them_is_a_server_that_does_not_work() -> None:
    every_second = range(1, 1000, 2)
    table = Table(1000, frozenset(every_second))
    with pytest.raises(Retry, match=f"more than {IN_A_PAGE} records among 100 after 20 break"):
        table.read(100)
    assert table.asked <= _most(100, IN_A_PAGE + 1)


def test_f27_many_in_all_are_passed_over_where_none_of_the_pages_is_full_of_them() -> None:
    every_twentieth = frozenset(range(20, 2001, 20))
    assert len(Table(2000, every_twentieth).read(100)[1]) == 100


def test_f28_a_server_that_is_down_blames_nobody_and_gets_two_questions() -> None:
    table = Table(1000, works=lambda _: False)
    with pytest.raises(Retry, match=r"^CON002 HTTP 500$"):
        table.read(100)
    assert table.asked == 2


def test_f28_a_server_that_goes_down_while_a_page_is_narrowed_blames_nobody() -> None:
    table = Table(1000, frozenset({40}), works=lambda asked: asked < 6)
    with pytest.raises(Retry, match="more than"):
        table.read(100)


@pytest.mark.parametrize(
    "refusal", [Halt("CON012", "far"), Misconfigured.one("CON011", "no", Mark("x")), Reject("CON012", "no")]
)
def test_to_be_refused_a_page_behind_the_end_is_an_answer(refusal: Exception) -> None:
    def refuse() -> None:
        raise refusal

    narrowing, table = Narrowing(10, refuse), Table(10, frozenset({1}))
    rows, rejects = narrowing.next(lambda limit, skip: table.ask(0, limit, skip), "after 0")
    assert ([row["id"] for row in rows], len(rejects)) == ([2], 1)


def test_other_trouble_than_a_fault_of_the_server_is_raised_at_once() -> None:
    def throttled(limit: int, skip: int) -> list[dict[str, Any]]:
        raise Retry("CON003", "HTTP 429")

    assert "CON003" not in SERVER_FAULTS
    with pytest.raises(Retry, match=r"^CON003 HTTP 429$"):
        Narrowing(10, list).next(throttled, "after 0")
