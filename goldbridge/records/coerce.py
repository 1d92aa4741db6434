"""Brings a value into the canonical form of its field's type, or says why it has none.

Null and empty are no values and pass unchanged. A form that can be written down but is wrong (a credit code whose
check character does not fit) is kept, because it is still evidence; `flaw` says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from goldbridge.clock import iso
from goldbridge.errors import Reject
from goldbridge.records.field import Field
from goldbridge.records.hint import nearest
from goldbridge.text.code import parse_credit_code, parse_lei
from goldbridge.text.contact import parse_email
from goldbridge.text.date import parse_date, parse_datetime
from goldbridge.text.industry import find
from goldbridge.text.money import parse_money, plain
from goldbridge.text.phone import parse_phone

_E164 = re.compile(r"\+[1-9][0-9]{5,14}(?:;ext=[0-9]{1,6})?")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_LARGEST = Decimal(10) ** 30
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_POINT = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,15})?,-?[0-9]{1,2}(?:\.[0-9]{1,15})?")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OFFSET = re.compile(r"(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})$|^(?:[0-9]{10}|[0-9]{13}|[0-9]{16})$", re.IGNORECASE)


def coerce(field: Field, value: Any, *, zone: str | None = None) -> Any:
    """The canonical value; `zone` is where times without an offset were written.

    Raises `Reject`: MOD020 when the value has no form in this type, MOD021 for a word the enum does not have, MOD022
    when it has the wrong shape (a list, a group, a reference). The record's key is for the caller to add.
    """
    if field.many:
        if value is None or value == "":
            return value
        items = value if isinstance(value, list | tuple) else [value]
        return [_one(field, item, zone) for item in items if item is not None and item != ""]
    return _one(field, value, zone)


def flaw(field: Field, value: Any) -> str:
    """What is wrong with a canonical value that was kept all the same; "" for a good one."""
    if field.many and isinstance(value, list):
        return next((reason for item in value if (reason := _flaw(field, item))), "")
    return _flaw(field, value)


def _flaw(field: Field, value: Any) -> str:
    if not isinstance(value, str) or not value:
        return ""
    if field.type == "credit_code":
        code = parse_credit_code(value)
        return "a placeholder" if code is None else ("" if code.valid else code.reason)
    if field.type == "lei":
        lei = parse_lei(value)
        return "a placeholder" if lei is None else ("" if lei.valid else lei.reason)
    return ""


def _one(field: Field, value: Any, zone: str | None) -> Any:
    if value is None or value == "":
        return value
    if isinstance(value, list | tuple):
        raise _shape(field, "has several values, but the model gives it one; take one of them or set many: true")
    if field.is_group:
        return _group(field, value, zone)
    if isinstance(value, dict) and field.type != "reference":
        raise _shape(field, f"is a group, but the model says {field.type}")
    if field.type == "datetime":
        return _datetime(field, value, zone)
    return _FORMS[field.type](field, value)


def _group(field: Field, value: Any, zone: str | None) -> dict[str, Any]:
    if isinstance(value, str) and field.type == "address":
        value = {"line": value}
    if not isinstance(value, Mapping):
        raise _shape(field, f"must be a group of {', '.join(field.fields)}")
    made = {}
    for name, part in value.items():
        inner = field.fields.get(name)
        if inner is None:
            near = nearest(str(name), field.fields)
            raise _shape(field, f"has no part '{name}'" + (f"; did you mean '{near}'?" if near else ""))
        try:
            made[name] = coerce(inner, part, zone=zone)
        except Reject as error:
            raise Reject(error.code, f"{field.name}.{error.message}", field=f"{field.name}.{error.field}") from None
    return made


def _text(field: Field, value: Any) -> str:
    if isinstance(value, bool | float):
        raise _refuse(field, value, "text")
    return value if isinstance(value, str) else str(value)


def _credit_code(field: Field, value: Any) -> str:
    code = parse_credit_code(_text(field, value))
    if code is None or len(code.value) != 18:
        raise _refuse(field, value, "a credit code", code.reason if code else "")
    return code.value


def _lei(field: Field, value: Any) -> str:
    lei = parse_lei(_text(field, value))
    if lei is None or len(lei.value) != 20:
        raise _refuse(field, value, "an LEI", lei.reason if lei else "")
    return lei.value


def _phone(field: Field, value: Any) -> str:
    text = _text(field, value)
    if _E164.fullmatch(text):
        return text
    phone = parse_phone(text)
    if phone is None:
        raise _refuse(field, value, "a telephone number")
    return phone.text


def _email(field: Field, value: Any) -> str:
    email = parse_email(_text(field, value))
    if email is None:
        raise _refuse(field, value, "an e-mail address")
    return email


def _url(field: Field, value: Any) -> str:
    text = _text(field, value).strip().rstrip("/")
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if "." not in host or re.search(r"\s", text):
        raise _refuse(field, value, "a web address")
    scheme, found, rest = text.rpartition("://")
    own, slash, path = rest.partition("/")
    return f"{scheme.lower()}{found}{own.lower()}{slash}{path}"


def _industry(field: Field, value: Any) -> str:
    code = find(_text(field, value))
    if code is None:
        raise _refuse(field, value, "an industry of GB/T 4754")
    return code


def _region(field: Field, value: Any) -> str:
    text = _text(field, value).strip()
    if not re.fullmatch(r"[1-9][0-9]{5}", text):
        raise _refuse(field, value, "a region code of six digits")
    return text


def _point(field: Field, value: Any) -> str:
    text = _text(field, value).replace(" ", "")
    if not _POINT.fullmatch(text):
        raise _refuse(field, value, "a point written longitude,latitude")
    longitude, latitude = (Decimal(part) for part in text.split(","))
    if abs(longitude) > 180 or abs(latitude) > 90:
        raise _refuse(field, value, "a point written longitude,latitude")
    return text


def _number(field: Field, value: Any, what: str) -> Decimal | None:
    """Numbers of any kind as a decimal; None for text.

    A float is taken at its 15 reliable digits: 0.1 + 0.2 is 0.3 here.
    """
    if isinstance(value, bool):
        raise _refuse(field, value, what)
    if not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(f"{value:.15g}") if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or abs(number) >= _LARGEST or int(number.as_tuple().exponent) < -30:
        raise _refuse(field, value, what)
    return number


def _money(field: Field, value: Any) -> str:
    number = _number(field, value, "an amount")
    if number is not None:
        return plain(number)
    text = _text(field, value)
    if _DECIMAL.fullmatch(text):
        return plain(Decimal(text))
    money = parse_money(text, field.currency)
    if money is None:
        raise _refuse(field, value, "an amount")
    if money.currency != field.currency:
        raise _refuse(field, value, f"an amount in {field.currency}", f"it is in {money.currency}")
    return money.text


def _decimal(field: Field, value: Any) -> str:
    number = _number(field, value, "a number")
    if number is not None:
        return plain(number)
    text = _text(field, value).strip()
    if not _DECIMAL.fullmatch(text):
        raise _refuse(field, value, "a number")
    return plain(Decimal(text))


def _integer(field: Field, value: Any) -> int:
    number = _number(field, value, "a whole number")
    if number is None:
        text = _text(field, value).strip()
        if not _INTEGER.fullmatch(text):
            raise _refuse(field, value, "a whole number")
        number = Decimal(text)
    if number != number.to_integral_value() or not -(1 << 63) <= number < 1 << 63:
        raise _refuse(field, value, "a whole number")
    return int(number)


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None
    if known is None:
        raise _refuse(field, value, "true or false")
    return known


def _date(field: Field, value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = _text(field, value)
    try:
        day = date.fromisoformat(text) if _ISO_DAY.fullmatch(text) else parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise _refuse(field, value, "a date")
    return day.isoformat()


def _datetime(field: Field, value: Any, zone: str | None) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise _refuse(field, value, "a time with a zone", "declare the zone of the source system")
        return iso(value)
    text = _text(field, value)
    if zone is None and not _OFFSET.search(text.strip()):
        raise _refuse(field, value, "a time with a zone", "declare the zone of the source system")
    at = parse_datetime(text, zone or "UTC")
    if at is None:
        raise _refuse(field, value, "a time")
    return iso(at)


def _enum(field: Field, value: Any) -> str:
    text = _text(field, value)
    if text in field.enum:
        return text
    near = nearest(text, field.enum)
    hint = f"; did you mean '{near}'?" if near else f" ({', '.join(field.enum[:12])})"
    raise Reject("MOD021", f"{field.name}: '{_clip(value)}' is none of its words{hint}", field=field.name)


def _reference(field: Field, value: Any) -> dict[str, str]:
    fits = (
        isinstance(value, Mapping) and set(value) == {"ref", "key"} and all(isinstance(v, str) for v in value.values())
    )
    if not fits or not re.fullmatch(r"[^.\s]+\.\S+", value["ref"]) or not value["key"]:
        message = "must be {ref: system.stream, key: ...}; use the step `ref: system.stream` in the mapping"
        raise _shape(field, message)
    return {"ref": value["ref"], "key": value["key"]}


_FORMS: dict[str, Callable[[Field, Any], Any]] = {
    "text": _text,
    "credit_code": _credit_code,
    "lei": _lei,
    "phone": _phone,
    "email": _email,
    "url": _url,
    "industry": _industry,
    "region": _region,
    "point": _point,
    "money": _money,
    "decimal": _decimal,
    "integer": _integer,
    "boolean": _boolean,
    "date": _date,
    "enum": _enum,
    "reference": _reference,
}


def _refuse(field: Field, value: Any, what: str, reason: str = "") -> Reject:
    tail = f": {reason}" if reason else ""
    return Reject("MOD020", f"{field.name}: '{_clip(value)}' is not {what}{tail}", field=field.name)


def _shape(field: Field, message: str) -> Reject:
    return Reject("MOD022", f"{field.name}: {message}", field=field.name)


def _clip(value: Any) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else str(value).replace("\n", " ")
    return text if len(text) <= 40 else text[:39] + "…"
