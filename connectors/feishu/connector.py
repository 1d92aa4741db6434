"""The Feishu connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property, partial
from zoneinfo import ZoneInfo

from connectors.base import Context, Pages, Position, RawRow, Reader, Stream, Window, Write, Writer, WriteResult
from connectors.feishu.client import FeishuClient
from connectors.feishu.config import FeishuConfig
from connectors.feishu.table import read_table
from connectors.feishu.write import RUNNING, ApprovalWriter
from connectors.following import Progress, Trail, follow
from goldbridge.errors import Mark, Misconfigured

_ZONE = "Asia/Shanghai"
_SPAN_MS = 10 * 3_600_000
_MARGIN_MS = 60_000


class Feishu(Reader[FeishuConfig], Writer[FeishuConfig]):
    kind = "feishu"
    config_model = FeishuConfig

    def __init__(self, config: FeishuConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = FeishuClient(config, context)
        self._writer = ApprovalWriter(self._client, config, context.system, config.zone or _ZONE)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        tables = {
            name: Stream(name, key="record_id", walk="full", volatile=("last_modified_time",))
            for name in self.config.tables
        }
        return tables | {
            code: Stream(
                code,
                key="instance_code",
                cursor="start_time",
                walk="offset",
                deleted=("status", frozenset({"DELETED"})),
                writable=True,
                external_id="uuid",
                write_batch=self.config.write_batch,
                one_by_one=True,
            )
            for code in self.config.approvals
        }

    def probe(self) -> str:
        """Asks for the approvals of the last minute, and a page of each table."""
        for code in self.config.approvals:
            self._alive(code)
        for name, table in self.config.tables.items():
            self._client.table_page(name, table, "")
        counts = f"{len(self.config.approvals)} approval definitions, {len(self.config.tables)} tables"
        return f"{self.context.system}: signed in, {counts}"

    def bound(self, stream: Stream) -> str | None:
        """The server's time less the safety delay, in epoch milliseconds; never later than ours. Tables know none."""
        if stream.name in self.config.tables:
            return None
        if not self._client.http.skew:
            self._alive(stream.name)
        now = min(self._client.http.server_now(), self.context.clock.now())
        return str(_milliseconds(now) - int(self.config.safety_delay_s * 1000))

    def rewind(self, stream: Stream, start: Position) -> Position:
        """The list may lag behind by the overlap; what is running is asked for again anyway."""
        if stream.name in self.config.tables:
            return start
        return Progress(start).rewound(int(self.config.overlap_s * 1000))

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        if stream.name in self.config.tables:
            return Window()
        start = Position(str(self._midnight(date.fromisoformat(after)) - 1)) if after else None
        return Window(start, str(self._midnight(date.fromisoformat(until), 1) - 1) if until else None)

    def read(self, stream: Stream, window: Window) -> Pages:
        if table := self.config.tables.get(stream.name):
            return (yield from read_table(self._client, stream.name, table))
        end = window.end if window.end is not None else self.bound(stream)
        trail = Trail(
            subject=f"{self.context.system} {stream.name}",
            list_page=partial(self._client.list_page, stream.name),
            detail=partial(self._client.detail, stream.name),
            runs=lambda row: row["status"] == RUNNING,
            started=lambda row: int(row["start_time"]) if row["start_time"].isdecimal() else 0,
            alive=partial(self._alive, stream.name),
            span=_SPAN_MS,
            chunk=self.config.page_size,
            threads=self.config.threads,
            follow=self.config.follow,
            loop_code="CON252",
        )
        earliest = self._midnight(self.config.since) - 1 if self.config.since else 0
        return (yield from follow(trail, window.start, int(end or 0), earliest))

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        if stream.name in self.config.tables:
            message = f"{self.context.system} {stream.name}: tables are read only; let the flow write approvals"
            raise Misconfigured.one("CON258", message, Mark("flows.yaml"))
        if self.config.writes != "enabled":
            message = f"{self.context.system}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON257", message, Mark("config/sources.yaml"))
        return self._writer.write(stream, batch) if batch else []

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return {} if stream.name in self.config.tables else self._writer.read_back(stream.name, external_ids)

    def _alive(self, code: str) -> None:
        now_ms = _milliseconds(self.context.clock.now())
        self._client.list_page(code, now_ms - _MARGIN_MS, now_ms)

    def _midnight(self, day: date, days: int = 0) -> int:
        zone = ZoneInfo(self.config.zone or _ZONE)
        return _milliseconds(datetime.combine(day + timedelta(days=days), time(), zone))


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
