"""The DingTalk connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
    Reader,
    Stream,
    Window,
)
from connectors.dingtalk.client import LIST_MAX, DingtalkClient
from connectors.dingtalk.config import DingtalkConfig
from connectors.dingtalk.progress import ZONE, Progress, milliseconds
from goldbridge.errors import Halt, Reject, Retry

_DAY_MS = 86_400_000
_OLDEST_MS = 365 * _DAY_MS
_MARGIN_MS = 60_000
_LISTINGS = 4
_REPEATS = 3
_SERVER_FAULTS = ("CON002", "CON013")


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
        now_ms = milliseconds(self.context.clock.now())
        for code in self.config.processes:
            self._client.list_page(code, now_ms - _MARGIN_MS, now_ms, 0)
        return f"{self.context.system}: signed in, {len(self.config.processes)} processes"

    def bound(self, stream: Stream) -> str:
        """The server's time less the safety delay, in epoch milliseconds; never later than ours."""
        now = self.context.clock.now()
        if not self._client.http.skew:
            self._client.list_page(stream.name, milliseconds(now) - _MARGIN_MS, milliseconds(now), 0)
        return str(milliseconds(min(self._client.http.server_now(), now)) - int(self.config.safety_delay_s * 1000))

    def rewind(self, stream: Stream, start: Position) -> Position:
        """The list may lag behind by the overlap; what is running is asked for again anyway."""
        return Progress(start).rewound(int(self.config.overlap_s * 1000))

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        zone = ZoneInfo(self.config.zone or ZONE)
        start = Position(str(_start_of(after, zone) - 1)) if after else None
        return Window(start, str(_start_of(until, zone, days=1) - 1) if until else None)

    def read(self, stream: Stream, window: Window) -> Pages:
        end = int(window.end if window.end is not None else self.bound(stream))
        progress = Progress(window.start)
        lower, doubts, rejected = progress.lower, [], 0
        reachable = milliseconds(self.context.clock.now()) - _OLDEST_MS + _MARGIN_MS
        if lower < reachable:
            lower = reachable
            doubts.append(f"approvals started before {_day(reachable)} are not listed (the API goes back 365 days)")
        for ids in _chunks(sorted(progress.open), LIST_MAX):
            page = self._page(stream, ids, progress)
            rejected += len(page.rejects)
            yield page
        while lower < end:
            upper, listed, stable = self._list(stream.name, lower, min(end, lower + self.config.window_days * _DAY_MS))
            if not stable:
                doubts.append(f"the list from {_day(lower)} to {_day(upper)} did not stand still")
            for ids in _chunks(listed, LIST_MAX):
                page = self._page(stream, ids, progress)
                rejected += len(page.rejects)
                yield page
            lower = upper
            progress.reach(upper)
            yield Page([], progress.position(self.config.follow))
        if rejected:
            doubts.append(f"{rejected} approvals could not be read")
        return Completeness(False, "; ".join(doubts)) if doubts else PROVEN

    def _list(self, code: str, lower: int, upper: int) -> tuple[int, list[str], bool]:
        """Ids started from `lower` to `upper`, and whether the list stood still; a window that is too full is halved.

        Pages are counted off by the server, so an approval that vanishes meanwhile shifts the rest by one: a list of
        several pages is taken again until two agree.
        """
        seen: list[list[str]] = []
        while len(seen) < _LISTINGS:
            ids, steady = self._walk(code, lower, upper)  # both ends count, so borders are met twice
            if len(ids) >= self.config.walk_cap:
                upper, seen = lower + (upper - lower) // 2, []
                if upper == lower:
                    message = (
                        f"{self.context.system} {code}: more than {self.config.walk_cap} approvals in a millisecond"
                    )
                    raise Halt("CON053", message)
                continue
            if steady or (steady is None and seen and sorted(seen[-1]) == sorted(ids)):
                return upper, ids, True
            seen.append(ids)
        return upper, list(dict.fromkeys(one for ids in seen for one in ids)), False

    def _walk(self, code: str, first: int, last: int) -> tuple[list[str], bool | None]:
        """All ids of a window, and whether they are all there: True for one page, None when another walk must agree.

        The end is a missing token, not a short page. A page that comes twice, or is empty although more should follow,
        is asked for again; a hollow walk proves nothing, so it gets False.
        """
        ids: dict[str, None] = {}
        token: int | str = 0
        tokens: set[int | str] = {0}
        before: list[str] = []
        repeats, hollow = 0, False
        while True:
            page, following = self._client.list_page(code, first, last, token)
            suspect = page == before if page else following is not None
            if suspect and repeats < _REPEATS:
                repeats += 1
                continue
            if suspect and page:
                raise self._loop(code)
            hollow, repeats = hollow or suspect, 0
            ids.update(dict.fromkeys(page))
            if following is None:
                return list(ids), False if hollow else True if len(tokens) == 1 else None
            if following in tokens:
                raise self._loop(code)
            tokens.add(following)
            token, before = following, page

    def _loop(self, code: str) -> Halt:
        return Halt("CON052", f"{self.context.system} {code}: paging loop: the list of approvals does not go on")

    def _page(self, stream: Stream, ids: Sequence[str], progress: Progress) -> Page:
        """The approvals in full; one that the server cannot serve is set aside and asked for again by the next run."""
        with ThreadPoolExecutor(max_workers=self.config.threads) as pool:
            found = list(pool.map(lambda instance_id: self._client.detail(stream.name, instance_id), ids))
        broken = [error for error in found if isinstance(error, Retry)]
        if broken:
            if len(broken) == len(ids) > 1 or any(error.code not in _SERVER_FAULTS for error in broken):
                raise broken[0]
            now_ms = milliseconds(self.context.clock.now())
            self._client.list_page(stream.name, now_ms - _MARGIN_MS, now_ms, 0)  # fails when it is not just the record
        page = Page([])
        for instance_id, one in zip(ids, found, strict=True):
            if isinstance(one, dict):
                page.rows.append(one)
            else:
                page.rejects.append((instance_id, Reject(one.code, one.message)))
            progress.note(instance_id, one)
        page.at = progress.position(self.config.follow)
        return page


def _chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def _start_of(day: str, zone: ZoneInfo, days: int = 0) -> int:
    return milliseconds(datetime.combine(date.fromisoformat(day) + timedelta(days=days), time(), zone))
