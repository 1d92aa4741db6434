"""What a value could be, told by nothing but the value: a credit code by its check character, an amount by its unit.

A value can be several things at once (20260301 is a number and a day). What a field holds is decided over all its
values, in `profile`; names are read elsewhere.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from urllib.parse import urlsplit

from goldbridge.text.address import parse_address
from goldbridge.text.code import parse_credit_code, parse_lei
from goldbridge.text.contact import parse_email
from goldbridge.text.coordinate import inside, parse_point
from goldbridge.text.date import parse_date
from goldbridge.text.division import by_code, stem, table
from goldbridge.text.fold import fold_width
from goldbridge.text.industry import find
from goldbridge.text.money import parse_money
from goldbridge.text.phone import parse_phone
from goldbridge.text.status import parse_status

KINDS = {
    "credit_code": "credit codes with a right check character",
    "credit_shape": "18 characters like a credit code",
    "lei": "LEIs with right check digits",
    "phone": "telephone numbers",
    "mobile": "mobile numbers",
    "email": "e-mail addresses",
    "url": "web addresses",
    "date": "days",
    "datetime": "times",
    "epoch_ms": "milliseconds since 1970",
    "epoch_s": "seconds since 1970",
    "unit": "units of money",
    "wan": "amounts in 万元",
    "money": "amounts with their currency",
    "number": "numbers",
    "integer": "whole numbers",
    "region": "division codes",
    "province": "provinces",
    "city": "cities",
    "county": "counties",
    "address": "addresses",
    "organisation": "names of organisations",
    "person": "names of people",
    "industry": "industries of GB/T 4754",
    "reg_status": "registration statuses",
    "point": "coordinates",
    "boolean": "yes or no",
}
"""Kind of value -> what several of them are called."""

_UNITS = frozenset({"元", "万元", "万", "亿元", "亿", "人民币元", "人民币万元", "万人民币", "RMB", "CNY", "千元"})
_BOOLEAN = frozenset({"0", "1", "y", "n", "yes", "no", "true", "false", "是", "否", "t", "f"})
_number = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d{1,30})(?:\.\d+)?")
_integer = re.compile(r"[+-]?(?:0|[1-9]\d{0,18})")
_dialled = re.compile(r"[+\d()（）\s\-－—–/,，;；、.转*#extEXT分机]+")
_decimal = re.compile(r"\d+\.\d+")
_clock = re.compile(r"\d{1,2}:\d{2}|\d{8}[T ]?\d{6}|T\d{2}")
_dated = re.compile(r"(?:19|20)\d{2}|\d{4}年|Date\(|[A-Za-z]{3}")
_company = re.compile(
    r"(?:公司|集团|厂|中心|学院|大学|学校|医院|研究[院所]|设计院|事务所|合作社|银行|商行|经营部|商店|超市|协会|委员会"
    r"|合伙[)）]?)$"
)
_incorporated = re.compile(
    r"(?i)(?:^|[\s,])(?:ltd|limited|inc|incorporated|llc|llp|corp|corporation|co|company|gmbh|ag|kg|bv|nv|s\.?a|"
    r"s\.?r\.?l|s\.?l|plc|pte|pty|oy|ab|as|aps|kk|group|holdings?)\.?$"
)
_spoken = re.compile(r"[\u4e00-\u9fff]{2,4}")
_latin_person = re.compile(r"[A-Z][a-z]+(?: [A-Z]\.?)?(?: [A-Z][a-z'-]+){1,2}")
_street = re.compile(r"[路街道巷弄号村镇乡幢栋室园区厦]|\d+ \w+.* (?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive)\b")
_west = re.compile(r"(?i)\d+\w?,? .*\b(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|way|square)\b")
_trade = re.compile(r"[A-T]\d{2,4}|[^\d]{2,40}")
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛"
    "伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景"
    "薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁"
    "商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙薄伏岑习胥保和蔺"
)


@lru_cache(1 << 14)
def kinds_of(text: str) -> frozenset[str]:
    """Everything a value could be, as keys of `KINDS`."""
    text = fold_width(text).strip()
    if not text or len(text) > 500:
        return frozenset()
    found = set(_numeric(text)) | set(_worded(text))
    if not found & {"phone", "epoch_ms", "epoch_s"} and _dated.search(text) and parse_date(text) is not None:
        found.add("datetime" if _clock.search(text) else "date")
    return frozenset(found)


def _numeric(text: str) -> set[str]:
    found: set[str] = set()
    if text.casefold() in _BOOLEAN:
        found.add("boolean")
    if _number.fullmatch(text):
        found.add("number")
        if _integer.fullmatch(text):
            found.add("integer")
    if text.isdecimal():
        size = len(text)
        if size == 13 and 946_684_800_000 <= int(text) < 4_102_444_800_000:
            found.add("epoch_ms")
        if size == 10 and 946_684_800 <= int(text) < 2_000_000_000:
            found.add("epoch_s")
        if size in (2, 4, 6) and by_code(text.ljust(6, "0")) is not None:
            found.add("region")
    if "epoch_ms" not in found and _is_phone(text):
        found.add("phone")
        digits = re.sub(r"\D", "", text)
        if len(digits) in (11, 13) and digits[-11] == "1":
            found.add("mobile")
    if ("," in text and (point := parse_point(text)) is not None and inside(point)) or "#%$" in text:
        found.add("point")
    return found


def _is_phone(text: str) -> bool:
    digits = sum(char.isdigit() for char in text)
    if digits < 7 or _decimal.fullmatch(text) or not _dialled.fullmatch(text):
        return False
    if text.isdecimal() and len(text) > 15:
        return False
    return parse_phone(text) is not None


def _worded(text: str) -> set[str]:
    found: set[str] = set()
    size = len(text)
    if text in _UNITS:
        found.add("unit")
    if 15 <= size <= 20:
        code = parse_credit_code(text)
        if code is not None and code.valid and size == 18:
            found.add("credit_code")
        if size == 18 and code is not None and code.kind == "credit_code":
            found.add("credit_shape")
        lei = parse_lei(text) if size == 20 else None
        if lei is not None and lei.valid:
            found.add("lei")
    if "@" in text:
        if parse_email(text) is not None:
            found.add("email")
        return found
    if _is_site(text):
        found.add("url")
    if (
        not found
        and "number" not in found
        and re.search(r"\d", text)
        and re.search(r"[万亿元圆¥￥$€]|RMB|CNY|USD", text)
    ) and parse_money(text) is not None:
        found.add("wan" if "万" in text else "money")
    if text.isdecimal():
        return found
    return found | _named(text)


def _is_site(text: str) -> bool:
    if text.startswith(("http://", "https://")):
        return "." in (urlsplit(text).hostname or "")
    return re.fullmatch(r"(?:www\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|cn|net|org|io|de|co|gov|edu|info|biz)"
                        r"(?:\.[a-z]{2})?(?:/\S*)?", text.casefold()) is not None  # fmt: skip


def _named(text: str) -> set[str]:
    found: set[str] = set()
    if level := _places().get(text):
        found |= level
    if (len(text) >= 5 and _company.search(text)) or _incorporated.search(text):
        found.add("organisation")
    elif not found and len(text) >= 5 and "#%$" not in text and _is_address(text):
        found.add("address")
    if (_spoken.fullmatch(text) and text[0] in _SURNAMES and len(text) <= 3) or _latin_person.fullmatch(text):
        found.add("person")
    if "organisation" not in found and _trade.fullmatch(text) and find(text) is not None:
        found.add("industry")
    if len(text) <= 20 and not text.isascii() and parse_status(text) != "UNKNOWN":
        found.add("reg_status")
    return found


def _is_address(text: str) -> bool:
    if _west.search(text):
        return True
    if text.isascii() or not _street.search(text):
        return False
    found = parse_address(text)
    return bool(found.province or found.road or found.town or found.number)


@cache
def _places() -> dict[str, set[str]]:
    """Name, whole or short -> its levels."""
    found: dict[str, set[str]] = {}
    for division in table().values():
        for name, level in ((division.province, "province"), (division.city, "city"), (division.county, "county")):
            if name:
                found.setdefault(name, set()).add(level)
                found.setdefault(stem(name), set()).add(level)
    return found
