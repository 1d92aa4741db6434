"""The Odoo connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property

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
from connectors.odoo.config import OdooConfig
from connectors.odoo.declared import declared, models
from connectors.odoo.read import ModelReader, earlier, written
from connectors.odoo.rpc import Rpc
from connectors.odoo.shape import EXTERNAL, Shape
from connectors.odoo.write import ModelWriter
from goldbridge.errors import Mark, Misconfigured
from goldbridge.http.window import rewound
from goldbridge.records.declared import DeclaredField


class Odoo(Reader[OdooConfig], Writer[OdooConfig]):
    kind = "odoo"
    config_model = OdooConfig

    def __init__(self, config: OdooConfig, context: Context) -> None:
        super().__init__(config, context)
        self._rpc = Rpc(config, context)
        self._shapes = {
            name: Shape(self._rpc, context.clock, model, f"{context.system} {name}")
            for name, model in config.models.items()
        }

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {
            name: Stream(
                name,
                key="id",
                cursor="write_date",
                volatile=("write_date",),
                deleted=("active", frozenset({"False"})),
                writable=True,
                external_id=EXTERNAL,
                write_batch=self.config.write_batch,
            )
            for name in self.config.models
        }

    def probe(self) -> str:
        name, model = next(iter(self.config.models.items()))
        self._rpc.call(model.model, "search_count", {"domain": [["id", "=", 1]]}, about=name)
        return f"{self.context.system}: signed in to '{self.config.database}', {len(self.config.models)} streams"

    def objects(self) -> Sequence[str]:
        return models(self._rpc)

    def describe(self, name: str) -> Sequence[DeclaredField]:
        entry = self.config.models.get(name)
        return declared(self._rpc, entry.model if entry else name)

    def fields(self, stream: Stream) -> frozenset[str]:
        shape = self._shapes[stream.name]
        kinds, names = shape.kinds(), shape.read()
        references = [name for name in names if kinds[name] == "many2one"]
        return frozenset((*names, EXTERNAL, *(f"{name}{end}" for name in references for end in (".name", "/.id"))))

    def bound(self, stream: Stream) -> str:
        """The server's time less the safety delay, never later than ours; UTC, as all its times."""
        if not self._rpc.http.skew:
            self.probe()  # any answer carries the server's time
        now = min(self._rpc.http.server_now(), self.context.clock.now())
        return written(now - timedelta(seconds=self.config.safety_delay_s))

    def rewind(self, stream: Stream, start: Position) -> Position:
        return Position(*rewound(*start, lambda said: earlier(said, self.config.overlap_s)))

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        """Whole days in UTC, from just before the first midnight to the last one."""
        start = Position(_midnight(after, seconds=-1)) if after else None
        return Window(start, _midnight(until, days=1) if until else None)

    def read(self, stream: Stream, window: Window) -> Pages:
        ahead = written(self.context.clock.now() + timedelta(days=1))  # so that a server ahead of us hides nothing
        rejected = 0
        for page in self._reader(stream).walk(window.start, window.end or ahead):
            rejected += len(page.rejects)
            yield page
        if rejected:
            return Completeness(False, f"{rejected} records of {stream.name} could not be read")
        return PROVEN

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        if self.config.writes != "enabled":
            said = f"{self.context.system}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON304", said, Mark("config/sources.yaml"))
        return self._writer(stream).write(batch) if batch else []

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._writer(stream).read_back(external_ids)

    def _reader(self, stream: Stream) -> ModelReader:
        return ModelReader(self._rpc, self._shapes[stream.name], self.config, stream.name)

    def _writer(self, stream: Stream) -> ModelWriter:
        where = f"{self.context.system} {stream.name}"
        return ModelWriter(self._rpc, self._shapes[stream.name], self._reader(stream), self.config, where)


def _midnight(day: str, *, days: int = 0, seconds: int = 0) -> str:
    return written(datetime.combine(date.fromisoformat(day), time()) + timedelta(days=days, seconds=seconds))
