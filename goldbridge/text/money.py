"""Amounts of money with units and currencies, in digits or in Chinese numerals.

Amounts are decimals from the first character on: no float ever touches them.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from goldbridge.text.fold import fold_width

# Longer names first, so that 港元 is not read as 元; upper-case because the text is.
_CURRENCIES = {
    "人民币元": "CNY",
    "人民币": "CNY",
    "港币": "HKD",
    "港元": "HKD",
    "港圆": "HKD",
    "新台币": "TWD",
    "台币": "TWD",
    "澳门元": "MOP",
    "澳门币": "MOP",
    "美元": "USD",
    "美金": "USD",
    "欧元": "EUR",
    "英镑": "GBP",
    "日元": "JPY",
    "日圆": "JPY",
    "韩元": "KRW",
    "韩币": "KRW",
    "新加坡元": "SGD",
    "新加坡币": "SGD",
    "澳大利亚元": "AUD",
    "澳元": "AUD",
    "加拿大元": "CAD",
    "加元": "CAD",
    "瑞士法郎": "CHF",
    "卢布": "RUB",
    "泰铢": "THB",
    "卢比": "INR",
    "新西兰元": "NZD",
    "瑞典克朗": "SEK",
    "挪威克朗": "NOK",
    "丹麦克朗": "DKK",
    "马来西亚林吉特": "MYR",
    "越南盾": "VND",
    "印尼盾": "IDR",
    "HK$": "HKD",
    "NT$": "TWD",
    "US$": "USD",
    "S$": "SGD",
    "A$": "AUD",
    "C$": "CAD",
    "R$": "BRL",
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "₩": "KRW",
    "₹": "INR",
    "₽": "RUB",
    "฿": "THB",
    "¥": "CNY",
    "RMB": "CNY",
    "CNH": "CNY",
    "元": "CNY",
    "圆": "CNY",
    "块": "CNY",
}
_ISO = (
    "CNY USD EUR GBP JPY HKD TWD MOP KRW SGD AUD CAD CHF RUB THB INR NZD SEK NOK DKK MYR VND IDR BRL MXN ZAR TRY AED "
    "SAR PLN CZK HUF RON BGN UAH KZT PHP PKR BDT EGP NGN KES ILS CLP COP PEN ARS"
)
_CODES = {**_CURRENCIES, **{code: code for code in _ISO.split()}}
_currency = re.compile("|".join(sorted(map(re.escape, _CODES), key=len, reverse=True)))

_SCALES = {
    "": Decimal(1),
    "十": Decimal(10),
    "百": Decimal(100),
    "千": Decimal(1000),
    "K": Decimal(1000),
    "THOUSAND": Decimal(1000),
    "万": Decimal(10**4),
    "W": Decimal(10**4),
    "十万": Decimal(10**5),
    "百万": Decimal(10**6),
    "M": Decimal(10**6),
    "MN": Decimal(10**6),
    "MIO": Decimal(10**6),
    "MILLION": Decimal(10**6),
    "千万": Decimal(10**7),
    "亿": Decimal(10**8),
    "万万": Decimal(10**8),
    "十亿": Decimal(10**9),
    "B": Decimal(10**9),
    "BN": Decimal(10**9),
    "BILLION": Decimal(10**9),
    "百亿": Decimal(10**10),
    "千亿": Decimal(10**11),
    "万亿": Decimal(10**12),
    "兆": Decimal(10**12),
    "TRILLION": Decimal(10**12),
}
_number = re.compile(r"([+-]?)([0-9][0-9,. ']*)([A-Z]+|[十百千万亿兆]*)")
_compound = re.compile(
    r"(?:[0-9]+[亿万千]){2,3}|(?:[0-9]+[亿万千])+[0-9]{3,}"
)  # 2亿5000万; but 3万5 is anybody's guess
_compound_part = re.compile(r"([0-9]+)([亿万千]?)")

_FINANCIAL = str.maketrans(
    "零〇壹弌幺贰弍贰两叁弎参肆伍陆柒捌玖拾佰仟萬億圓圆廿貳陸參兩",
    "零零一一一二二二二三三三四五六七八九十百千万亿元元廿二六三二",
)
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_chinese = re.compile(
    r"(负?)([零一二三四五六七八九十百千万亿廿点]+)(?:元|块)?(?:零?([一二三四五六七八九])角)?(?:零?([一二三四五六七八九])分)?"
)
_filler = re.compile(r"[\s():]|(?:整|正)$|大写|小写|合计|共计|总额|金额|注册资本|实缴|认缴|约")


class Money(NamedTuple):
    """An amount in units of its currency (yuan, not 10,000 yuan); `currency` is an ISO 4217 code."""

    amount: Decimal
    currency: str

    @property
    def text(self) -> str:
        """The amount as it is kept: plain digits, no exponent, no trailing zeros."""
        return plain(self.amount)


def plain(amount: Decimal) -> str:
    """Decimal text without exponent and without trailing zeros: 3000000, 0.5."""
    text = format(amount, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


_EXACT = Context(prec=200)
"""More digits than a text of 80 characters and its unit can have: no sum or product is ever rounded."""


@lru_cache(1 << 14)
def parse_money(text: str, currency: str = "CNY") -> Money | None:
    """One amount, or None where it is not certain: no number, two numbers, a separator that may mean two things.
    `currency` is assumed where none is written."""
    folded = fold_width(text).upper().strip().rstrip(".。;")
    if not folded or len(folded) > 80:
        return None
    negative = folded.startswith("(") and folded.endswith(")")
    folded = folded.translate(_FINANCIAL) if not folded.isascii() else folded
    names = _currency.findall(folded)
    named = {_CODES[name] for name in names if name not in "元圆块"}  # 元 alone counts any money: 100万元港币
    if len(named) > 1:
        return None
    rest = _filler.sub(" ", _currency.sub(" ", folded)) if not folded.isascii() else _currency.sub(" ", folded)
    with localcontext(_EXACT):
        amount = _digits_amount(rest)
        if amount is None and not folded.isascii():
            amount = _chinese_amount(folded)
    if amount is None:
        return None
    return Money(amount.copy_negate() if negative else amount, named.pop() if named else "CNY" if names else currency)


def _digits_amount(text: str) -> Decimal | None:
    text = text.strip(" ()")
    if _compound.fullmatch(text):
        parts = [Decimal(number) * _SCALES[unit] for number, unit in _compound_part.findall(text)]
        return sum(parts, Decimal(0)) if all(a > b for a, b in pairwise(parts)) else None
    match = _number.match(text)
    if not match:
        return None
    sign, digits, unit = match.groups()
    unit = (unit + text[match.end() :]).replace(" ", "")
    scale = _SCALES.get(unit)
    if scale is None:
        if unit in ("角", "分"):
            scale = Decimal("0.1") if unit == "角" else Decimal("0.01")
        else:
            return None
    number = _plain_number(digits.strip())
    if number is None:
        return None
    amount = number * scale
    return -amount if sign == "-" else amount


_grouped = re.compile(r"[0-9]{1,3}(?:([, '])[0-9]{3})(?:\1[0-9]{3})*(?:\.[0-9]+)?")
_chinese_grouped = re.compile(r"[0-9]{1,4}(?:,[0-9]{4})+(?:\.[0-9]+)?")
_european = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]{1,2}|[0-9]{1,3}(?:\.[0-9]{3}){2,}")
_simple = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,12})?")


def _plain_number(text: str) -> Decimal | None:
    if _simple.fullmatch(text):
        return Decimal(text)
    if _grouped.fullmatch(text) or _chinese_grouped.fullmatch(text):
        return Decimal(re.sub("[, ']", "", text))
    if _european.fullmatch(text):
        return Decimal(text.replace(".", "").replace(",", "."))
    return None


def _chinese_amount(text: str) -> Decimal | None:
    for name in ("人民币", "港币", "港元", "美元", "美金", "欧元", "日元", "英镑"):
        text = text.replace(name, "元" if name.endswith("元") else "")
    text = re.sub(r"[\s():]|大写|小写|合计|共计|总额|金额|注册资本|实缴|认缴|整$|正$", "", text)
    match = _chinese.fullmatch(text)
    if not match:
        return None
    sign, body, tenth, hundredth = match.groups()
    value = numeral(body)
    if value is None:
        return None
    value += Decimal(_DIGITS[tenth or "零"]) / 10 + Decimal(_DIGITS[hundredth or "零"]) / 100
    return -value if sign else value


def numeral(text: str) -> Decimal | None:
    """A Chinese number (一千二百万, 二〇二六, 三点五亿), in plain or financial characters; None when it is not one."""
    text = text.translate(_FINANCIAL).replace("廿", "二十")
    if not text or any(c not in _DIGITS and c not in _UNITS and c not in "万亿点" for c in text):
        return None
    if all(character in "百千万亿点" for character in text):
        return None
    if all(character in _DIGITS for character in text):
        return Decimal("".join(str(_DIGITS[character]) for character in text))
    if "点" in text:
        return _with_point(text)
    total = section = digit = 0
    for character in text:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _UNITS:
            section += (digit or 1) * _UNITS[character]
            digit = 0
        elif character == "万":
            total += (section + digit) * 10**4 if total < 10**8 or section + digit else 0
            section = digit = 0
        else:
            total = (total + section + digit) * 10**8
            section = digit = 0
    return Decimal(total + section + digit)


def _with_point(text: str) -> Decimal | None:
    whole, _, rest = text.partition("点")
    fraction = rest.rstrip("十百千万亿")
    if not fraction or any(character not in _DIGITS for character in fraction):
        return None
    scale = numeral("一" + rest[len(fraction) :]) if len(fraction) < len(rest) else Decimal(1)
    base = numeral(whole) if whole else Decimal(0)
    if base is None or scale is None:
        return None
    return (base + Decimal("0." + "".join(str(_DIGITS[character]) for character in fraction))) * scale
