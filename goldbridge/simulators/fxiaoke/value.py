"""What the tenant accepts as a value of a field, and how it stores it.

Numbers and amounts are text and are kept with the field's decimals ("3000000" comes back as "3000000.00"); text loses
blanks at its ends; dates are whole milliseconds; one-of fields take the option's value, never its label.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from goldbridge.simulators.fxiaoke.field import Field
from goldbridge.simulators.fxiaoke.schema import EMPLOYEES, WORDS
from goldbridge.simulators.kit import Refused

INVALID = "15002"
"""The gateway's code for a value it does not accept; the field is named in the text, which nobody should parse."""

_TEXT = frozenset(
    ("text", "long_text", "phone_number", "email", "url", "country", "province", "city", "district", "location")
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_REGION = re.compile(r"\d{6}")
_LOCATION = re.compile(r"-?\d{1,3}(\.\d+)?#%\$-?\d{1,2}(\.\d+)?#%\$.*", re.DOTALL)


def refuse(field: Field, reason: str) -> Refused:
    return Refused(INVALID, f"字段[{field.label}]({field.name}){reason}")


def store(field: Field, value: Any, exists: Callable[[str, str], bool]) -> Any:
    """The value as it is kept; None when it is empty. Raises `Refused`; `exists(object, id)` checks look-ups."""
    if value is None or value == "" or value == []:
        return None
    if field.kind in _TEXT:
        return _text(field, value)
    match field.kind:
        case "number" | "currency" | "percentile":
            return _number(field, value)
        case "date" | "date_time" | "time":
            if isinstance(value, bool) or not isinstance(value, int):
                raise refuse(field, "应为毫秒时间戳")
            return value
        case "true_or_false":
            if not isinstance(value, bool):
                raise refuse(field, "应为布尔值")
            return value
        case "select_one":
            return _option(field, value)
        case "select_many":
            return [_option(field, each) for each in _texts(field, value)]
        case "employee":
            employees = _texts(field, value)
            if unknown := [each for each in employees if each not in EMPLOYEES]:
                raise Refused("30027", f"员工不存在: {unknown[0]}")
            return employees
        case "object_reference" | "master_detail":
            if not isinstance(value, str) or not exists(field.target, value):
                raise refuse(field, f"关联的数据不存在({field.target})")
            return value
        case _:
            return value


def _text(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise refuse(field, "应为文本")
    text = value.strip()
    if len(text) > field.length:
        raise refuse(field, f"超过最大长度{field.length}")
    if text and (
        (field.kind == "email" and not _EMAIL.fullmatch(text))
        or (field.kind in ("province", "city", "district") and not _REGION.fullmatch(text))
        or (field.kind == "location" and not _LOCATION.fullmatch(text))
        or (field.kind == "url" and re.search(r"\s", text))
    ):
        raise refuse(field, "格式不正确")
    return text or None


def _number(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise refuse(field, "应为数字文本")
    try:
        number = Decimal(value.strip())
        if not number.is_finite() or number.adjusted() > 15:
            raise refuse(field, "超出范围")
        return str(number.quantize(Decimal(1).scaleb(-field.decimals)))
    except InvalidOperation:
        raise refuse(field, "不是数字") from None


def _option(field: Field, value: Any) -> str:
    if not isinstance(value, str) or (field.options and all(value != known for _, known in field.options)):
        raise refuse(field, f"选项不存在: {value}")
    return value


def _texts(field: Field, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise refuse(field, "应为文本列表")
    return value


def unlabel(field: Field, value: Any) -> Any:
    """For rows typed by people: an option's label (or the world's word for it) becomes its value."""
    if field.kind == "select_one" and isinstance(value, str):
        names = (value, WORDS.get(value))
        return next((known for label, known in field.options if label in names), value)
    return value
