"""The Tryton connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property

from connectors.base import (
    PROVEN,
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
from connectors.tryton.config import TrytonConfig
from connectors.tryton.declared import declared
from connectors.tryton.party import MODEL, PARTY_FIELDS
from connectors.tryton.read import Parties
from connectors.tryton.rpc import Rpc
from connectors.tryton.write import PartyWriter
from goldbridge.clock import iso
from goldbridge.errors import Mark, Misconfigured
from goldbridge.records.declared import DeclaredField


class Tryton(Reader[TrytonConfig], Writer[TrytonConfig]):
    kind = "tryton"
    config_model = TrytonConfig

    def __init__(self, config: TrytonConfig, context: Context) -> None:
        super().__init__(config, context)
        self._rpc = Rpc(config, context)
        self._parties = Parties(self._rpc, config, context.system)
        self._writer = PartyWriter(self._rpc, self._parties, context.system)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        party = Stream(
            "party",
            key="id",
            cursor="write_date",
            volatile=("write_date", "_timestamp"),
            writable=True,
            external_id="code",
            natural_key="code",
            write_batch=self.config.write_batch,
        )
        return {party.name: party}

    def probe(self) -> str:
        count = self._rpc.ask(f"{MODEL}.search_count", [], about="probe")
        return f"{self.context.system}: signed in to '{self.config.database}' as '{self.config.user}', {count} parties"

    def describe(self, name: str) -> Sequence[DeclaredField]:
        return declared(self._rpc, (*PARTY_FIELDS, *self.config.fields))

    def bound(self, stream: Stream) -> str:
        """The server's time less the safety delay, never later than ours."""
        if not self._rpc.http.skew:
            self.probe()  # any answer carries the server's time
        now = min(self._rpc.http.server_now(), self.context.clock.now())
        return iso(now - timedelta(seconds=self.config.safety_delay_s))

    def rewind(self, stream: Stream, start: Position) -> Position:
        back = timedelta(seconds=self.config.overlap_s)
        return Position(iso(datetime.fromisoformat(start.cursor) - back)) if back else Position(start.cursor)

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        start = Position(f"{after}T00:00:00.000000Z" if len(after) == 10 else after) if after else None
        return Window(start, f"{until}T23:59:59.999999Z" if until and len(until) == 10 else until)

    def read(self, stream: Stream, window: Window) -> Pages:
        """Parties that changed in the window, themselves or in what hangs on them; everything without a start.

        Without an end what was written a moment ago is read too: a reconciliation looks for it right after the write.
        A removed address leaves no trace, neither on its party nor elsewhere: a full compare finds it.
        """
        if window.start is not None:
            yield from self._parties.touched(window.start, window.end)
        yield from self._parties.walk(window.start, window.end)
        if window.end is not None:
            yield Page([], Position(window.end))
        return PROVEN

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        if self.config.writes != "enabled":
            text = f"{self.context.system}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON095", text, Mark("config/sources.yaml"))
        return self._writer.write(batch) if batch else []

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._parties.by_codes(external_ids)
