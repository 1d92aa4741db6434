"""The DingTalk connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, partial
from zoneinfo import ZoneInfo

from connectors.base import Context, Pages, Position, RawRow, Reader, Stream, Window
from connectors.dingtalk.client import LIST_MAX, DingtalkClient
from connectors.dingtalk.config import DingtalkConfig
from connectors.following import Progress, Trail, follow

_ZONE = "Asia/Shanghai"
_RUNNING = "RUNNING"
_DAY_MS = 86_400_000
_OLDEST_MS = 365 * _DAY_MS
_MARGIN_MS = 60_000


class Dingtalk(Reader[DingtalkConfig]):
    kind = "dingtalk"
    config_model = DingtalkConfig

    def __init__(self, config: DingtalkConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = DingtalkClient(config, context)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {
            code: Stream(code, key="instance_id", cursor="create_time", walk="offset") for code in self.config.processes
        }

    def probe(self) -> str:
        """Asks for the approvals of the last minute."""
        for code in self.config.processes:
            self._alive(code)
        return f"{self.context.system}: signed in, {len(self.config.processes)} processes"

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
        zone = ZoneInfo(self.config.zone or _ZONE)
        start = Position(str(_start_of(after, zone) - 1)) if after else None
        return Window(start, str(_start_of(until, zone, days=1) - 1) if until else None)

    def read(self, stream: Stream, window: Window) -> Pages:
        end = int(window.end if window.end is not None else self.bound(stream))
        oldest = _milliseconds(self.context.clock.now()) - _OLDEST_MS + _MARGIN_MS
        day = datetime.fromtimestamp(oldest / 1000, UTC).date().isoformat()
        trail = Trail(
            subject=f"{self.context.system} {stream.name}",
            list_page=partial(self._client.list_page, stream.name),
            detail=partial(self._client.detail, stream.name),
            runs=lambda row: bool(row["status"] == _RUNNING),
            started=_started,
            alive=partial(self._alive, stream.name),
            span=self.config.window_days * _DAY_MS,
            chunk=LIST_MAX,
            threads=self.config.threads,
            follow=self.config.follow,
            loop_code="CON052",
            most=self.config.walk_cap,
            crowd_code="CON053",
            oldest=oldest,
            horizon=f"approvals started before {day} are not listed (the API goes back 365 days)",
        )
        return (yield from follow(trail, window.start, end, earliest=0))

    def _alive(self, code: str) -> None:
        now_ms = _milliseconds(self.context.clock.now())
        self._client.list_page(code, now_ms - _MARGIN_MS, now_ms)


def _start_of(day: str, zone: ZoneInfo, days: int = 0) -> int:
    return _milliseconds(datetime.combine(date.fromisoformat(day) + timedelta(days=days), time(), zone))


def _started(row: RawRow) -> int:
    """Start of an approval in epoch milliseconds, 0 when it cannot be told."""
    try:
        at = datetime.fromisoformat(str(row["create_time"]))
    except ValueError:
        return 0
    return _milliseconds(at if at.tzinfo else at.replace(tzinfo=ZoneInfo(_ZONE)))


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
