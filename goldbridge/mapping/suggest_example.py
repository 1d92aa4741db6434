"""Examples for a suggested mapping: rows in the source's notation, with invented content.

A row of the sample gives the form (which fields, text or number, how days are written); nothing of what stood in it is
kept but codes, which the value tables list anyway.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from goldbridge.mapping.profile import Column
from goldbridge.mapping.suggest_rule import Rule

_DAY = "2026-03-01"
_DAY_MS = 1_772_294_400_000  # its midnight in Shanghai
_numbered = re.compile(r"([A-Za-z]{0,4}[-_]?)(\d{1,30})")
_hex = re.compile(r"[0-9a-fA-F-]{16,}")
_chinese = re.compile(r"[\u3400-\u9fff]")
_iso = re.compile(r"\d{4}(-|/|\.|年)\d{1,2}(?:-|/|\.|月)\d{1,2}(日?)(.*)", re.DOTALL)


def rows(rules: Sequence[Rule], key: Column, required: Collection[str]) -> list[dict[str, Any]]:
    """Rows with a value in every field that is mapped, with what the record cannot do without, and with a key alone."""
    found: list[dict[str, Any]] = [{}, {}, {}]
    for number, row in enumerate(found, 1):
        _put(row, key.name, invented_key(key, number))
    for rule in rules:
        for at, column in enumerate(rule.columns):
            if column.name == key.name:
                continue
            _put(found[0], column.name, invented(column, rule))
            if rule.target in required and not at:
                _put(found[1], column.name, invented(column, rule))
    return [row for at, row in enumerate(found) if row not in found[:at]]


def _put(row: dict[str, Any], name: str, value: Any) -> None:
    parts = name.split(".")
    for part in parts[:-1]:
        inner = row.setdefault(part, {})
        if not isinstance(inner, dict):
            row[name] = value
            return
        row = inner
    row[parts[-1]] = value


def invented_key(column: Column, number: int) -> Any:
    """A key in the notation of a column's own: as long, with the same letters before it."""
    if column.found == "integer":
        return number
    value = _commonest(column)
    if match := _numbered.fullmatch(value):
        return f"{match[1]}{number:0{len(match[2])}d}"
    if _hex.fullmatch(value):
        digits = f"{number:0{len(value)}d}"
        return "".join("-" if char == "-" else digit for char, digit in zip(value, digits, strict=True))
    return f"K{number:04d}"


def invented(column: Column, rule: Rule) -> Any:
    """A value of the kind that a rule reads, in the column's notation."""
    value = _invented(column, rule)
    if column.is_list and not isinstance(value, list):
        return [value]
    if column.found in ("integer", "decimal") and isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value):
        return int(value)
    return value


def _invented(column: Column, rule: Rule) -> Any:
    target, steps = rule.target, rule.steps
    words = [step if isinstance(step, str) else next(iter(step)) for step in steps.get("via", [])]
    if rule.table or ("expr" in steps and "via" not in steps):
        return _code(column, rule)
    if "ref" in steps or ("first_of" in steps and not target.startswith("address.")):
        return invented_key(column, 1)
    if column.share("unit") >= 0.9 and len(rule.columns) > 1:
        return _commonest(column)
    for word in words:
        if word in _MAKERS:
            return _MAKERS[word](column)
    if target.startswith("address") or words == ["address"]:
        return _address(column, target)
    if target == "website":
        return "https://www.example.com"
    return _text(column, rule)


def _code(column: Column, rule: Rule) -> str:
    """The commonest code that has a meaning, else the commonest one."""
    known = [entry.value for entry in rule.table if entry.word is not None]
    return known[0] if known else rule.table[0].value if rule.table else _commonest(column)


def _text(column: Column, rule: Rule) -> str:
    if rule.words:
        return next(
            (value for value in (*column.values, *column.declared.options) if value in rule.words), rule.words[0]
        )
    value = _commonest(column)
    if not value and rule.target in ("number", "code"):
        return "A-0001"
    latin = bool(value) and not _chinese.search(value)
    if rule.target in ("name", "short_name", "former_names", "title", "owner", "author", "applicant", "contact"):
        return _named(column, rule, latin=latin)
    if value and not _chinese.search(value):
        return _shaped(value)
    return "Example" if latin else "示例"


def _named(column: Column, rule: Rule, *, latin: bool) -> str:
    if column.share("organisation") >= 0.3 or (rule.target == "name" and column.share("person") < 0.3):
        return "Example Trading Co., Ltd." if latin else "杭州示例智能装备有限公司"
    if column.share("person") >= 0.3 or rule.target != "title":
        return "Erika Example" if latin else "张示例"
    return "Purchasing" if latin else "采购经理"


def _shaped(value: str) -> str:
    """A code in the form of another one: HT-2024-8731 becomes HT-0000-0001."""
    if not re.fullmatch(r"[A-Za-z]{0,4}(?:[-_/]?\d{1,12}){1,4}", value):
        return "A-0001"
    digits = [at for at, char in enumerate(value) if char.isdigit()]
    made = ["0" if char.isdigit() else char for char in value]
    made[digits[-1]] = "1"
    return "".join(made)


def _name(column: Column) -> str:
    latin = bool(column.values) and not _chinese.search(_commonest(column))
    if column.share("person") > column.share("organisation"):
        return "Erika Example" if latin else "张示例"
    return "Example Trading Co., Ltd." if latin else "杭州示例智能装备有限公司"


def _phone(column: Column) -> str:
    return "13800138001" if column.share("mobile") >= 0.5 else "0571-87654321"


def _amount(column: Column) -> str:
    return "1200万元" if column.share("wan") >= 0.5 else "1200"


def _day(column: Column) -> Any:
    """The first of March in the notation of the column."""
    value = _commonest(column)
    if column.share("epoch_ms") >= 0.6:
        return _DAY_MS if column.found == "integer" else str(_DAY_MS)
    if column.share("epoch_s") >= 0.6:
        return _DAY_MS // 1000 if column.found == "integer" else str(_DAY_MS // 1000)
    if re.fullmatch(r"\d{8}", value):
        return "20260301"
    if match := _iso.fullmatch(value):
        rest = re.sub(r"\d", "0", match[3])
        if match[1] == "年":
            return f"2026年3月1日{rest}"
        return f"{_DAY.replace('-', match[1])}{match[2]}{rest}"
    return _DAY


def _industry(column: Column) -> str:
    return "C35" if re.fullmatch(r"[A-T]?\d{0,4}", _commonest(column)) and column.values else "专用设备制造业"


def _point(column: Column) -> str:
    return "120.1#%$30.2#%$示例路1号" if "#%$" in _commonest(column) else "120.1,30.2"


def _region(column: Column) -> str:
    if column.share("region") >= 0.6:
        value = _commonest(column)
        size = len(value)
        code = "330110" if not value.endswith("00") else "330100" if not value.endswith("0000") else "330000"
        return code[:size] if size in (2, 4) else code
    return "330110"


def _address(column: Column, target: str) -> str:
    if not column.filled:
        part = target.rpartition(".")[2]
        return {"county": "余杭区", "city": "杭州市", "province": "浙江省"}.get(part, "示例路1号")
    for kind, text in (("county", "余杭区"), ("city", "杭州市"), ("province", "浙江省")):
        if column.share(kind) >= 0.6 and column.share("address") < 0.5:
            return text
    return "12 Example Street" if column.values and not _chinese.search(_commonest(column)) else "示例路1号"


def _commonest(column: Column) -> str:
    return max(column.values, key=lambda value: (column.values[value], value), default="")


_MAKERS = {
    "organisation": _name,
    "credit_code": lambda _: "91330110MA2EXAMP5K",
    "lei": lambda _: "549300IBP32UQZ0KLY24",
    "phone": _phone,
    "phones": _phone,
    "email": lambda _: "sales@example.com",
    "industry": _industry,
    "reg_status": lambda _: "存续",
    "money": _amount,
    "wan": lambda _: "1200",
    "cents": lambda _: "120000",
    "number": lambda _: "12",
    "integer": lambda _: "12",
    "boolean": lambda column: _commonest(column) or "1",
    "epoch_ms": _day,
    "epoch_s": _day,
    "date": _day,
    "datetime": _day,
    "point": _point,
    "region": _region,
    "region_name": _region,
}
