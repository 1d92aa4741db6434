"""The Fxiaoke connector: what the rest of the house sees."""

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
from connectors.fxiaoke.approval import KEY, STARTED, read_approvals
from connectors.fxiaoke.client import FxiaokeClient
from connectors.fxiaoke.config import APPROVALS, LONG_ID, READ_ONLY, FxiaokeConfig
from connectors.fxiaoke.declared import declared
from connectors.fxiaoke.describe import Schema
from connectors.fxiaoke.walk import plan, rewound, walk_window
from connectors.fxiaoke.write import RecordWriter
from goldbridge.errors import Mark, Misconfigured
from goldbridge.records.declared import DeclaredField

_ZONE = "Asia/Shanghai"
_VOLATILE = ("last_modified_time", "last_modified_by", "last_modified_by__r", "last_modified_by__l", "version")
_DAY_MS = 24 * 3600 * 1000
_AHEAD_MS = _DAY_MS
"""How far beyond our clock an unbounded read looks, so that a server that is ahead of us hides nothing."""


class Fxiaoke(Reader[FxiaokeConfig], Writer[FxiaokeConfig]):
    kind = "fxiaoke"
    config_model = FxiaokeConfig

    def __init__(self, config: FxiaokeConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = FxiaokeClient(config, context)
        self.schema = Schema(self._client, context.clock, context.system, config.style)
        self._writer = RecordWriter(self._client, self.schema, config, context.system)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {name: self._stream(name) for name in self.config.objects}

    def _stream(self, name: str) -> Stream:
        if self._lists(name):
            return Stream(name, key=KEY, cursor=STARTED)
        writable = name not in READ_ONLY
        return Stream(
            name,
            key="_id",
            cursor="last_modified_time",
            volatile=_VOLATILE,
            deleted=("life_status", frozenset({"invalid"})),
            writable=writable,
            external_id=self.config.external_id if writable else None,
            write_batch=self.config.write_batch,
            one_by_one=True,
        )

    def _lists(self, name: str) -> bool:
        """Whether this stream is read by the calls made for approvals."""
        return name == APPROVALS and self.config.approvals == "calls"

    def probe(self) -> str:
        self.schema.check_objects([name for name in self.config.objects if not self._lists(name)])
        return f"{self.context.system}: signed in as {self._who}, {len(self.config.objects)} objects"

    @property
    def _who(self) -> str:
        by_mobile = self.config.style == "body" and not self.config.user_id.startswith(LONG_ID)
        return "the employee of user_mobile" if by_mobile else f"employee {self.config.user_id}"

    def objects(self) -> Sequence[str]:
        return self.schema.objects()

    def describe(self, name: str) -> Sequence[DeclaredField] | None:
        return None if self._lists(name) else declared(self._client, self.config, name)

    def bound(self, stream: Stream) -> str:
        """The server's time less the safety delay, in epoch milliseconds; never later than ours."""
        if not self._client.http.skew:
            self.schema.objects()  # any answer carries the server's time
        now = min(self._client.http.server_now(), self.context.clock.now())
        return str(_milliseconds(now) - int(self.config.safety_delay_s * 1000))

    def rewind(self, stream: Stream, start: Position) -> Position:
        if self._lists(stream.name):
            return Position(str(max(0, int(start.cursor or "0") - self.config.approval_days * _DAY_MS)))
        return rewound(start, self._overlap_ms)

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        zone = ZoneInfo(self.config.zone or _ZONE)
        start = Position(str(_start_of(after, zone) - 1)) if after else None
        end = str(_start_of(until, zone, days=1) - 1) if until else None
        return Window(start, end)

    def read(self, stream: Stream, window: Window) -> Pages:
        end = int(window.end) if window.end is not None else _milliseconds(self.context.clock.now()) + _AHEAD_MS
        if self._lists(stream.name):
            start = int(window.start.cursor or "0") if window.start else 0
            return (yield from read_approvals(self._client, stream.name, start, end))
        rejected = 0
        for walk in plan(window.start, end, self._overlap_ms):
            last = Page([], walk.at())
            for page in walk_window(self._client, stream.name, walk):
                if last.rows or last.rejects:
                    yield last
                rejected += len(page.rejects)
                last = page
            last.at = walk.done()  # known to be the last only now, when nothing followed
            yield last
        if rejected:
            return Completeness(False, f"{rejected} records of {stream.name} could not be read")
        return PROVEN

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        if self.config.writes != "enabled":
            message = f"{self.context.system}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON045", message, Mark("config/sources.yaml"))
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
