"""The Seeyon connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from connectors.base import (
    PROVEN,
    Completeness,
    Context,
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
from connectors.following import Detail, Progress, Trail, follow
from connectors.seeyon.client import ZONE, SeeyonClient
from connectors.seeyon.config import SeeyonConfig
from connectors.seeyon.write import FlowWriter
from connectors.starting import OURS, check_may_start
from goldbridge.errors import Reject, Retry

_CHUNK = 20
_WRITE_BATCH = 20
_ALL_MS = 2**53


class Seeyon(Reader[SeeyonConfig], Writer[SeeyonConfig]):
    kind = "seeyon"
    config_model = SeeyonConfig

    def __init__(self, config: SeeyonConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = SeeyonClient(config, context)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {
            name: Stream(
                name,
                key="flow_id",
                cursor="started_at",
                walk="offset",
                writable=bool(template.external_id),
                external_id=OURS if template.external_id else None,
                write_batch=_WRITE_BATCH,
                one_by_one=True,
            )
            for name, template in self.config.templates.items()
        }

    def probe(self) -> str:
        for name in self.config.templates:
            self._alive(name)
        who = f"'{self.config.login_name}'"
        return f"{self.context.system}: signed in as {who}, {len(self.config.templates)} templates"

    def bound(self, stream: Stream) -> str:
        """The server's time less the safety delay, in epoch milliseconds; never later than ours."""
        if not self._client.http.skew:
            self._alive(stream.name)
        now = min(self._client.http.server_now(), self.context.clock.now())
        return str(_milliseconds(now) - int(self.config.safety_delay_s * 1000))

    def rewind(self, stream: Stream, start: Position) -> Position:
        """The list may lag behind by the overlap; what is running is asked for again anyway."""
        return Progress(start).rewound(int(self.config.overlap_s * 1000))

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        start = Position(str(self._midnight(after) - 1)) if after else None
        return Window(start, str(self._midnight(until, 1) - 1) if until else None)

    def read(self, stream: Stream, window: Window) -> Pages:
        end = int(window.end if window.end is not None else self.bound(stream))
        template = self.config.templates[stream.name]
        listed, stable = self._client.settled(template, stream.name)
        by_time = sorted((one.moment_ms, key) for key, one in listed.items())

        def list_page(first: int, last: int, _: str) -> tuple[list[str], str]:
            # A flow whose time cannot be read is met by every run rather than by none.
            return [key for moment, key in by_time if not moment or first <= moment <= last], ""

        def detail(key: str) -> Detail:
            try:
                return self._client.detail(key, template, listed.get(key), stream.name)
            except (Reject, Retry) as error:
                return error

        trail = Trail(
            subject=f"{self.context.system} {stream.name}",
            list_page=list_page,
            detail=detail,
            runs=lambda row: row["state"] not in self.config.ended,
            started=lambda row: listed[row["flow_id"]].moment_ms if row["flow_id"] in listed else 0,
            alive=lambda: self._alive(stream.name),
            span=_ALL_MS,
            chunk=_CHUNK,
            threads=self.config.threads,
            follow=self.config.follow,
            loop_code="CON294",
        )
        verdict = yield from follow(trail, window.start, end, 0)
        doubts = [] if verdict.proven else [verdict.reason]
        if not stable:
            doubts.append("a list did not stand still while it was read")
        if not self.config.sees_all:
            doubts.append(f"the lists hold only what '{self.config.login_name}' has (`sees_all` is not set)")
        return Completeness(False, "; ".join(doubts)) if doubts else PROVEN

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        check_may_start(self.config, stream, f"{self.context.system} {stream.name}", "CON292", "template")
        return self._writer(stream).write(batch)

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._writer(stream).read_back(external_ids)

    def _writer(self, stream: Stream) -> FlowWriter:
        return FlowWriter(self._client, self.config, stream.name, self.config.templates[stream.name])

    def _alive(self, name: str) -> None:
        self._client.page(self.config.lists[0], self.config.templates[name], 1, name)

    def _midnight(self, day: str, days: int = 0) -> int:
        zone = ZoneInfo(self.config.zone or ZONE)
        return _milliseconds(datetime.combine(date.fromisoformat(day) + timedelta(days=days), time(), zone))


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
