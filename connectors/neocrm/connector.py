"""The Neocrm connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from connectors.base import (
    PROVEN,
    Completeness,
    Context,
    Page,
    Pages,
    Position,
    RawRow,
    Reader,
    Stream,
    Window,
    Write,
    Writer,
    WriteResult,
)
from connectors.neocrm.client import NeocrmClient
from connectors.neocrm.config import NeocrmConfig
from connectors.neocrm.describe import SOURCES, Schema
from connectors.neocrm.walk import plan, rewound, walk_window
from connectors.neocrm.write import RecordWriter
from goldbridge.errors import Misconfigured
from goldbridge.records.declared import DeclaredField

_ZONE = "Asia/Shanghai"
_VOLATILE = ("updatedAt", "updatedBy")
_AHEAD_MS = 24 * 3600 * 1000
"""How far beyond our clock an unbounded read looks, so that a server that is ahead of us hides nothing."""


class Neocrm(Reader[NeocrmConfig], Writer[NeocrmConfig]):
    kind = "neocrm"
    config_model = NeocrmConfig

    def __init__(self, config: NeocrmConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = NeocrmClient(config, context)
        self.schema = Schema(self._client, config, context.clock)
        self._writer = RecordWriter(self._client, self.schema, config)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {
            name: Stream(
                name,
                key="id",
                cursor="updatedAt",
                volatile=_VOLATILE,
                writable=True,
                external_id=self.config.external_id,
                write_batch=self.config.write_batch,
                one_by_one=True,
            )
            for name in self.config.objects
        }

    def probe(self) -> str:
        """Describes the first object, so a wrong api key shows as well."""
        name = self.config.objects[0]
        fields = self.schema.fields(name)
        return f"{self.context.system}: signed in as {self.config.username}, {name} has {len(fields)} fields"

    def objects(self) -> Sequence[str]:
        return self.schema.objects()

    def describe(self, name: str) -> Sequence[DeclaredField]:
        return self.schema.declared(name)

    def bound(self, stream: Stream) -> str:
        """The server's time less the safety delay, in epoch milliseconds; never later than ours."""
        if not self._client.http.skew:
            self.schema.fields(stream.name)  # any answer carries the server's time
        now = min(self._client.http.server_now(), self.context.clock.now())
        return str(_milliseconds(now) - int(self.config.safety_delay_s * 1000))

    def rewind(self, stream: Stream, start: Position) -> Position:
        return rewound(start, self._overlap_ms)

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        zone = ZoneInfo(self.config.zone or _ZONE)
        start = Position(str(_start_of(after, zone) - 1)) if after else None
        return Window(start, str(_start_of(until, zone, days=1) - 1) if until else None)

    def read(self, stream: Stream, window: Window) -> Pages:
        end = int(window.end) if window.end is not None else _milliseconds(self.context.clock.now()) + _AHEAD_MS
        fields = self.schema.readable(stream.name)
        for walk in plan(window.start, end, self._overlap_ms):
            doubt = yield from walk_window(self._client, stream.name, fields, walk, self.config.page_size)
            if doubt:
                return Completeness(False, doubt)  # the cursor stays inside the walk, and the next run asks again
            yield Page([], walk.done())
        return PROVEN

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        if self.config.writes != "enabled":
            message = f"{self.context.system}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON318", message, SOURCES)
        return self._writer.write(stream, batch) if batch else []

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._writer.read_back(stream.name, external_ids)

    @property
    def _overlap_ms(self) -> int:
        return int(self.config.overlap_s * 1000)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _start_of(day: str, zone: ZoneInfo, days: int = 0) -> int:
    at = datetime.combine(date.fromisoformat(day) + timedelta(days=days), time(), zone)
    return _milliseconds(at.astimezone(UTC))
