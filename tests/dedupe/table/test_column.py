"""What a column holds is guessed from header and content, and the guess says how sure it is and why."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.table.column import KINDS, OUTPUT, Guess, guess
from tests.dedupe.table.people import Maker
from tests.dedupe.world import credit_code

MAKE = Maker(3)
NAMES = [MAKE.name() for _ in range(40)]
COMPANIES = [f"杭州{a}{b}科技有限公司" for a in "华信诚恒泰" for b in "鑫瑞金龙德博远联"]
VALUES: dict[str, list[str]] = {
    "organisation": COMPANIES,
    "identifier": [credit_code(number) for number in range(40)],
    "email": [f"user{number}@example.com" for number in range(40)],
    "phone": [f"0571-8765{number:04d}" for number in range(40)],
    "domain": [f"www.example{number}.com" for number in range(40)],
    "date": [f"2024-03-{day:02}" for day in range(1, 31)] + ["2024年4月1日"] * 10,
    "address": [f"浙江省杭州市滨江区江南大道{number}号" for number in range(40)],
    "text": [f"{MAKE.name()} {MAKE.name()} {MAKE.name()}" for _ in range(40)],
    "number": [f"{number}.50" for number in range(40)],
    "category": ["red", "blue"] * 20,
    "name": NAMES,
}


def guessed(header: str, values: list[str]) -> Guess:
    return guess({header: values})[0]


@pytest.mark.parametrize("kind", VALUES)
def test_content_alone_tells_the_kind(kind: str) -> None:
    found = guessed("x", VALUES[kind])
    assert found.kind == kind
    assert found.column == "x"
    assert 0 < found.sure < 0.95
    assert found.reason


@pytest.mark.parametrize(
    ("header", "kind", "part"),
    [
        ("企业名称", "organisation", "name"),
        ("公司电话", "phone", "phones"),
        ("统一社会信用代码", "identifier", "credit_code"),
        ("email", "email", "emails"),
        ("地址", "address", "line"),
        ("dob", "date", ""),
    ],
)
def test_header_and_content_that_agree_are_surest(header: str, kind: str, part: str) -> None:
    found = guessed(header, VALUES[kind])
    assert (found.kind, found.part, found.sure, found.reason) == (kind, part, 0.95, "header and content")


def test_content_wins_over_a_header_that_cannot_be_right() -> None:
    found = guessed("email", VALUES["phone"])
    assert found.kind == "phone"
    assert found.reason.endswith("the header says email")
    assert found.sure < guessed("x", VALUES["phone"]).sure


def test_a_header_is_believed_where_the_content_does_not_contradict() -> None:
    assert guessed("phone", [f"ext. {number:05d}" for number in range(40)]).kind == "phone"
    assert guessed("company", NAMES).kind == "organisation"
    assert guessed("full name", NAMES).kind == "person"
    assert guessed("city", ["杭州市", "宁波市"] * 20)[:5] == ("city", "address", 0.9, "header", "city")
    assert guessed("city", ["Leeds", "York"] * 20)[:5] == ("city", "name", 0.9, "header", "")


@pytest.mark.parametrize(
    ("header", "values", "reason"),
    [
        ("x", [""] * 5, "empty"),
        ("x", ["无", "", "-"], "empty"),
        ("x", ["same"] * 10, "one value in every row"),
        ("cluster_id", ["1", "2"], "written by an earlier run"),
        ("id", [str(number) for number in range(1, 4)], "another value in every row: it numbers them"),
        ("客户编号", [f"C{number:06}" for number in range(5)], "another value in every row: it numbers them"),
        ("x", [f"R-{number}" for number in range(20)], "another value in every row: it numbers them"),
        ("x", [str(number) for number in range(1001, 1031)], "another value in every row: it numbers them"),
        # 111 and 123456 stand for nothing elsewhere, here they are numbers like others
        ("id", [str(number) for number in range(100, 130)], "another value in every row: it numbers them"),
        ("x", [str(number) for number in range(123450, 123480)], "another value in every row: it numbers them"),
    ],
)
def test_what_says_nothing_is_ignored(header: str, values: list[str], reason: str) -> None:
    found = guessed(header, values)
    assert (found.kind, found.reason) == ("ignore", reason)


def test_what_numbers_rows_but_may_be_evidence_is_not_ignored() -> None:
    assert guessed("phone", VALUES["phone"]).kind == "phone"
    assert guessed("x", [f"R-{number}" for number in range(19)]).kind == "code"  # too few rows to tell
    assert guessed("id", ["1", "2", "2"]).kind != "ignore"
    assert guessed("name", NAMES).kind == "name"


def test_one_value_in_a_few_rows_is_compared() -> None:
    assert guessed("name", ["anna smith"] * 9).kind == "name"


@given(st.integers(0, 2**32), st.sampled_from(sorted(VALUES)))
def test_the_order_of_the_rows_does_not_matter(seed: int, kind: str) -> None:
    values = VALUES[kind]
    assert guessed("x", random.Random(seed).sample(values, len(values))) == guessed("x", values)


@given(st.text(max_size=8), st.lists(st.text(max_size=12), max_size=30))
def test_any_column_gets_a_guess(header: str, values: list[str]) -> None:
    found = guessed(header, values)
    assert found.kind in KINDS
    assert 0 <= found.sure <= 1
    assert header not in OUTPUT or found.kind == "ignore"
