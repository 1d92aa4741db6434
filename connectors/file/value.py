"""What a typed value becomes: text that says exactly what the file says, so that no float is ever handed on."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

LARGEST = 2**63
_EXACT = 2**53


def number(value: float) -> str:
    """The shortest text that is this number: `5`, not `5.0`; no exponent unless the number is huge or tiny."""
    if value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    text = repr(value)
    return format(Decimal(text).normalize(), "f") if 1e-7 <= abs(value) < 1e21 else text


def whole(value: int) -> int | str:
    """An integer of up to 64 bits as it is, a larger one as text, as in JSON lines."""
    return value if -LARGEST <= value < LARGEST else str(value)


def duration(value: int, unit: int) -> str:
    """A length of time, counted in `unit`ths of a second, in the notation of ISO 8601: PT36H00M00S."""
    seconds, part = divmod(abs(value), unit)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{'-' if value < 0 else ''}PT{hours:02}H{minutes:02}M{seconds:02}{fraction(part, unit)}S"


def clock_time(value: int) -> str:
    """A time of day, counted in nanoseconds."""
    seconds, part = divmod(value, 1_000_000_000)
    hours, seconds = divmod(seconds, 3600)
    return time(hours, seconds // 60, seconds % 60).isoformat() + fraction(part, 1_000_000_000)


def fraction(part: int, unit: int) -> str:
    """The digits behind the second, none when there are none."""
    return f".{part:0{len(str(unit)) - 1}}".rstrip("0") if part else ""
