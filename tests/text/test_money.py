"""Amounts with units and currencies, and what is refused because it may mean two things."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.money import numeral, parse_money, plain


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1000万元人民币", "10000000", "CNY"),
        ("1000.000000万人民币", "10000000", "CNY"),
        ("人民币1000万元整", "10000000", "CNY"),
        ("注册资本：1000万元", "10000000", "CNY"),
        ("100(万元)", "1000000", "CNY"),
        ("９００万元", "9000000", "CNY"),
        ("RMB 1,000,000", "1000000", "CNY"),
        ("999999999999999999999999999950", "999999999999999999999999999950", "CNY"),
        ("(999999999999999999999999999950)", "-999999999999999999999999999950", "CNY"),
        ("￥1,000.50", "1000.5", "CNY"),
        ("1.5亿元", "150000000", "CNY"),
        ("2亿5000万", "250000000", "CNY"),
        ("500W", "5000000", "CNY"),
        ("USD 5 million", "5000000", "USD"),
        ("500万美元", "5000000", "USD"),
        ("500万元(美元)", "5000000", "USD"),
        ("500 万港币", "5000000", "HKD"),
        ("HK$ 200", "200", "HKD"),
        ("NT$3,000", "3000", "TWD"),
        ("200万日圆", "2000000", "JPY"),
        ("€1.234,56", "1234.56", "EUR"),
        ("1 000 000", "1000000", "CNY"),
        ("(500)", "-500", "CNY"),
        ("-500", "-500", "CNY"),
        ("壹仟万元整", "10000000", "CNY"),
        ("人民币壹佰元伍角", "100.5", "CNY"),
        ("壹仟贰佰叁拾肆万伍仟陆佰柒拾捌元玖角壹分", "12345678.91", "CNY"),
        ("伍拾萬圓整", "500000", "CNY"),
        ("一亿零五百万", "105000000", "CNY"),
        ("三点五亿", "350000000", "CNY"),
        ("十万", "100000", "CNY"),
        ("0", "0", "CNY"),
    ],
)
def test_amounts(text, amount, currency):
    found = parse_money(text)
    assert (found.text, found.currency) == (amount, currency)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "无",
        "万元",
        "100-200万",
        "500万美元(折合人民币3000万元)",
        "1,5",
        "1,23,456",
        "10000,0000",
        "3万5",
        "1e5",
        "x" * 90,
    ],
)
def test_what_is_not_certain_is_refused(text):
    assert parse_money(text) is None


def test_the_currency_of_a_bare_number_is_the_callers():
    assert parse_money("1000", "EUR") == (Decimal(1000), "EUR")
    assert parse_money("1000元", "EUR") == (Decimal(1000), "CNY")


@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_plain_text_reads_back(amount):
    text = plain(amount)
    assert "E" not in text
    assert parse_money(text).amount == amount
    assert parse_money(f"{amount:,}").amount == amount


@given(st.integers(0, 10**8 - 1))
def test_chinese_numerals_read_back(value):
    digits = "零一二三四五六七八九"
    text = ""
    for scale, unit in ((10**4, "万"), (1, "")):
        part, value_left = divmod(value, scale)
        value = value_left
        if not part:
            continue
        zero = bool(text) and part < 1000
        for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit, part = divmod(part, size)
            if digit:
                text += ("零" if zero else "") + digits[digit] + name
                zero = False
            elif text and part:
                zero = True
        text += unit
    expected = numeral(text) if text else 0
    assert expected == sum_of(text)


def sum_of(text):
    """Reads the same numeral in the plainest way: the part before 万, and the part behind."""
    digits = {digit: value for value, digit in enumerate("零一二三四五六七八九")}
    total = 0
    for part, scale in zip(text.rpartition("万")[::2], (10**4, 1), strict=True):
        here, digit = 0, 0
        for letter in part:
            if letter in digits:
                digit = digits[letter]
            else:
                here, digit = here + digit * {"千": 1000, "百": 100, "十": 10}[letter], 0
        total += (here + digit) * scale
    return total


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    | st.text("0123456789.,万亿元角分美$ -()壹佰点", max_size=15)
)
def test_never_raises(text):
    found = parse_money(text)
    assert found is None or parse_money(found.text) is not None
