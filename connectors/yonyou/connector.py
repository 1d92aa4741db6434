"""The Yonyou connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
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
from connectors.yonyou.client import BipClient, Lister, U8Client
from connectors.yonyou.config import YonyouConfig, YonyouList
from connectors.yonyou.listing import Listing
from connectors.yonyou.write import WRITABLE, RecordWriter
from goldbridge.errors import Halt, Mark, Misconfigured, Retry
from goldbridge.http.narrow import is_fault

_NOTATION = "%Y-%m-%d %H:%M:%S"
_WRITE_BATCH = 20


class Yonyou(Reader[YonyouConfig], Writer[YonyouConfig]):
    kind = "yonyou"
    config_model = YonyouConfig

    def __init__(self, config: YonyouConfig, context: Context) -> None:
        super().__init__(config, context)
        self._zone = ZoneInfo(config.zone or "Asia/Shanghai")
        self._lists = config.streams
        self._bip = BipClient(config, context) if config.edition == "bip" else None
        self._lister: Lister = self._bip or U8Client(config, context)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {name: self._stream(name, entry) for name, entry in self._lists.items()}

    def _stream(self, name: str, entry: YonyouList) -> Stream:
        cursor = "ModifyDate" if self.config.edition == "u8" else "pubts"
        writable = self.config.edition == "bip" and name in WRITABLE
        return Stream(
            name,
            key=entry.key,
            cursor=None if entry.since == "none" else cursor,
            walk="full" if entry.since == "none" else "offset",
            volatile=(cursor, "timestamp"),
            deleted=(entry.flag, frozenset({"True", "true", "1"})) if entry.flag else None,
            writable=writable,
            external_id="code" if writable else None,
            natural_key="code" if writable else None,
            write_batch=_WRITE_BATCH,
            one_by_one=True,
        )

    def probe(self) -> str:
        name, entry = next(iter(self._lists.items()))
        self._lister.page(entry, "", 1, name)
        return f"{self.context.system}: signed in as '{self.config.app_key}', {len(self._lists)} streams"

    def bound(self, stream: Stream) -> str:
        """The server's time less the safety delay, never later than ours, in the tenant's zone."""
        if stream.cursor is not None:  # any answer carries the server's time
            try:
                self._lister.page(self._lists[stream.name], self._local(self.context.clock.now()), 1, stream.name)
            except Retry as error:
                if not is_fault(error):  # these are answers, and reading steps over what breaks them
                    raise
            now = min(self._lister.server_now(), self.context.clock.now())
        else:
            now = self.context.clock.now()
        return self._local(now - timedelta(seconds=self.config.safety_delay_s))

    def _local(self, at: datetime) -> str:
        return at.astimezone(self._zone).strftime(_NOTATION)

    def rewind(self, stream: Stream, start: Position) -> Position:
        back = timedelta(seconds=self.config.overlap_s)
        return Position((_time(start.cursor, stream.name) - back).strftime(_NOTATION)) if start.cursor else start

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        """Whole days of the tenant's zone, from just before the first midnight to the last one."""
        start = Position(_midnight(after, seconds=-1)) if after else None
        return Window(start, _midnight(until, days=1) if until else None)

    def read(self, stream: Stream, window: Window) -> Pages:
        """Rows that changed since the start, listed until two listings agree; only then does the position move.

        The start is met once more: some lists take it as included, some as excluded, and times are whole seconds.
        """
        entry, about = self._lists[stream.name], stream.name
        since = ""
        if window.start is not None and window.start.cursor:
            since = (_time(window.start.cursor, about) - timedelta(seconds=1)).strftime(_NOTATION)
        end = window.end or self._local(self.context.clock.now() + timedelta(days=1))
        subject = f"{self.context.system} {about}"
        listing = Listing(
            lambda index, size: self._lister.page(entry, since, index, about, size=size),
            self.config.page_size,
            stream.key,
            stream.cursor,
            end,
            subject,
        )
        yield from listing.pages()
        if not listing.settled:
            return Completeness(False, f"{about} changed during each of several listings; the next run lists it again")
        if stream.cursor is not None:
            yield Page([], Position(max(end, window.start.cursor) if window.start else end))
        if listing.left_out:
            return Completeness(False, f"{listing.left_out} records of {about} could not be read")
        return PROVEN

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        where, mark = f"{self.context.system} {stream.name}", Mark("config/sources.yaml")
        if self.config.writes != "enabled":
            message = f"{where}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON177", message, mark)
        if not stream.writable or self._bip is None:
            message = f"{where}: this list can only be read; written are {', '.join(WRITABLE)} of a YonBIP tenant"
            raise Misconfigured.one("CON183", message, mark)
        return RecordWriter(self._bip, self._lists[stream.name], self.context.system).write(stream, batch)

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        if self._bip is None:
            return {}
        return RecordWriter(self._bip, self._lists[stream.name], self.context.system).read_back(external_ids)


def _time(text: str, name: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Halt("CON184", f"{name}: the position '{text}' is no time; give the range as ISO dates") from None


def _midnight(day: str, *, days: int = 0, seconds: int = 0) -> str:
    at = datetime.combine(date.fromisoformat(day), time()) + timedelta(days=days, seconds=seconds)
    return at.strftime(_NOTATION)
