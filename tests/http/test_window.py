"""Walking a window by key: no gap between walks, no row lost to a loop, a short page or a poisonous record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.errors import Halt, Reject, Retry
from goldbridge.http.window import Steps, Walk, by_difference, by_number, pages, plan, rewound

Ask = Callable[[str, int, int], Sequence[dict[str, Any]]]
START = Walk("t0", "t0", "t9")


def _back(minutes: int) -> Any:
    return lambda text: f"{max(0, int(text) - minutes):06d}"


def _read(ask: Any, follows: Any = by_number, limit: int = 4) -> tuple[list[Any], list[Any], list[Walk]]:
    found = list(pages(Steps(ask, "id", follows, "demo thing", "CON043"), START, limit))
    rows = [row["id"] for page in found for row in page.rows]
    return rows, [reject for page in found for reject in page.rejects], [page.walk for page in found]


def _table(count: int, poison: int = 0) -> Ask:
    def ask(after: str, limit: int, skip: int) -> Sequence[dict[str, Any]]:
        ids = [number for number in range(1, count + 1) if number > int(after or 0)][skip : skip + limit]
        if poison in ids:
            raise Retry("CON002", "HTTP 500")
        return [{"id": number} for number in ids]

    return ask


@given(st.integers(0, 10**5), st.integers(0, 10**5), st.integers(0, 10**4), st.booleans())
def test_a_plan_leaves_no_gap(start: int, end: int, overlap: int, interrupted: bool) -> None:
    back, cursor, tie = _back(overlap), f"{start:06d}", ""
    if interrupted:
        cursor, tie = plan(*rewound(cursor, "", back), f"{start + 500:06d}", back)[0]._replace(after="7", step=1).at()
        assert rewound(cursor, tie, back) == (cursor, tie)
    walks = plan(*rewound(cursor, tie, back), f"{end:06d}", back)
    assert walks[0].lower <= f"{start:06d}"
    assert all(later.lower <= earlier.upper for earlier, later in pairwise(walks))
    assert walks[-1].upper >= f"{end:06d}"
    assert walks[-1].done()[0] >= f"{start:06d}"
    assert walks[0].after == ("7" if interrupted else "")


def test_positions_grow_although_keys_do_not_sort_as_text() -> None:
    rows, _, walks = _read(_table(23))
    assert rows == list(range(1, 24))
    ties = [walk.at()[1] for walk in walks]
    assert ties == sorted(ties)
    assert [walk.after for walk in walks][:3] == ["4", "8", "12"]


@pytest.mark.parametrize("poison", [1, 6, 11])
def test_f27_one_poisonous_record_is_stepped_over(poison: int) -> None:
    rows, rejects, _ = _read(_table(11, poison))
    assert rows == [number for number in range(1, 12) if number != poison]
    assert [key for key, _ in rejects] == [f"after {poison - 1 or ''}"]


def test_f27_a_server_that_is_down_blames_no_record() -> None:
    def down(after: str, limit: int, skip: int) -> Sequence[dict[str, Any]]:
        raise Retry("CON002", "HTTP 503")

    with pytest.raises(Retry):
        _read(down)


def test_f8_f6_short_pages_go_on_and_a_repeated_one_is_asked_for_again() -> None:
    whole: Ask = _table(9)
    calls: list[str] = []

    def ask(after: str, limit: int, skip: int) -> Sequence[dict[str, Any]]:
        calls.append(after)
        if len(calls) == 2:
            return whole("", limit, skip)
        return whole(after, limit - 1, skip)

    assert _read(ask)[0] == list(range(1, 10))


@pytest.mark.parametrize("follows", [by_number, by_difference])
def test_f6_a_page_that_repeats_for_ever_is_a_loop(follows: Any) -> None:
    with pytest.raises(Halt, match="paging loop") as caught:
        _read(lambda after, limit, skip: [{"id": 1}, {"id": 2}], follows)
    assert caught.value.code == "CON043"


def test_a_row_without_its_key_is_no_page() -> None:
    with pytest.raises(Halt, match="paging loop"):
        _read(lambda after, limit, skip: [{"id": None}], by_difference)


def test_a_refused_question_stops_the_walk() -> None:
    def refuse(after: str, limit: int, skip: int) -> Sequence[dict[str, Any]]:
        raise Reject("CON012", "no such field")

    with pytest.raises(Halt):
        _read(refuse)
