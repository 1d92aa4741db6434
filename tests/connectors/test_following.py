"""Following what is listed by its time of start only: when two listings must agree, and what is said when none do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Completeness, Page, Position, Reading
from connectors.following import Progress, Trail, follow
from goldbridge.errors import Halt, Retry

ALL = [f"k{number}" for number in range(9)]
Listing = Callable[[int, int, str], tuple[list[str], str]]


def trail(list_page: Listing, runs: Callable[[dict[str, Any]], bool] = lambda row: False) -> Trail:
    return Trail(
        subject="demo stream",
        list_page=list_page,
        detail=lambda key: {"key": key},
        runs=runs,
        started=lambda row: 5,
        alive=lambda: None,
        span=100,
        chunk=4,
        threads=1,
        follow=3,
        loop_code="CON252",
    )


def run(found: Trail, start: Position | None = None, end: int = 100) -> tuple[list[str], list[Page], Completeness]:
    reading = Reading(follow(found, start, end, 0))
    pages = list(reading)
    assert reading.completeness is not None
    return [row["key"] for page in pages for row in page.rows], pages, reading.completeness


def paged(listings: list[list[str]]) -> Listing:
    """Pages of three; each new listing (no token) takes the next of `listings`, the last one stays."""
    current: list[str] = []

    def list_page(first: int, last: int, token: str) -> tuple[list[str], str]:
        nonlocal current
        if not token:
            current = listings.pop(0) if len(listings) > 1 else listings[0]
        at = int(token or 0)
        return current[at : at + 3], str(at + 3) if at + 3 < len(current) else ""

    return list_page


def test_two_listings_that_agree_are_enough() -> None:
    keys, _, verdict = run(trail(paged([ALL[1:], ALL, ALL])))
    assert (sorted(keys), verdict.proven) == (ALL, True)


def test_a_list_that_never_stands_still_is_taken_together_and_said() -> None:
    keys, _, verdict = run(trail(paged([ALL[1:], ALL[:-1], ALL[1:], ALL[:-1]])))
    assert sorted(keys) == ALL
    assert "did not stand still" in verdict.reason


def test_a_single_page_needs_no_second_listing() -> None:
    listings = [ALL[:3], []]
    keys, _, verdict = run(trail(paged(listings)))
    assert (keys, verdict.proven, listings) == (ALL[:3], True, [[]])


def test_an_empty_page_in_the_middle_makes_the_listing_worth_nothing() -> None:
    def list_page(first: int, last: int, token: str) -> tuple[list[str], str]:
        return ([], "3") if not token else (ALL[3:6], "")

    keys, _, verdict = run(trail(list_page))
    assert keys == ALL[3:6]
    assert not verdict.proven


def test_a_token_that_leads_back_is_a_loop() -> None:
    def list_page(first: int, last: int, token: str) -> tuple[list[str], str]:
        return ([f"from {token}"], {"": "a", "a": "b", "b": "a"}[token])

    with pytest.raises(Halt, match="paging loop") as caught:
        run(trail(list_page))
    assert caught.value.code == "CON252"


def test_a_border_between_windows_is_met_once() -> None:
    def list_page(first: int, last: int, token: str) -> tuple[list[str], str]:
        return [f"at {at}" for at in (50, 100, 150) if first <= at <= last], ""

    assert run(trail(list_page), end=200)[0] == ["at 50", "at 100", "at 150"]


def test_positions_only_grow_and_name_what_runs() -> None:
    found = trail(paged([ALL]), runs=lambda row: row["key"] in ("k1", "k8"))
    _, pages, _ = run(found)
    positions = [page.at for page in pages if page.at is not None]
    assert positions == sorted(positions, key=lambda at: (int(at.cursor), at.tie))
    assert positions[-1] == Position("100", '000001::["k1","k8"]')
    assert Progress(positions[-1]).rewound(30) == Position("100", '000001:70:["k1","k8"]')


def test_too_many_to_name_are_listed_again_from_the_oldest() -> None:
    _, pages, _ = run(trail(paged([ALL]), runs=lambda row: True))
    assert pages[-1].at == Position("100", "000001::@5")
    assert Progress(pages[-1].at).lower == 4


def test_when_none_of_many_can_be_had_the_server_is_to_blame() -> None:
    found = replace(trail(paged([ALL[:3]])), detail=lambda key: Retry("CON002", f"{key}: HTTP 503"))
    with pytest.raises(Retry, match="k0: HTTP 503"):
        run(found)
