"""Records that break their page, in a list whose pages are counted off: all others come, and each of these is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.errors import Mark, Misconfigured, Retry
from goldbridge.http.counted import Part, Whole, by_parts
from goldbridge.http.narrow import BEHIND_THE_END, IN_A_PAGE

ERROR = Retry("CON002", "HTTP 500")


class Listed:
    """`count` rows, of which some break every page they are on; `down` fails over anything."""

    def __init__(self, count: int, bad: frozenset[int] = frozenset(), *, down: bool = False) -> None:
        self.rows, self.bad, self.down = list(range(count)), bad, down
        self.asked: list[tuple[int, int]] = []

    def ask(self, skip: int, take: int) -> Part[int]:
        self.asked.append((skip, take))
        place = self.rows[skip : skip + take]
        if self.down or any(row in self.bad for row in place):
            raise ERROR
        return Part([{"id": row} for row in place], [], skip + take >= len(self.rows), len(self.rows))


def page(listed: Listed, first: int, size: int, before: str = "") -> Whole[int]:
    return by_parts(listed.ask, "id", first, size, before, ERROR)


def ids(found: Whole[int]) -> list[Any]:
    return [row["id"] for row in found.rows]


@given(st.sets(st.integers(0, 11), min_size=1, max_size=IN_A_PAGE))
def test_all_but_the_bad_ones_come_and_each_of_them_is_told_apart(bad: set[int]) -> None:
    listed = Listed(24, frozenset(bad))
    found = page(listed, 0, 12)
    assert ids(found) == [row for row in range(12) if row not in bad]
    places = [place for place, _ in found.rejects]
    assert len(set(places)) == len(places) == len(bad)
    assert not found.ends


def test_a_place_is_named_by_the_row_ahead_of_it() -> None:
    found = page(Listed(12, frozenset({6, 7})), 6, 6, before="5")
    assert [place for place, _ in found.rejects] == ["after 5", "after 5 +1"]
    assert found.rejects[0][1].message == "HTTP 500; the record after 5 breaks every page it is on"
    assert (ids(found), found.ends, found.told) == ([8, 9, 10, 11], True, 12)
    assert [place for place, _ in page(Listed(4, frozenset({0})), 0, 4).rejects] == ["after the start"]


def test_a_bad_record_at_the_end_says_nothing_about_what_follows() -> None:
    assert not page(Listed(4, frozenset({3})), 0, 4).ends


def test_pages_keep_to_sizes_that_lie_inside_each_other() -> None:
    listed = Listed(30, frozenset({14}))
    page(listed, 0, 15)
    assert all(not skip % take and not 15 % take for skip, take in listed.asked if skip < BEHIND_THE_END)


def test_nothing_is_blamed_on_records_by_a_server_that_is_down_or_by_another_error() -> None:
    listed = Listed(12, down=True)
    with pytest.raises(Retry):
        page(listed, 0, 12)
    assert listed.asked == [(BEHIND_THE_END, 1)]
    late = Retry("CON001", "no answer in time")
    with pytest.raises(Retry) as caught:
        by_parts(listed.ask, "id", 0, 12, "", late)
    assert caught.value is late


def test_too_many_bad_records_are_a_server_that_does_not_work() -> None:
    with pytest.raises(Retry):
        page(Listed(24, frozenset(range(IN_A_PAGE + 1))), 0, 12)


def test_to_be_refused_a_page_behind_the_end_is_an_answer() -> None:
    listed = Listed(4, frozenset({1}))

    def ask(skip: int, take: int) -> Part[int]:
        if skip == BEHIND_THE_END:
            raise Misconfigured.one("CON011", "no such page", Mark("config/sources.yaml"))
        return listed.ask(skip, take)

    assert ids(by_parts(ask, "id", 0, 4, "", ERROR)) == [0, 2, 3]
