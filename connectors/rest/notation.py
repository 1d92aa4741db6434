"""How a cursor is written: parsing it, writing it, and moving along it.

Positions are kept in one spelling per format, so that they sort as text: ISO times in UTC with six digits behind the
second, numbers without leading zeros. What the API is asked with may be spelt differently (`sent_as`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from goldbridge.clock import iso
from goldbridge.ports import Json
from goldbridge.records.hint import did_you_mean

NAMES = ("iso", "epoch_s", "epoch_ms", "number", "text")
_SAMPLES = [
    datetime(2019, 12, 31, 23, 59, 58, tzinfo=UTC),
    datetime(2020, 1, 9, 8, 7, 6, tzinfo=UTC),
    datetime(2020, 1, 10, 0, 0, 0, tzinfo=UTC),
    datetime(2020, 4, 1, 0, 0, 0, tzinfo=UTC),
    datetime(2020, 11, 2, 12, 0, 0, tzinfo=UTC),
]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def trouble(form: str) -> str:
    """What is wrong with a format, empty when nothing is."""
    if "%" not in form:
        if form in NAMES:
            return ""
        return f"unknown format '{form}'{did_you_mean(form, NAMES)}, or a pattern such as '%Y-%m-%d %H:%M:%S'"
    notation = Notation(form)
    written = [notation.write(at) for at in _SAMPLES]
    try:
        parsed = [notation.moment(text) for text in written]
    except ValueError:
        return f"the pattern '{form}' cannot be read back; use year, month, day and time as numbers"
    if written != sorted(written) or parsed != sorted(parsed):
        return f"times written as '{form}' do not sort; put the year first, then month, day and time"
    return ""


class Notation:
    """One format in one time zone. `timed`: its values are moments; `step` is the smallest difference it can write."""

    def __init__(self, form: str, zone: str | None = None) -> None:
        self.form = form
        self.timed = form not in ("number", "text")
        self.step = timedelta(milliseconds=1) if form in ("iso", "epoch_ms") or "%f" in form else timedelta(seconds=1)
        self._zone = ZoneInfo(zone) if zone else UTC
        self._parse: Callable[[str], datetime] = {
            "iso": self._from_iso,
            "epoch_s": lambda text: _EPOCH + timedelta(seconds=int(text)),
            "epoch_ms": lambda text: _EPOCH + timedelta(milliseconds=int(text)),
        }.get(form, self._from_pattern)

    def moment(self, text: str) -> datetime:
        """The moment a text stands for; raises ValueError."""
        try:
            return self._parse(text)
        except OverflowError:
            raise ValueError(text) from None

    def write(self, at: datetime) -> str:
        """A moment in this format; what is finer than the format is cut off."""
        if self.form == "iso":
            return iso(at)
        if self.form in ("epoch_s", "epoch_ms"):
            return str((at - _EPOCH) // self.step)
        return at.astimezone(self._zone).strftime(self.form)

    def canonical(self, value: Json) -> str:
        """A cursor as rows have it, in the spelling of positions; raises ValueError."""
        if self.form == "text":
            return str(value)
        if self.form in ("number", "epoch_s", "epoch_ms"):
            return str(int(value))
        return self.write(self.moment(str(value)))

    def sent(self, position: str, form: Notation) -> Json:
        """A position in the format the API is asked with; numbers are numbers."""
        text = position
        if form.form != self.form and self.timed and form.timed:
            text = form.write(self.moment(position))
        return int(text) if form.form in ("number", "epoch_s", "epoch_ms") else text

    def shift(self, position: str, seconds: float) -> str:
        """A position moved in time; untimed ones stay. Raises ValueError."""
        return self.write(self.moment(position) + timedelta(seconds=seconds)) if self.timed else position

    def rank(self, value: Json) -> Any:
        """What values are compared by; raises ValueError."""
        if self.form == "text":
            return str(value)
        return int(value) if self.form in ("number", "epoch_s", "epoch_ms") else self.moment(str(value))

    def _from_iso(self, text: str) -> datetime:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=self._zone)

    def _from_pattern(self, text: str) -> datetime:
        at = datetime.strptime(text, self.form)  # noqa: DTZ007 - the zone follows
        return at if at.tzinfo else at.replace(tzinfo=self._zone)
