"""What can stand in a cell while a record is mapped: the four states, and what went wrong.

A source can say four things about a field, and they stay apart from end to end: nothing (`ABSENT`: the key is
missing), null (None), empty ("" or []), or a value. Steps work on values only; the other three pass through unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import orjson

from goldbridge.errors import Mark


class _Absent:
    """The source did not mention the field; falsy, one of a kind."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()


class Invalid:
    """A value that is not what it should be; `kept` is its cleaned text, which some types keep as soft evidence.

    `code` is set when the value is a code that no list knows: work for whoever keeps the list, not a typing error.
    """

    __slots__ = ("code", "kept", "reason")

    def __init__(self, reason: str, kept: Any = None, code: str = "") -> None:
        self.reason = reason
        self.kept = kept
        self.code = code

    def __repr__(self) -> str:
        return f"Invalid({self.reason!r})"


class Outcome:
    """A finished cell that is more than its value: it has a note, or it sends the record to the dead letters.

    `refusal` is (code, reason, mark) of the dead letter, or None.
    """

    __slots__ = ("note", "refusal", "value")

    def __init__(
        self, value: Any, note: dict[str, Any] | None = None, refusal: tuple[str, str, Mark] | None = None
    ) -> None:
        self.value = value
        self.note = note
        self.refusal = refusal


_MAY_BE_NONE = frozenset({str, type(None), _Absent, list, dict})


def has_value(value: Any) -> bool:
    """Whether a cell holds a value: not absent, null or empty. Zero and False are values."""
    return bool(value) if value.__class__ in _MAY_BE_NONE else True


class Texts(list[str]):
    """A column in which every cell is a text that is not empty. Never changed, so that steps may share it."""

    __slots__ = ()


def only_texts(column: Sequence[Any]) -> bool:
    """Whether every cell is a text that is not empty."""
    return column.__class__ is Texts or (set(map(type, column)) == {str} and all(column))


def marked(column: list[str]) -> list[str]:
    """A column of texts, marked as `Texts` unless one is empty: what is known need not be asked again by each step."""
    return Texts(column) if column.__class__ is not Texts and all(column) else column


def known(column: list[Any]) -> list[Any]:
    """The same for a column of anything."""
    return Texts(column) if column.__class__ is not Texts and only_texts(column) else column


def plain_text(value: Any) -> str | Invalid:
    """A scalar of the source as text: 13800138000 and "13800138000" are one value; 300.0 is 300, without exponent."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return decimal_text(value)
    kind = "a list" if isinstance(value, list) else "a group" if isinstance(value, dict) else type(value).__name__
    return Invalid(f"{kind}, where one value was expected")


def decimal_text(value: float | Decimal) -> str | Invalid:
    """A number as plain decimal text without exponent and trailing zeros.

    A float is read at 15 significant digits, all that a double guarantees: 0.07 * 10000.0 is 700, nothing behind it.
    """
    if isinstance(value, float):
        text = f"{value:.15g}"
        if text.lstrip("-").replace(".", "", 1).isdecimal() and text != "-0":
            return text
    number = value if isinstance(value, Decimal) else Decimal(f"{value:.15g}")
    if not number.is_finite():
        return Invalid("not a finite number")
    if not -1000 < number.adjusted() < 1000:
        return Invalid("a number of more than a thousand digits")
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


_short_number = re.compile("-?[0-9.]{1,14}(?<!-0)")


def decimal_texts(values: Sequence[float]) -> list[Any]:
    """`decimal_text` of many floats. The shortest text that gives a float back is the one of 15 digits, unless it needs
    more of them; those, and what it writes with an exponent, as null or as -0, are done one by one."""
    written = orjson.dumps(list(values)).decode()[1:-1] + ","
    written = written.replace(".0,", ",")
    texts = written[:-1].split(",")
    if max(map(len, texts)) <= 15 and not any(sign in written for sign in ("e", "n", "-0,")):
        return Texts(texts)
    return [
        text if _short_number.fullmatch(text) else decimal_text(value)
        for text, value in zip(texts, values, strict=True)
    ]


def shown(value: Any, limit: int = 40) -> str:
    """A value for a message: quoted, and never more than the first `limit` characters of it."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a group"
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return repr(text) if isinstance(value, str) else text
