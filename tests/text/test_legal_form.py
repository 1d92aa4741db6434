"""Legal forms of many jurisdictions, trades, branches and numbers: the parts that names are taken apart with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.branch import find_branch
from goldbridge.text.legal_form import WORD, chinese_form, latin_form, plain
from goldbridge.text.number import mark_of, roman
from goldbridge.text.table import rows
from goldbridge.text.trade import first_word, latin_words, split, words


def test_forms_of_more_than_forty_jurisdictions_are_known():
    countries = {country for *_, named in rows("legal_forms.csv") for country in named.split()}
    assert len(countries) >= 100


def test_every_form_of_the_table_is_found_behind_a_name():
    for form, canonical, _ in rows("legal_forms.csv"):
        tokens = [plain(word) for word in WORD.findall(form)]
        if tokens:
            size, found = latin_form(["example", *tokens])
            assert size >= len(tokens) or found == canonical, form


def test_chinese_forms_are_the_longest_that_fit():
    assert chinese_form("示例股份有限公司").canonical == "股份有限公司"
    assert chinese_form("示例有限责任公司").canonical == "有限公司"
    assert chinese_form("示例合伙企业(有限合伙)").canonical == "有限合伙"
    assert chinese_form("示例种植专业合作社") == (4, "合作社", "cooperative")
    assert chinese_form("示例") is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("华信电子科技", 2),
        ("电子科技", 0),
        ("华信", 2),
        ("上海电气", 2),
        ("鑫机械", 1),
        ("海康威视数字技术", 4),
        ("甲乙物流及仓储", 2),
        ("", 0),
    ],
)
def test_trade_begins_where_trade_words_run_to_the_end(text, at):
    assert split(text) == at


def test_first_word_is_a_trade_word_or_everything():
    assert first_word("航空控股") == "航空"
    assert first_word("银行") == "银行"
    assert first_word("茅台") == "茅台"


def test_trade_lists_have_no_doubles_and_no_single_characters():
    assert all(len(word) > 1 for word in words() | latin_words())
    assert len(words()) > 1000


@given(st.text("电子科技有限公司分店上海第一及和", max_size=15))
def test_split_gives_a_place_in_the_text(text):
    assert 0 <= split(text) <= len(text)


@pytest.mark.parametrize(
    ("name", "branch", "kind", "head"),
    [
        ("示例有限公司杭州分公司", "杭州", "分公司", "示例有限公司"),
        ("示例有限公司杭州市西湖区分公司", "杭州西湖", "分公司", "示例有限公司"),
        ("示例有限公司第三分公司", "第3", "分公司", "示例有限公司"),
        ("示例集团有限公司驻京办事处", "京", "办事处", "示例集团有限公司"),
        ("某某银行杭州支行", "杭州", "支行", "某某银行"),
        ("示例分公司", "", "分公司", "示例"),
        ("示例有限公司经营部", "", "经营部", "示例有限公司"),
        ("示例有限公司驻马店分公司", "驻马店", "分公司", "示例有限公司"),
    ],
)
def test_branches(name, branch, kind, head):
    found, end = find_branch(name)
    assert (found.text, found.kind, name[:end]) == (branch, kind, head)


@pytest.mark.parametrize("name", ["示例有限公司", "示例商店", "分公司", "示例经营部", "某某中心", "杭州超市", "华为"])
def test_no_branch(name):
    assert find_branch(name) is None


@pytest.mark.parametrize(
    ("key", "mark"),
    [
        ("三一重工", ""),
        ("一汽大众", ""),
        ("一号店", ""),
        ("稳健二号", "2"),
        ("稳健12号", "12"),
        ("稳健Ⅳ", "4"),
        ("中国建筑第十二工程局", "12"),
        ("中建八局第二建设", "8,2"),
        ("南通四建", "4"),
        ("五粮液", ""),
        ("三建筑", ""),
        ("58同城", ""),
    ],
)
def test_numbers(key, mark):
    assert mark_of(key) == mark


ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


@given(st.integers(1, 3999))
def test_roman_numerals_read_back(value):
    text, left = "", value
    for size, letters in ROMAN:
        text += letters * (left // size)
        left %= size
    assert roman(text) == roman(text.lower()) == value


def test_what_only_looks_roman_is_not():
    assert [roman(text) for text in ("IIII", "VX", "ABC", "", "MIX1")] == [None] * 5
