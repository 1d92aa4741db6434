"""Telephone numbers out of cells typed by people.

Chinese numbers go through patterns of our own, because they are nearly all of them and a general library is a hundred
times slower; whatever the patterns do not know for certain goes to that library, loaded on first need.
A number without an area code is refused unless the caller knows the area: eight digits alone are nobody's number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from goldbridge.text.fold import fold_width

_AREA = (
    r"10|2[0-57-9]"
    r"|3(?:1[0-9]|35|[37][0-9]|49|5[0-9]|9[1-8])"
    r"|4(?:1[0-9]|2[179]|3[1-9]|40|5[1-9]|6[4-9]|7[0-9]|8[2-3])"
    r"|5(?:1[0-9]|2[37]|3[0-9]|4[36]|5[0-9]|6[1-6]|7[0-9]|80|9[1-9])"
    r"|6(?:3[1-5]|6[0-3689]|9[12])"
    r"|7(?:0[1]|1[0-9]|2[248]|3[0-9]|4[3-6]|5[0-9]|6[0-36-9]|7[0-9]|9[0-9])"
    r"|8(?:1[2367]|2[567]|3[0-9]|5[1-9]|7[0-9]|8[36-8]|9[1-8])"
    r"|9(?:0[1-9]|1[1-9]|3[0-9]|41|5[1-5]|7[0-7]|9[0-9])"
)
_EXTENSION = (
    r"(?: {0,2}(?:(?:[-,;*#]|\(?转接?|\(?分机号?|[,;]?EXT(?:ENSION)?[.=-]?|X)[ :]{0,2}(?P<ext>[0-9]{1,6})[#)]?"
    r"|\((?P<inner>[0-9]{1,5})\)))?"
)

_plain_mobile = re.compile(r"1[3-9][0-9]{9}")
_domestic = re.compile(
    r"(?:\(?(?:\+|00)?86\)?[- ]?)?"
    r"(?:"
    r"0?(?P<mobile>1[3-9][0-9](?:[- ]?[0-9]){8})"
    r"|(?P<service>[48]00[- ]?(?:[0-9]{3}[- ]?[0-9]{4}|[0-9]{4}[- ]?[0-9]{3}|[0-9][- ]?[0-9]{3}[- ]?[0-9]{3}))"
    rf"|(?!85[23]-?[0-9]{{8}}$)\(?0?(?P<area>{_AREA})\)?[- ]{{0,3}}(?P<local>[2-8][0-9]{{2,3}}[- ]?[0-9]{{4}})"
    r")" + _EXTENSION,
)
_short = re.compile(r"(?:\+?86)?(95[0-9]{3,6}|96[0-9]{3,4}|123[0-9]{2}|10[0-9]{3}|11[0-9])")
_local = re.compile(r"(?P<local>[2-8][0-9]{2,3}[- ]?[0-9]{4})" + _EXTENSION)
_plus = re.compile(r"(?<=[0-9])\+(?=[0-9])")
_tail = re.compile(r"[0-9]{1,4}")

_words = re.compile(
    r"(?:联系|服务|客服|办公|公司|固定|移动|销售|售后|热线|家庭|住宅|单位)*(?:电话|座机|手机号?码?|热线|传真|总机|号码)|"
    r"\b(?:TEL(?:EPHONE)?|PHONE|MOBILE|MOB|CELL|FAX|PH|T|M|F)\b[.:]?",
    re.IGNORECASE,
)
_split = re.compile(r"[、，；/|\n\r\t]+|[,;](?=\s*[+(0-9])|或|和|及")
_dashes = str.maketrans("‐‑‒–—―−ー_~.·[]\xa0", "------------() ")
_KINDS = {0: "fixed", 1: "mobile", 2: "fixed", 3: "service", 4: "service", 5: "service", 8: "service"}


class Phone(NamedTuple):
    """One number: `e164` such as +8657187654321, `kind` mobile, fixed, service (400, 95xxx, free call) or other."""

    e164: str
    kind: str
    extension: str = ""

    @property
    def text(self) -> str:
        """The number as it is kept: `+8657187654321;ext=12`."""
        return f"{self.e164};ext={self.extension}" if self.extension else self.e164


def parse_phone(text: str, region: str = "CN", area: str = "") -> Phone | None:
    """The first number in a cell, or None. `region` is where a number without a country code is dialled (ISO 3166);
    `area` the area code (0571 or 571) to assume for a local Chinese number."""
    if region == "CN" and _is_mobile(text):
        return Phone("+86" + text, "mobile")
    found = parse_phones(text, region, area)
    return found[0] if found else None


def parse_phones(text: str, region: str = "CN", area: str = "") -> list[Phone]:
    """All numbers of a cell in their order, each once. A part that only varies the end of the number before it
    (0571-87654321/22) or drops its area code is completed from that number."""
    if region == "CN" and _is_mobile(text):
        return [Phone("+86" + text, "mobile")]
    text = fold_width(text).translate(_dashes).upper().strip(" -,;:")
    if "+" in text:
        text = _plus.sub("-", text)
    if text.endswith("-0") and text[:-2].isdecimal():
        text = text[:-2]  # a spreadsheet's 13800138000.0
    if not text:
        return []
    whole = _one(text, region, area)
    if whole:
        return [whole]
    found: list[Phone] = []
    for part in _split.split(_words.sub(" ", text)):
        area = _collect(part.strip(" -,;:"), region, area, found)
    return found


def _collect(part: str, region: str, area: str, found: list[Phone]) -> str:
    """Add the numbers of one part to `found`; what a blank separates is one number if it can be. Gives the area code
    that the next part may lack."""
    tokens = part.split()
    at = 0
    while at < len(tokens):
        for end in range(min(len(tokens), at + 6), at, -1):
            text = " ".join(tokens[at:end])
            phone = _one(text, region, area)
            if phone:
                break
        else:
            end = at + 1
            phone = _varied(part, found)
        at = end
        for each in [phone] if phone else _buried(text, region, area):
            area = _area_of(each) or area
            if each not in found:
                found.append(each)
    return area


def _one(text: str, region: str, area: str) -> Phone | None:
    """The number that the whole of `text` is."""
    if region == "CN" or text.startswith(("+86", "0086")):
        match = _domestic.fullmatch(text)
        if match:
            return _chinese(match)
        match = _short.fullmatch(text)
        if match:
            return Phone("+86" + match[1], "service")
        if area:
            match = _local.fullmatch(text)
            if match:
                return _fixed(area.lstrip("0"), match["local"], match["ext"] or match["inner"])
    digits = sum(character.isdecimal() for character in text)
    if digits < 7 or digits > 22:
        return None
    return _foreign(text, region)


def _chinese(match: re.Match[str]) -> Phone | None:
    mobile, service, extension = match["mobile"], match["service"], match["ext"] or match["inner"] or ""
    if mobile:
        mobile = _digits(mobile)
        return None if _is_dummy(mobile) else Phone("+86" + mobile, "mobile", extension)
    if service:
        return Phone("+86" + _digits(service), "service", extension)
    return _fixed(match["area"], match["local"], extension)


def _fixed(area: str, local: str, extension: str | None) -> Phone:
    return Phone(f"+86{area}{_digits(local)}", "fixed", extension or "")


def _digits(text: str) -> str:
    return text if text.isdecimal() else "".join(character for character in text if character.isdecimal())


def _is_mobile(text: str) -> bool:
    """Whether this is a mobile number and nothing else, as most cells are."""
    return len(text) == 11 and _plain_mobile.fullmatch(text) is not None and not _is_dummy(text)


def _is_dummy(number: str) -> bool:
    """A mobile number typed to get past a required field (88888888 at the end is somebody's, at a price)."""
    return number.endswith(("00000000", "12345678")) or number.count(number[0]) == 11


def _varied(part: str, found: list[Phone]) -> Phone | None:
    """The number before with its last digits replaced: 87654321/22."""
    if not found or found[-1].kind != "fixed" or not _tail.fullmatch(part):
        return None
    before = found[-1]
    return Phone(before.e164[: -len(part)] + part, before.kind)


def _buried(text: str, region: str, area: str) -> Iterator[Phone]:
    """The numbers with words around them: 13800138000(张三)."""
    for match in _candidate.finditer(text):
        phone = _one(match[0].strip(" -(" if match[0].count("(") != match[0].count(")") else " -"), region, area)
        if phone:
            yield phone


_candidate = re.compile(
    r"[+(]?[0-9][0-9 ()-]{5,24}(?:(?:转接?|分机号?|EXT\.?|X|#)[: ]?[0-9]{1,6})?(?<=[0-9])(?![A-Z0-9])"
)


def _area_of(phone: Phone) -> str:
    if phone.kind != "fixed" or not phone.e164.startswith("+86"):
        return ""
    match = _leading_area.match(phone.e164, 3)
    return match[0] if match else ""


_leading_area = re.compile(_AREA)


@cache
def _library() -> Any:
    import phonenumbers

    return phonenumbers


def _foreign(text: str, region: str) -> Phone | None:
    """Numbers of other countries through the library; 00 counts as +, and so does nothing before 852, 853, 886."""
    if text.startswith("00"):
        text = "+" + text[2:]
    elif region == "CN" and not text.startswith("+"):
        bare = _digits(text)
        if not (bare.startswith(("852", "853", "886")) and 11 <= len(bare) <= 12):
            return None
        text = "+" + text
    library = _library()
    try:
        number = library.parse(text, region)
    except library.NumberParseException:
        return None
    if not library.is_valid_number(number):
        return None
    kind = _KINDS.get(library.number_type(number), "other")
    return Phone(library.format_number(number, library.PhoneNumberFormat.E164), kind, number.extension or "")
