"""Reads a selection by the day of last update, cut into spans that the service lets one page through.

Between two publications nothing changes, so a span whose pages all come from one publication, and whose rows are as
many as announced, was met completely. When a new publication comes in between, the span is read again; its repeats
are absorbed by their hash.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from connectors.base import Page, Position, RawRow
from connectors.gleif.client import GleifClient
from connectors.gleif.config import GleifConfig
from goldbridge.errors import Halt

FIELD = "registration.lastUpdateDate"
_READS = 3


class Span(NamedTuple):
    """Days, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"

    def halves(self) -> tuple[Span, Span]:
        middle = self.first + (self.last - self.first) // 2
        return Span(self.first, middle), Span(middle + timedelta(days=1), self.last)


class Walk:
    """One window of one selection; `doubt` says why completeness is not proven, if it is not.

    The position only grows, and only over rows that are certainly all met: within a span while its pages are full and
    their rows ascend, beyond a span that could not be read whole not at all.
    """

    def __init__(self, client: GleifClient, config: GleifConfig, system: str, start: str, end: str) -> None:
        self._client, self._config, self._system = client, config, system
        self._start, self._end = start, end
        self._at = start
        self.doubt = ""

    def pages(self, span: Span) -> Generator[Page, None, None]:
        """The spans in ascending order."""
        total = self._client.records(self._filters(span), f"lei_record {span}", size=1).total
        if total > self._config.depth:
            if span.first == span.last:
                message = f"{self._system} lei_record: {total} records were updated on {span.first}"
                raise Halt("CON244", f"{message}, {self._config.depth} can be read; narrow `filters`")
            for half in span.halves():
                yield from self.pages(half)
            return
        for _ in range(_READS):
            if (yield from self._read(span)):
                return
        self.doubt = f"the records of {span} changed while they were read, {_READS} times"

    def _read(self, span: Span) -> Generator[Page, None, bool]:
        """One reading of a span; whether it is whole."""
        size = self._config.page_size
        seen: set[str] = set()
        number, latest, sound, published, total = 0, "", True, "", 0
        while True:
            about = f"lei_record {span} page {number + 1}"
            chapter = self._client.records(self._filters(span), about, number=number + 1, size=size, sort=FIELD)
            if published and published != chapter.published:
                return False
            published, total = chapter.published, chapter.total
            fresh: list[RawRow] = []
            for row in chapter.rows:
                if (lei := str(row.get("id"))) not in seen:
                    seen.add(lei)
                    fresh.append(row)
            dates = [_dated(row) for row in fresh]
            full = len(fresh) == min(size, total - number * size)
            sound = sound and full and dates == sorted(dates) and (not dates or dates[0] >= latest)
            latest = max([latest, *dates])
            rows = [row for row in fresh if self._start <= row["updated_at"] <= self._end]
            yield Page(rows, self._reached(latest) if sound else None)
            number += 1
            if number * size >= total:
                break
        if len(seen) < total:
            return False
        yield Page([], self._reached(latest))
        return True

    def _reached(self, latest: str) -> Position | None:
        """A position behind which nothing is missing; None where it would not move on."""
        if self.doubt or not self._at < min(latest, self._end):
            return None
        self._at = min(latest, self._end)
        return Position(self._at)

    def _filters(self, span: Span) -> Mapping[str, str]:
        return {**self._config.filters, FIELD: str(span)}


def _dated(row: RawRow) -> str:
    """The record's time of update, from now on also where a cursor can find it."""
    registration = (row.get("attributes") or {}).get("registration") or {}
    row["updated_at"] = at = str(registration.get("lastUpdateDate") or "")
    return at
