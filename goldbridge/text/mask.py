"""Values as they may be shown to somebody who only has to see what kind of value a field holds.

A masked value keeps its form (a telephone number, a company, an address of a city) and no more of its content than that
takes. What could let somebody in is not shown at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

HIDDEN = "[hidden]"
PLAIN = frozenset({"amount", "number", "date", "datetime", "epoch_ms", "epoch_s", "boolean", "unit", "region"}) | {
    "province",
    "city",
    "county",
    "industry",
    "reg_status",
}
"""Kinds of values that tell nothing about anybody by themselves."""
_STARS = "***"

_secret_name = re.compile(
    r"(?i)(?:pass(?:word|wd)?|pwd|secret|token|api_?key|private_?key|credential|cookie|session_?id|salt|passphrase|"
    r"authorization|密码|口令|密钥|令牌|mima)"
)
_secret_value = re.compile(r"eyJ[\w-]+\.|-----BEGIN |(?:sk|pk|ghp|xox[abp])[-_]\w{8,}|[\w+/=-]{32,}|(?i:bearer )\S+")
_email = re.compile(r"[^@\s]+@[^@\s]+")
_day = re.compile(r"(?:19|20)\d{2}(?:[-/.年]\d{1,2}[-/.月]\d{1,2}日?|(?:0[1-9]|1[0-2])[0-3]\d)(?:[ T]\d{1,2}:.*)?")
_phone = re.compile(r"\+?[\d\s()\-－—/,;；、转ext.#*]{7,}", re.IGNORECASE)
_amount = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+\.\d{1,4}|-?\d{1,6}")
_chinese = re.compile(r"[\u4e00-\u9fff]")
_organisation = re.compile(
    r"(?:公司|集团|厂|中心|学院|大学|医院|研究[院所]|事务所|合作社|银行|商行|经营部|合伙[)）]?)$"
)


def is_secret_name(name: str) -> bool:
    """Whether a field is called like something that lets one in; its values are shown to nobody."""
    return _secret_name.search(name) is not None


def mask(text: str, kind: str = "") -> str:
    """A value with its middle taken out. `kind` is what the values of its field are, told by its form when left out."""
    text = " ".join(text.split())
    if not text:
        return ""
    if (kind in PLAIN and len(text) <= 40) or (kind == "code" and _wide(text) <= 20):
        return text
    if _secret_value.search(text) and kind not in ("url", "email", "organisation", "address"):
        return HIDDEN
    return _MASKS.get(kind or _form(text), _text)(text)


def _wide(text: str) -> int:
    """How long a text is when a Chinese character counts for three letters: sentences are no codes."""
    return sum(3 if _chinese.match(char) else 1 for char in text)


def _form(text: str) -> str:
    if _email.fullmatch(text):
        return "email"
    if "://" in text or text.casefold().startswith("www."):
        return "url"
    if _day.fullmatch(text) or _amount.fullmatch(text):
        return "number"
    if _phone.fullmatch(text) and sum(char.isdigit() for char in text) >= 7:
        return "phone"
    if _organisation.search(text) and len(text) > 4:
        return "organisation"
    return ""


def _mail(text: str) -> str:
    user, _, host = text.rpartition("@")
    return f"{user[:1]}{_STARS}@{host}" if user else _text(text)


def _dialled(text: str) -> str:
    digits = "".join(char for char in text if char.isdigit())
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 10 else f"{digits[:2]}****"


def _company(text: str) -> str:
    if _chinese.search(text):
        return f"{text[:2]}{_STARS}{text[-2:]}" if len(text) > 6 else f"{text[:1]}{_STARS}"
    last = text.rsplit(" ", 1)[-1]
    return f"{text[:3]}{_STARS}" + (f" {last}" if last != text and len(last) <= 5 else "")


def _human(text: str) -> str:
    return f"{text[:1]}**"


def _place(text: str) -> str:
    return f"{text[:3]}{_STARS}" if len(text) > 4 else f"{text[:1]}{_STARS}"


def _code(text: str) -> str:
    return f"{text[:4]}{_STARS}{text[-2:]}" if len(text) >= 15 else _text(text)


def _site(text: str) -> str:
    host = re.sub(r"^\w+://", "", text).partition("/")[0]
    return f"{_STARS}.{host.rpartition('.')[2]}" if "." in host else _STARS


def _text(text: str) -> str:
    if len(text) < 3:
        return _STARS
    if _chinese.search(text):
        return f"{text[:2]}{_STARS}" if len(text) > 5 else f"{text[:1]}{_STARS}"
    return f"{text[:2]}{_STARS}{text[-2:]}" if len(text) >= 8 else f"{text[:1]}{_STARS}"


_MASKS: dict[str, Callable[[str], str]] = {
    "email": _mail,
    "phone": _dialled,
    "organisation": _company,
    "person": _human,
    "address": _place,
    "credit_code": _code,
    "lei": _code,
    "url": _site,
    "number": lambda text: text,
}
