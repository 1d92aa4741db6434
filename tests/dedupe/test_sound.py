"""Names that sound alike are spelt alike, in either script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.sound import sound


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("海康", "Hai Kang"),
        ("西博", "xibo"),
        ("天成", "天诚"),
        ("凌云", "凌芸"),
        ("众诚", "Zhongcheng"),
        ("张", "脏"),  # zh and z
        ("陈", "岑"),  # ch and c
        ("山", "三"),  # sh and s
        ("金", "京"),  # -n and -ng
        ("3M中国", "3m中国"),
    ],
)
def test_alike(one: str, two: str) -> None:
    assert sound(one) == sound(two)


@pytest.mark.parametrize(("one", "two"), [("海康", "海信"), ("天成", "天达"), ("南", "兰"), ("红", "很")])
def test_not_alike(one: str, two: str) -> None:
    assert sound(one) != sound(two)


def test_the_documented_example() -> None:
    assert sound("海康") == "haikan"
    assert sound("") == sound("-- ") == ""


@given(st.text("海康威视天诚成凌云芸zhangchsng 3-", max_size=8), st.text("海康威视天诚成凌云芸", max_size=4))
def test_sound_has_no_case_no_blanks_and_no_borders(one: str, two: str) -> None:
    assert sound(one) == sound(one.upper()) == sound(one.replace(" ", "").replace("-", ""))
    assert sound(two) == sound("".join(sound(character) for character in two))
