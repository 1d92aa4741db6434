"""The laws of folding, and the traps that cost meaning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.fold import fold_width, match_form, simplify

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text(
    "（）〔【】Ⅰⅳ①㈱㍿乾昇縣鍾繇沈默İßŐ\u200b\u200c\u0301\ufeff　Ａ１ａ公司", max_size=20
)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("上海示例（集团）有限公司", "上海示例(集团)有限公司"),
        ("示例〔上海〕有限公司", "示例(上海)有限公司"),
        ("ＡＢＣ１２３　有限", "ABC123 有限"),
        ("稳健Ⅱ期", "稳健Ⅱ期"),
        ("稳健Ⅱ期（Ａ）", "稳健Ⅱ期(A)"),
        ("\ufeff北京\u200b示例", "北京示例"),
        ("乾昇", "乾昇"),
        ("می‌خواهم", "می‌خواهم"),
    ],
)
def test_folds_width_and_keeps_meaning(typed, folded):
    assert fold_width(typed) == folded


def test_roman_numerals_do_not_become_letters_in_keys():
    assert match_form("稳健Ⅱ期") != match_form("稳健II期")
    assert match_form("稳健Ⅱ期") != match_form("稳健11期")


def test_script_meets_in_one_key():
    assert match_form("臺灣積體電路") == match_form("台湾积体电路")
    assert match_form("乾縣") == match_form("乾县")
    assert simplify("浙江示例") == "浙江示例"


def test_punctuation_and_blanks_do_not_part_keys():
    assert match_form("A.B.C. (China) Co., Ltd.") == match_form("abc china co ltd")
    assert match_form("阿里·巴巴") == match_form("阿里巴巴")


def test_marks_that_make_a_word_stay():
    assert match_form("हिन्दी") != match_form("हनद")


@given(TEXT)
def test_folding_is_idempotent(text):
    for fold in (fold_width, simplify, match_form):
        once = fold(text)
        assert fold(once) == once, fold.__name__


@given(TEXT)
def test_key_of_the_folded_text_is_the_key(text):
    assert match_form(fold_width(text)) == match_form(text)


def test_punctuation_does_not_part_a_phrase_of_two_scripts():
    assert match_form("沈:默") == match_form("沈默") == match_form("沉默")
