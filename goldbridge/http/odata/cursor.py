"""The property that says when a record changed, as the bounds of windows: a time, a date, or a number that only grows.

Bounds are text that sorts in their own order, as positions must. A date knows no hour, so the day of the lower bound is
read again; a property that may be empty is read along in every window, since nothing says when such a row appeared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from goldbridge.clock import Clock, iso
from goldbridge.errors import Halt
from goldbridge.http.odata.metadata import EntitySet
from goldbridge.http.odata.service import Service
from goldbridge.http.odata.value import INTEGERS, TIMES, literal, plain

AHEAD = timedelta(days=1)
"""How far beyond our clock an unbounded read looks, so that a server that is ahead of us hides nothing."""


@dataclass(frozen=True)
class Cursor:
    """One property of one set. `extra` narrows every window, as the configuration wants it."""

    service: Service
    of: EntitySet
    name: str
    zone: str = "UTC"
    extra: str = ""

    @property
    def kind(self) -> str:
        return self.of.kinds[self.name]

    def between(self, lower: str, upper: str) -> str:
        """The rows of a window as a filter; an empty bound is open."""
        after = "ge" if self.kind == "Edm.Date" else "gt"
        parts = [f"{self.name} {after} {self._literal(lower)}"] if lower else []
        parts += [f"{self.name} le {self._literal(upper)}"] if upper else []
        window = " and ".join(parts)
        if window and self.name not in self.of.required:
            window = f"({window}) or {self.name} eq null"
        return f"({window}) and ({self.extra})" if window and self.extra else window or self.extra

    def now(self, clock: Clock, delay_s: float) -> str:
        """The upper bound of a window that ends now: the earlier of both clocks, less the delay."""
        if self.kind in INTEGERS:
            return self._largest()
        if not self.service.reads.skew:
            self.service.feed(self.of.name, self.service.path(self.of.name, {"$top": "1", "$select": self.name}))
        return self._bound(min(self.service.reads.server_now(), clock.now()) - timedelta(seconds=delay_s))

    def ahead(self, clock: Clock) -> str:
        """A bound that nothing lies beyond."""
        return "" if self.kind in INTEGERS else self._bound(clock.now() + AHEAD)

    def earlier(self, bound: str, seconds: float) -> str:
        """A bound some seconds before; numbers know no seconds, and nothing is before an open one."""
        if self.kind in INTEGERS or not seconds or not bound:
            return bound
        return self._bound(self._moment(bound) - timedelta(seconds=seconds))

    def later(self, one: str, other: str) -> str:
        """The larger of two bounds; an empty one is open."""
        if self.kind in INTEGERS:
            return str(max(int(one or "0"), int(other))) if other else ""
        return max(one, other)

    def days(self, after: str | None, until: str | None) -> tuple[str | None, str | None]:
        """ISO dates, inclusive, as bounds (the lower one exclusive)."""
        if self.kind in INTEGERS:
            return after, until
        if self.kind == "Edm.Date":
            return after, until
        tick = timedelta(microseconds=1)
        lower = self._bound(self._start(after) - tick) if after else None
        return lower, self._bound(self._start(until) + timedelta(days=1) - tick) if until else None

    def local(self, bound: str) -> str:
        """A bound as its own zone's clock shows it; raises ValueError."""
        return self._moment(bound).astimezone(ZoneInfo(self.zone)).isoformat()

    def _start(self, day: str) -> datetime:
        return datetime.combine(date.fromisoformat(day[:10]), time(), ZoneInfo(self.zone)).astimezone(UTC)

    def _bound(self, at: datetime) -> str:
        if self.kind == "Edm.Date":
            return at.astimezone(ZoneInfo(self.zone)).date().isoformat()
        return iso(at)

    def _moment(self, bound: str) -> datetime:
        at = datetime.fromisoformat(bound)
        return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(self.zone))

    def _literal(self, bound: str) -> str:
        try:
            return literal(bound, self.kind, self.service.version, self.zone)
        except ValueError:
            message = f"{self.service.system} {self.of.name}: the position '{bound}' does not fit cursor '{self.name}'"
            raise Halt("CON129", f"{message} ({self.kind}); read everything instead, with --full") from None

    def _largest(self) -> str:
        options = {"$orderby": f"{self.name} desc", "$top": "1", "$filter": self.extra}
        rows = self.service.feed(self.of.name, self.service.path(self.of.name, options)).rows
        return plain(rows[0].get(self.name)) or "0" if rows else "0"


def usable(kind: str) -> bool:
    """Whether a property of this type can be a cursor."""
    return kind in TIMES or kind in INTEGERS or kind == "Edm.Date"
