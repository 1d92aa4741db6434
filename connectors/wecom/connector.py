"""The WeCom connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cached_property, partial
from zoneinfo import ZoneInfo

from connectors.base import Context, Pages, Position, RawRow, Reader, Stream, Window
from connectors.following import Progress, Trail, follow
from connectors.wecom.client import WecomClient
from connectors.wecom.config import WecomConfig
from connectors.wecom.customer import Customers

CUSTOMER = "customer"
_ZONE = "Asia/Shanghai"
_SPAN_S = 31 * 86_400
_MARGIN_S = 60
_RUNNING, _APPROVED = "1", "2"


class Wecom(Reader[WecomConfig]):
    kind = "wecom"
    config_model = WecomConfig

    def __init__(self, config: WecomConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = WecomClient(config, context)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        found = {CUSTOMER: Stream(CUSTOMER, key="external_userid", walk="full")}
        for template in self.config.templates:
            found[template] = Stream(
                template, key="sp_no", cursor="apply_time", walk="offset", deleted=("sp_status", frozenset({"7"}))
            )
        return found

    def probe(self) -> str:
        """Asks what the configured streams need: the members, or the approvals of the last minute."""
        if not self.config.templates:
            return f"{self.context.system}: signed in, {len(self._client.members())} members with customers"
        for template in self.config.templates:
            self._alive(template)
        return f"{self.context.system}: signed in, {len(self.config.templates)} approval templates"

    def bound(self, stream: Stream) -> str | None:
        """The server's time less the safety delay, in seconds; never later than ours. Customers know no time."""
        if stream.name == CUSTOMER:
            return None
        if not self._client.http.skew:
            self._alive(stream.name)
        now = min(self._client.http.server_now(), self.context.clock.now())
        return str(int(now.timestamp() - self.config.safety_delay_s))

    def rewind(self, stream: Stream, start: Position) -> Position:
        """The list may lag behind by the overlap; what may change is asked for again anyway."""
        return start if stream.name == CUSTOMER else Progress(start).rewound(int(self.config.overlap_s))

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        if stream.name == CUSTOMER:
            return Window()
        start = Position(str(self._midnight(date.fromisoformat(after)) - 1)) if after else None
        return Window(start, str(self._midnight(date.fromisoformat(until), 1) - 1) if until else None)

    def read(self, stream: Stream, window: Window) -> Pages:
        if stream.name == CUSTOMER:
            members = self.config.members or self._client.members()
            page_size, threads = self.config.page_size, self.config.threads
            return (yield from Customers(self._client, members, page_size=page_size, threads=threads).read())
        end = window.end if window.end is not None else self.bound(stream)
        now_s = int(self.context.clock.now().timestamp())
        trail = Trail(
            subject=f"{self.context.system} {stream.name}",
            list_page=partial(self._client.list_page, stream.name),
            detail=partial(self._client.detail, stream.name),
            runs=lambda row: self._may_change(row, now_s),
            started=_submitted,
            alive=partial(self._alive, stream.name),
            span=_SPAN_S,
            chunk=self.config.page_size,
            threads=self.config.threads,
            follow=self.config.follow,
            loop_code="CON267",
        )
        earliest = self._midnight(self.config.since) - 1 if self.config.since else 0
        return (yield from follow(trail, window.start, int(end or now_s), earliest))

    def _may_change(self, row: RawRow, now_s: int) -> bool:
        """An open one, and an approved one for a while: the applicant can withdraw it after the approval."""
        if row["sp_status"] == _APPROVED:
            return _submitted(row) > now_s - self.config.approved_days * 86_400
        return bool(row["sp_status"] == _RUNNING)

    def _alive(self, template: str) -> None:
        now_s = int(self.context.clock.now().timestamp())
        self._client.list_page(template, now_s - _MARGIN_S, now_s)

    def _midnight(self, day: date, days: int = 0) -> int:
        zone = ZoneInfo(self.config.zone or _ZONE)
        return int(datetime.combine(day + timedelta(days=days), time(), zone).timestamp())


def _submitted(row: RawRow) -> int:
    return int(row["apply_time"]) if str(row["apply_time"]).isdecimal() else 0
