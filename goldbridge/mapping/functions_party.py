"""Transforms for what describes a company or a person: names, codes, phones, mail, addresses, registry dimensions.

They only put the parsers of goldbridge.text into a mapping's terms: a placeholder typed to get past a required field
becomes empty, a code that no list knows is marked as such, anything else that cannot be read is invalid with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from goldbridge.mapping.quick import fixed_line, fold, is_credit_code, is_email
from goldbridge.mapping.transform import Argument, Listing, Sample
from goldbridge.mapping.value import Invalid, shown
from goldbridge.mapping.whole import Whole, credit_codes, emails, folded
from goldbridge.mapping.whole import phones as phone_numbers
from goldbridge.text.address import parse_address
from goldbridge.text.code import is_placeholder, parse_credit_code, parse_lei
from goldbridge.text.contact import domain_of, parse_email
from goldbridge.text.division import by_code, city_code
from goldbridge.text.fold import fold_width
from goldbridge.text.industry import find
from goldbridge.text.phone import parse_phone, parse_phones
from goldbridge.text.status import parse_status

PARTY = Listing()

_wide = r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff()]"
_loose_blank = re.compile(rf"(?<={_wide})\s+|\s+(?={_wide})")
_blanks = re.compile(r"\s+")
_remark = re.compile(r"[,;.。、!*#\s]+$")


def _names(function: Callable[[str], str]) -> Whole:
    fold_all = folded(fold)
    return lambda texts: list(map(_as_kept, fold_all(texts)))


@PARTY(
    whole=_names,
    samples=(
        Sample("　上海 示例（集团） 有限公司。", "上海示例(集团)有限公司"),
        Sample("Example  Trading Co., Ltd.", "Example Trading Co., Ltd."),
    ),
)
def organisation(text: str) -> str:
    """The name of a company or person as it is kept: width folded, no blanks between Chinese characters, no trailing
    punctuation behind them. The words stay as they are."""
    return _as_kept(fold(text))


def _as_kept(folded: str) -> str:
    folded = folded.strip()
    if folded.isascii():
        return _blanks.sub(" ", folded) if "  " in folded or "\t" in folded else folded
    if " " in folded or not folded.isprintable():
        folded = _blanks.sub(" ", _loose_blank.sub("", folded))
    if not folded[-1:].isalnum():
        bare = _remark.sub("", folded)
        folded = bare if bare and not bare[-1].isascii() else folded
    return folded


@PARTY(
    of_type="credit_code",
    whole=credit_codes,
    samples=(
        Sample("91330110ma2b1c4d0h", Invalid("the check character is H, the other 17 ask for 7")),
        Sample("0000000000", ""),
    ),
)
def credit_code(text: str) -> str | Invalid:
    """A credit code (18 characters, GB 32100) with its check character tested. One that fails is kept as soft
    evidence with the reason, never corrected, never a key; a placeholder becomes empty."""
    if is_credit_code(text):
        return text
    found = parse_credit_code(text)
    if found is None:
        return ""
    return found.value if found.valid else Invalid(found.reason, found.value)


@PARTY(
    samples=(Sample("5493 00IBP32UQZ0KLY 24", Invalid("the check digits do not fit")), Sample("N/A", "")),
)
def lei(text: str) -> str | Invalid:
    """A legal entity identifier (ISO 17442) with its check digits tested; kept like a credit code when they fail."""
    found = parse_lei(text)
    if found is None:
        return ""
    return found.value if found.valid else Invalid(found.reason, found.value)


_REGION = Argument("country where it is dialled (ISO 3166)", "text", required=False)


@PARTY(
    of_type="phone",
    whole=phone_numbers,
    argument=_REGION,
    samples=(
        Sample("138 0013 8001", "+8613800138001"),
        Sample("0571-87654321转12", "+8657187654321;ext=12"),
        Sample("8765", Invalid("'8765' is no telephone number")),
    ),
)
def phone(text: str, region: str = "CN") -> str | Invalid:
    """The first telephone number of a text in E.164, with its extension; a number without an area code is refused."""
    if region == "CN" and (quick := fixed_line(text)):
        return quick
    return _general_phone(text, region)


@lru_cache(1 << 14)
def _general_phone(text: str, region: str) -> str | Invalid:
    found = parse_phone(text, region)
    if found is not None:
        return found.text
    return "" if is_placeholder(text) else Invalid(f"{shown(text)} is no telephone number", text)


@PARTY(
    gives="list",
    costly=True,
    argument=_REGION,
    samples=(Sample("0571-87654321/22；13800138001", ["+8657187654321", "+8657187654322", "+8613800138001"]),),
)
def phones(text: str, region: str = "CN") -> list[str] | str | Invalid:
    """All telephone numbers of a text in E.164, in their order."""
    found = parse_phones(text, region)
    if found:
        return [number.text for number in found]
    return "" if is_placeholder(text) else Invalid(f"{shown(text)} holds no telephone number", text)


@PARTY(
    of_type="email",
    whole=emails,
    samples=(
        Sample("Info＠Example.com。cn", "info@example.com.cn"),
        Sample("无", ""),
        Sample("info.example.com", Invalid("'info.example.com' is no e-mail address")),
    ),
)
def email(text: str) -> str | Invalid:
    """The first e-mail address of a text, in small letters."""
    if is_email(text):
        return text
    found = parse_email(text)
    if found is not None:
        return found
    return "" if is_placeholder(text) else Invalid(f"{shown(text)} is no e-mail address", text)


@PARTY(samples=(Sample("https://www.example.com.cn/about", "example.com.cn"), Sample("someone@qq.com", "")))
def domain(text: str) -> str:
    """The registered domain of a web or e-mail address; empty for providers that many unrelated people share."""
    return domain_of(text)


@PARTY(
    gives="group",
    of_type="address",
    costly=True,
    samples=(
        Sample(
            "浙江省杭州市余杭区示例路1号",
            {
                "line": "浙江省杭州市余杭区示例路1号",
                "region": "330110",
                "province": "浙江省",
                "city": "杭州市",
                "county": "余杭区",
            },
        ),
        Sample(
            "福建省福州市福建省福州市中山路1号",
            {"line": "福建省福州市中山路1号", "region": "350100", "province": "福建省", "city": "福州市"},
        ),
        Sample("鼓楼区中山路1号", {"line": "鼓楼区中山路1号"}),
    ),
)
def address(text: str) -> dict[str, str] | str:
    """An address as a group: line, region (six-digit code, only as deep as the text settles it), province, city,
    county. What is ambiguous (鼓楼区 alone) stays a line without a region; divisions said twice, as when separate
    columns are joined with a full address, are said once."""
    line = _blanks.sub(" ", fold(text)).strip()
    if is_placeholder(line):
        return ""
    found = parse_address(line)
    if found.repeated and line.endswith(found.repeated + found.rest):
        line = line.removesuffix(found.repeated + found.rest) + found.rest
    group = {"line": line}
    if found.region:
        group["region"] = found.region
        group.update((part, getattr(found, part)) for part in ("province", "city", "county") if getattr(found, part))
    return group


@PARTY(
    samples=(
        Sample("330110", "330110"),
        Sample("3301", "330100"),
        Sample("999999", Invalid("'999999' is no division code", code="999999")),
    )
)
def region(text: str) -> str | Invalid:
    """An administrative division code of two, four or six digits (GB/T 2260) as six digits."""
    digits = fold_width(text).strip()
    code = digits.ljust(6, "0") if digits.isdecimal() and len(digits) in (2, 4, 6) else ""
    found = by_code(code) if code else None
    return code if found else Invalid(f"{shown(text)} is no division code", text, code=text[:40])


@PARTY(
    argument=Argument("level", "choice", choices=("province", "city", "county")),
    samples=(
        Sample("330110", "330000", "province"),
        Sample("330110", "330100", "city"),
        Sample("330100", "", "county"),
    ),
)
def region_part(text: str, level: str) -> str:
    """The province, city or county code inside a division code; empty when it does not go that deep."""
    found = by_code(text)
    if found is None:
        return ""
    if level == "province":
        return f"{text[:2]}0000"
    return city_code(text) if level == "city" else text if found.level == 3 else ""


@PARTY(
    argument=Argument("level", "choice", choices=("province", "city", "county")),
    samples=(
        Sample("330110", "浙江省", "province"),
        Sample("330110", "余杭区", "county"),
    ),
)
def region_name(text: str, level: str) -> str | Invalid:
    """The name of the province, city or county that a division code stands for."""
    found = by_code(text)
    if found is None:
        return Invalid(f"{shown(text)} is no division code", text, code=text[:40])
    return str(getattr(found, level))


_number_pair = re.compile(
    r"\s*(-?[0-9]{1,3}(?:\.[0-9]{1,15})?)\s*(?:,|;|\s|#%\$)\s*(-?[0-9]{1,2}(?:\.[0-9]{1,15})?)(?:\s*|#%\$.*)", re.DOTALL
)


@PARTY(
    samples=(
        Sample("120.0000010,30.28", "120.000001,30.28"),
        Sample("120.1#%$30.2#%$示例路1号", "120.1,30.2"),
        Sample("30.28,120.1", Invalid("'30.28,120.1' is no point (longitude,latitude)")),
    )
)
def point(text: str) -> str | Invalid:
    """Longitude,latitude in degrees with at most six decimals; the coordinate system stays the source's (GCJ-02)."""
    match = _number_pair.fullmatch(fold_width(text))
    if not match or abs(float(match[1])) > 180 or abs(float(match[2])) > 90:
        return Invalid(f"{shown(text)} is no point (longitude,latitude)", text)
    return f"{_degrees(match[1])},{_degrees(match[2])}"


def _degrees(text: str) -> str:
    return f"{float(text):.6f}".rstrip("0").rstrip(".")


@PARTY(
    takes="any",
    samples=(
        Sample({"line": "示例路1号", "point": "120.1,30.2"}, "120.1#%$30.2#%$示例路1号"),
        Sample({"line": "示例路1号"}, ""),
    ),
)
def fxiaoke_location(group: Any) -> str:
    """An address group in Fxiaoke's notation of a place (lng#%$lat#%$address); empty without a point."""
    where = group.get("point") if isinstance(group, dict) else None
    if not isinstance(where, str) or "," not in where:
        return ""
    line = group.get("line")
    return f"{where.replace(',', '#%$')}#%${line if isinstance(line, str) else ''}"


@PARTY(
    of_type="industry",
    samples=(
        Sample("C35", "C35"),
        Sample("专用设备制造业", "C35"),
        Sample("互联网+", Invalid("'互联网+' is no industry of GB/T 4754", code="互联网+")),
    ),
)
def industry(text: str) -> str | Invalid:
    """An industry's label or code as its code in GB/T 4754-2017; an unknown label is noted as an unknown code."""
    found = find(text)
    if found:
        return found
    return "" if is_placeholder(text) else Invalid(f"{shown(text)} is no industry of GB/T 4754", text, code=text[:40])


@PARTY(
    samples=(
        Sample("存续（在营、开业、在册）", "ACTIVE"),
        Sample("吊销，未注销", "REVOKED"),
        Sample("神秘", Invalid("'神秘' is no registration status", code="神秘")),
    )
)
def reg_status(text: str) -> str | Invalid:
    """A registration status as registers print it as one canonical word (ACTIVE, REVOKED, DEREGISTERED, ...)."""
    found = parse_status(text)
    if found != "UNKNOWN":
        return found
    return "" if is_placeholder(text) else Invalid(f"{shown(text)} is no registration status", text, code=text[:40])
