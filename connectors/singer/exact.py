"""JSON without loss: what is a number in a message stays the digits it was.

In records, numbers with a fraction and integers beyond 64 bits become text, as everywhere in the house. A STATE or a
catalogue goes back to the tap, so its numbers stay numbers, digit by digit.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

_LARGEST = 2**63
_BROKEN = re.compile("[\udc80-\udcff]")


class Constant(str):
    """NaN or an infinity, which JSON does not have."""

    __slots__ = ()


def _integer(text: str) -> int | str:
    number = int(text) if len(text) < 20 else _LARGEST
    return number if -_LARGEST <= number < _LARGEST else text


def _raw(text: str) -> Any:
    return orjson.Fragment(text)


def _raw_integer(text: str) -> Any:
    number = _integer(text)
    return number if isinstance(number, int) else _raw(text)


_plain = json.JSONDecoder(parse_float=str, parse_constant=Constant)
_careful = json.JSONDecoder(parse_float=str, parse_int=_integer, parse_constant=Constant)
_round = json.JSONDecoder(parse_float=_raw, parse_int=_raw_integer)


def record(text: str) -> Any:
    """A message whose numbers become what a row may hold; raises `ValueError` or `RecursionError`."""
    try:
        found = _plain.decode(text)
    except ValueError:  # also an integer of thousands of digits
        return _careful.decode(text)
    return _careful.decode(text) if _is_large(found) else found


def _is_large(value: Any) -> bool:
    """Whether an integer beyond 64 bits is in it; they are too rare to look at each while reading."""
    for each in value.values() if type(value) is dict else value if type(value) is list else (value,):
        kind = type(each)
        if kind is int:
            if not -_LARGEST <= each < _LARGEST:
                return True
        elif (kind is dict or kind is list) and _is_large(each):
            return True
    return False


def flaw(row: dict[str, Any], text: str, *, broken: bool) -> tuple[str, str] | None:
    """(field, what is wrong with it): a value that is no number in JSON, or, when bytes are `broken`, no text.

    `text` is what the row was read from; it says quickly that nothing is wrong.
    """
    if not broken and "NaN" not in text and "Infinity" not in text:
        return None
    for name, value in row.items():
        if _holds(value):
            return name, "holds NaN or an infinity, which is no number"
        if broken and _BROKEN.search(f"{name}{json.dumps(value, ensure_ascii=False)}"):
            return name, "holds bytes that are no text in UTF-8"
    return None


def is_broken(text: str) -> bool:
    """Whether a text has marks of bytes that did not decode."""
    return _BROKEN.search(text) is not None


def _holds(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds(each) for each in value.values())
    if isinstance(value, list):
        return any(_holds(each) for each in value)
    return isinstance(value, Constant)


def load(text: str) -> Any:
    """A document that `dump` writes as it was; raises `ValueError` or `RecursionError`."""
    return _round.decode(text)


def dump(value: Any) -> bytes:
    return orjson.dumps(value)
