"""The Kingdee connector: what the rest of the house sees."""

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
from connectors.kingdee.client import KingdeeClient
from connectors.kingdee.config import KingdeeConfig, KingdeeForm
from connectors.kingdee.declared import declared
from connectors.kingdee.read import FormReader, earlier, keys_of, written
from connectors.kingdee.write import FormWriter
from goldbridge.errors import Mark, Misconfigured
from goldbridge.http.window import rewound
from goldbridge.records.declared import DeclaredField


class Kingdee(Reader[KingdeeConfig], Writer[KingdeeConfig]):
    kind = "kingdee"
    config_model = KingdeeConfig

    def __init__(self, config: KingdeeConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = KingdeeClient(config, context)
        self._zone = ZoneInfo(config.zone or "Asia/Shanghai")

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {name: self._stream(name, form) for name, form in self.config.forms.items()}

    def _stream(self, name: str, form: KingdeeForm) -> Stream:
        records = "_FEntryID" not in form.key and form.key != form.number
        return Stream(
            name,
            key=form.key,
            cursor=form.times[0],
            fields=frozenset(keys_of(form)),
            volatile=form.times,
            deleted=(form.flag, frozenset({"B"})),
            writable=records,
            external_id=(form.external_id or form.number) if records else None,
            natural_key=form.number if records else None,
            write_batch=self.config.write_batch,
        )

    def probe(self) -> str:
        name, form = next(iter(self.config.forms.items()))
        self._client.query(form.form, (form.number,), (), form.number, limit=1, about=name)
        return f"{self.context.system}: signed in as '{self.config.user}', {len(self.config.forms)} streams"

    def describe(self, name: str) -> Sequence[DeclaredField]:
        """The whole form of a stream, fields that the stream does not read included."""
        form = self.config.forms[name]
        streams = {self.config.forms[each].form: each for each, stream in self.streams.items() if stream.writable}
        return declared(self._client.describe(form.form, about=name), form, streams)

    def bound(self, stream: Stream) -> str:
        """The server's time less the safety delay, never later than ours, as its filter reads it."""
        if not self._client.http.skew:
            self.probe()  # any answer carries the server's time
        now = min(self._client.http.server_now(), self.context.clock.now())
        return self._local(now - timedelta(seconds=self.config.safety_delay_s))

    def _local(self, at: datetime) -> str:
        return written(at.astimezone(self._zone))

    def rewind(self, stream: Stream, start: Position) -> Position:
        return Position(*rewound(*start, lambda text: earlier(text, self.config.overlap_s)))

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        """Whole days of the server's zone, from just before the first midnight to the last one."""
        start = Position(_midnight(after, seconds=-1)) if after else None
        return Window(start, _midnight(until, days=1) if until else None)

    def read(self, stream: Stream, window: Window) -> Pages:
        reader = self._reader(stream)
        ahead = self.context.clock.now() + timedelta(days=1)  # so that a server ahead of us hides nothing
        rejected = 0
        for page in reader.walk(window.start, window.end or self._local(ahead), self.config.overlap_s):
            rejected += len(page.rejects)
            yield page
        if rejected:
            return Completeness(False, f"{rejected} records of {stream.name} could not be read")
        return PROVEN

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        where, mark = f"{self.context.system} {stream.name}", Mark("config/sources.yaml")
        if self.config.writes != "enabled":
            message = f"{where}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON163", message, mark)
        if not stream.writable:
            message = f"{where}: lines cannot be written on their own; write the bill with its body instead"
            raise Misconfigured.one("CON168", message, mark)
        return self._writer(stream).write(batch) if batch else []

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._writer(stream).read_back(external_ids)

    def _reader(self, stream: Stream) -> FormReader:
        return FormReader(self._client, self.config.forms[stream.name], stream.name, self.config.page_size)

    def _writer(self, stream: Stream) -> FormWriter:
        form = self.config.forms[stream.name]
        return FormWriter(self._client, form, self._reader(stream), f"{self.context.system} {stream.name}")


def _midnight(day: str, *, days: int = 0, seconds: int = 0) -> str:
    at = datetime.combine(date.fromisoformat(day), time()) + timedelta(days=days, seconds=seconds)
    return written(at)
