"""The rest connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from connectors.base import Context, Pages, Position, RawRow, Reader, Stream, Window, Write, Writer, WriteResult
from connectors.rest.client import RestClient
from connectors.rest.config import RestConfig, StreamConfig
from connectors.rest.cursor import Cursor
from connectors.rest.page import Pager
from connectors.rest.read_config import ReadConfig
from connectors.rest.walk import Walk
from connectors.rest.write import RecordWriter
from goldbridge.errors import Halt, Mark, Misconfigured, Retry

_WRITE_BATCH = 50


class Rest(Reader[RestConfig], Writer[RestConfig]):
    kind = "rest"
    config_model = RestConfig

    def __init__(self, config: RestConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = RestClient(config, context)
        self._pagers = {
            name: Pager(self._client, name, stream, stream.read)
            for name, stream in config.streams.items()
            if stream.read is not None
        }
        self._writers = {
            name: RecordWriter(self._client, name, stream.key, stream.write, config.envelope)
            for name, stream in config.streams.items()
            if stream.write is not None
        }

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {name: _stream(name, stream) for name, stream in self.config.streams.items()}

    def probe(self) -> str:
        """The declared call, or the first row of the first stream that can be read."""
        if self.config.probe:
            self._client.get(self.config.probe, about="probe")
            return f"{self.context.system}: {self.config.probe} answers"
        for name, pager in self._pagers.items():
            pager.ask({"after": self.config.streams[name].begin or None}, pager.first(), 1)
            return f"{self.context.system}: {name} answers"
        return f"{self.context.system}: nothing is read here; set `probe` to have it tried"

    def bound(self, stream: Stream) -> str | None:
        """The server's time less the safety delay, in the cursor's notation; None for a cursor that is no time."""
        config, cursor = self.config.streams[stream.name], self._cursor(stream.name)
        if not config.windowed or not cursor.notation.timed:
            return None
        if not self._client.http.skew:
            try:
                self.probe()
            except Retry:
                if not self._client.http.skew:  # an answer that is an error carries the server's time as well
                    raise
        return cursor.notation.write(self._now() - timedelta(seconds=self.config.safety_delay_s))

    def rewind(self, stream: Stream, start: Position) -> Position:
        if not self.config.overlap_s or not start.cursor or not self._cursor(stream.name).notation.timed:
            return start
        cursor = self._cursor(stream.name)
        return Position(cursor.notation.shift(cursor.canonical(start.cursor), -self.config.overlap_s))

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        """Whole days of the system's time zone."""
        config, notation = self.config.streams[stream.name], self._cursor(stream.name).notation
        if not config.windowed or not notation.timed:
            message = f"{self.context.system} {stream.name}: the stream has no cursor that is a time, so it has no days"
            raise Misconfigured.one(
                "CON108", f"{message}; run its flow with --full instead of a backfill", Mark("config/sources.yaml")
            )
        zone = ZoneInfo(self.config.zone or "UTC")
        start = Position(notation.write(_start_of(after, zone) - notation.step)) if after else None
        return Window(start, notation.write(_start_of(until, zone, days=1) - notation.step) if until else None)

    def read(self, stream: Stream, window: Window) -> Pages:
        config, read = self._readable(stream.name)
        walk = Walk(
            self._pagers[stream.name],
            config,
            read,
            self._cursor(stream.name),
            page_size=self.config.page_size,
            now=self.context.clock.now(),
        )
        return (yield from walk.pages(window.start, window.end))

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        if self.config.writes != "enabled":
            message = f"{self.context.system}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON109", message, Mark("config/sources.yaml"))
        return self._writer(stream.name).write(batch) if batch else []

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._writer(stream.name).read_back(external_ids)

    def _cursor(self, name: str) -> Cursor:
        return Cursor(self.config.streams[name], self.config.zone, f"{self.context.system} {name}")

    def _now(self) -> datetime:
        return min(self._client.http.server_now(), self.context.clock.now())

    def _readable(self, name: str) -> tuple[StreamConfig, ReadConfig]:
        stream = self.config.streams[name]
        if stream.read is None:
            raise Halt(
                "CON110", f"{self.context.system} {name}: the stream has no `read` in config/sources.yaml; add it"
            )
        return stream, stream.read

    def _writer(self, name: str) -> RecordWriter:
        if name not in self._writers:
            raise Halt(
                "CON110", f"{self.context.system} {name}: the stream has no `write` in config/sources.yaml; add it"
            )
        return self._writers[name]


def _stream(name: str, config: StreamConfig) -> Stream:
    flag = next(iter(config.deleted.items()), None)
    read, write = config.read, config.write
    walk = "full" if read is None or not config.windowed else "keyset" if read.paging == "keyset" else "offset"
    known = frozenset(config.fields) | {config.key} | ({config.cursor} if config.cursor else set())
    once = write is None or write.upsert is not None or write.read_back is not None
    return Stream(
        name,
        key=config.key,
        cursor=config.cursor,
        walk=walk,  # type: ignore[arg-type]
        fields=known if config.fields else None,
        volatile=config.volatile,
        deleted=(flag[0], frozenset(flag[1])) if flag else None,
        writable=write is not None,
        external_id=write.external_id if write is not None and write.read_back is not None else None,
        write_batch=write.batch.size if write is not None and write.batch is not None else _WRITE_BATCH,
        one_by_one=write is not None and write.batch is None,
        effect="once" if once else "at_least_once",
    )


def _start_of(day: str, zone: ZoneInfo, days: int = 0) -> datetime:
    at = datetime.combine(date.fromisoformat(day) + timedelta(days=days), time(), zone)
    return at.astimezone(UTC)
