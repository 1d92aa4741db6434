"""The Weaver connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property, partial
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
from connectors.following import Detail, in_full, page_of
from connectors.starting import OURS, check_may_start
from connectors.weaver.client import Listed, WeaverClient
from connectors.weaver.config import WeaverConfig
from connectors.weaver.write import RequestWriter
from goldbridge.errors import Reject, Retry

_ZONE = "Asia/Shanghai"
_TIMES = "%Y-%m-%d %H:%M:%S"
_LISTINGS = 4
_CHUNK = 20


class Weaver(Reader[WeaverConfig], Writer[WeaverConfig]):
    kind = "weaver"
    config_model = WeaverConfig

    def __init__(self, config: WeaverConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = WeaverClient(config, context)
        self._zone = ZoneInfo(config.zone or _ZONE)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {
            name: Stream(
                name,
                key="request_id",
                cursor="changed_at",
                walk="offset",
                writable=bool(workflow.external_id),
                external_id=OURS if workflow.external_id else None,
                write_batch=self.config.write_batch,
            )
            for name, workflow in self.config.workflows.items()
        }

    def probe(self) -> str:
        for name in self.config.workflows:
            self._alive(name)
        who = f"user {self.config.user_id}"
        return f"{self.context.system}: signed in as {who}, {len(self.config.workflows)} workflows"

    def bound(self, stream: Stream) -> str:
        """The server's time less the safety delay, never later than ours, as the site writes it."""
        if not self._client.http.skew:
            self._alive(stream.name)
        now = min(self._client.http.server_now(), self.context.clock.now())
        return self._local(now - timedelta(seconds=self.config.safety_delay_s))

    def rewind(self, stream: Stream, start: Position) -> Position:
        if not self.config.overlap_s or not start.cursor:
            return start
        earlier = datetime.strptime(start.cursor, _TIMES) - timedelta(seconds=self.config.overlap_s)  # noqa: DTZ007
        return Position(earlier.strftime(_TIMES))

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        """Whole days of the site's zone, from just before the first midnight to the last second."""
        start = Position(_midnight(after, 0)) if after else None
        return Window(start, _midnight(until, 1) if until else None)

    def read(self, stream: Stream, window: Window) -> Pages:
        start, end = window.start or Position(""), window.end if window.end is not None else self.bound(stream)
        listed, stable = self._settled(stream.name)
        # One without a time is met by every run rather than by none.
        due = sorted(
            (one.changed_at or start.cursor, one.key)
            for one in listed.values()
            if not one.changed_at or (start < (one.changed_at, one.key) and one.changed_at <= end)
        )
        doubts = [] if stable else ["a list did not stand still while it was read"]
        if not self.config.sees_all:
            doubts.append(f"the lists hold only what user {self.config.user_id} has a part in (`sees_all` is not set)")
        rejected = 0
        for at in range(0, len(due), _CHUNK):
            chunk = due[at : at + _CHUNK]
            page = self._page(stream, [key for _, key in chunk])
            page.at = max(start, Position(*chunk[-1]))
            rejected += len(page.rejects)
            yield page
        if rejected:
            doubts.append(f"{rejected} requests of {stream.name} could not be read")
        return Completeness(False, "; ".join(doubts)) if doubts else PROVEN

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        check_may_start(self.config, stream, f"{self.context.system} {stream.name}", "CON282", "workflow")
        return self._writer(stream).write(batch) if batch else []

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._writer(stream).read_back(external_ids)

    def _writer(self, stream: Stream) -> RequestWriter:
        workflow = self.config.workflows[stream.name]
        return RequestWriter(self._client, self.config, stream.name, workflow, lambda: self._sure(stream.name))

    def _settled(self, name: str) -> tuple[dict[str, Listed], bool]:
        """All requests the account sees, and whether that stood still: two walks over several pages must agree."""
        workflow, before = self.config.workflows[name].id, dict[str, Listed]()
        together: dict[str, Listed] = {}
        agreed = False
        for _ in range(_LISTINGS):
            found, whole = self._client.walk(workflow, name)
            if whole or (whole is None and agreed and found == before):
                return found, True
            before, agreed = found, whole is None
            together |= found
        return together, False

    def _sure(self, name: str) -> dict[str, Listed]:
        """For writing: without a whole list nobody knows what is there already, so nothing is started."""
        found, stable = self._settled(name)
        if not stable:
            raise Retry("CON286", f"{self.context.system} {name}: the lists do not stand still; nothing was started")
        return found

    def _page(self, stream: Stream, keys: Sequence[str]) -> Page:
        """These in full; one that the server cannot serve is set aside."""
        detail, alive = partial(self._detail, stream.name), partial(self._alive, stream.name)
        return page_of(keys, in_full(keys, detail, alive, self.config.threads))

    def _detail(self, name: str, key: str) -> Detail:
        try:
            row = self._client.detail(key, name)
        except (Reject, Retry) as error:
            return error
        return {**row, OURS: row["form"].get(self.config.workflows[name].external_id, "")}

    def _alive(self, name: str) -> None:
        self._client.count(self.config.workflows[name].id, self.config.lists[0], name)

    def _local(self, at: datetime) -> str:
        return at.astimezone(self._zone).strftime(_TIMES)


def _midnight(day: str, days: int) -> str:
    at = datetime.combine(date.fromisoformat(day) + timedelta(days=days), time()) - timedelta(seconds=1)
    return at.strftime(_TIMES)
