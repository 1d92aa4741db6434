"""Values as a database's driver gives them, as rows show them, and as positions write them.

A row holds text, whole numbers, booleans, lists and dicts: decimals, times and bytes are text, since JSON readers round
and guess. A position must sort as the database sorts, because the hub never lets one go back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

_WIDTH = 20
"""Digits before the point of a fractional number in a position, so that text sorts as the number does."""


class Undecoded(bytes):
    """Text that is not in the charset it should be in."""


def plain(value: Any) -> Any:
    """What a row shows for a value."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, timedelta):
        return _span(value)
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if isinstance(value, Sequence):
        return [plain(each) for each in value]
    return str(value)


def _span(value: timedelta) -> str:
    """MySQL's TIME reaches 838 hours and below zero; Python would write days."""
    micros = abs(value) // timedelta(microseconds=1)
    seconds, fraction = divmod(micros, 1_000_000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}" + (f".{fraction:06}" if fraction else "")
    return f"-{text}" if value < timedelta() else text


def position(value: Any) -> str:
    """A cursor as a position writes it: sorts as text, or as a whole number when it is all digits."""
    if isinstance(value, bytes | bytearray | memoryview):
        return f"0x{bytes(value).hex()}"  # a row version: some are all digits in hex, and would sort as numbers
    if isinstance(value, float | Decimal):
        number = Decimal(repr(value)) if isinstance(value, float) else value
        if number.is_finite():
            whole, _, rest = format(number, "f").partition(".")
            return f"{whole.zfill(_WIDTH)}.{rest}" if rest else whole
    return str(plain(value))


def loads(text: str | bytes) -> Any:
    """JSON with its decimals as they are written; what is no JSON after all (SQLite takes anything) stays text."""
    try:
        return json.loads(text, parse_float=str)
    except ValueError:
        return text


def double_encoded(text: str) -> bool:
    """Whether text from a latin1 column is UTF-8 that was stored byte for byte: no language writes `ä¸\xad` itself."""
    if text.isascii():
        return False
    try:
        latin1_bytes(text).decode("utf-8")
    except ValueError:
        return False
    return True


def latin1_bytes(text: str) -> bytes:
    """The bytes behind text of MySQL's latin1, which is Windows-1252 with its five gaps filled."""
    try:
        return text.encode("cp1252")
    except UnicodeEncodeError:
        return b"".join(char.encode("latin-1" if "\x80" <= char <= "\x9f" else "cp1252") for char in text)
