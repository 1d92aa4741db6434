"""Names that sound alike are spelt alike, in either script."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedupe.sound import alike, sound


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


@settings(max_examples=500, deadline=None)
@given(*[st.text("天成长张章和个何恩安昂zhgnscZ(·1-英", max_size=3)] * 2)
@example("长", "昌")
@example("(a", "a(")
@example("z和", "ze")
@example("安h", "安")
def test_alike_is_said_of_what_sounds_the_same(a: str, b: str) -> None:
    assert alike(a, b) == (sound(a) == sound(b))
