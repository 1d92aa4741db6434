"""Times: when things happened before the world's present, in the notations of the systems."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from goldbridge.simulators.world.dice import Dice

SHANGHAI = timezone(timedelta(hours=8))


def before(dice: Dice, as_of: datetime, days: float, power: float = 1.0) -> datetime:
    """A whole second within the last `days` before `as_of`; the higher `power`, the more recent."""
    return as_of - timedelta(seconds=int(days * 86_400 * dice.random() ** power) + 1)


def between(dice: Dice, start: datetime, end: datetime) -> datetime:
    """A whole second from `start` on, not after `end`."""
    return start + timedelta(seconds=int((end - start).total_seconds() * dice.random()))


def in_office(dice: Dice, moment: datetime, as_of: datetime) -> datetime:
    """The same day in Shanghai, at an hour when people type; not after `as_of`."""
    local = moment.astimezone(SHANGHAI).replace(hour=dice.number(8, 18), minute=dice.number(0, 59))
    return min(local, as_of)


def local_text(moment: datetime) -> str:
    """`2026-03-01 16:00:00`, naive Shanghai time."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def utc_text(moment: datetime) -> str:
    """`2026-03-01 08:00:00`, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def epoch_ms(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000
