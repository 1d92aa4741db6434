"""The Salesforce connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import timedelta
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
from connectors.salesforce.bulk import BulkReader, Unsupported, part_of
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.config import SalesforceConfig
from connectors.salesforce.declared import declared, objects
from connectors.salesforce.moment import EPOCH, literal, normalised, parsed, shifted, start_of
from connectors.salesforce.schema import SOURCES, Schema
from connectors.salesforce.walk import STAMP, read_log, walk_window
from connectors.salesforce.write import RecordWriter
from goldbridge.errors import Misconfigured
from goldbridge.records.declared import DeclaredField

_ZONE = "UTC"
_VOLATILE = ("LastModifiedDate", "LastModifiedById", "LastViewedDate", "LastReferencedDate")
_WORTH_COUNTING_S = 86_400.0


class Salesforce(Reader[SalesforceConfig], Writer[SalesforceConfig]):
    kind = "salesforce"
    config_model = SalesforceConfig

    def __init__(self, config: SalesforceConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = SalesforceClient(config, context)
        self.schema = Schema(self._client, config, context.clock)
        self._bulk = BulkReader(self._client, config, context.clock)
        self._writer = RecordWriter(self._client, self.schema, config)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        flagged = ("IsDeleted", frozenset({"True"})) if self.config.deletes == "flag" else None
        return {
            name: Stream(
                name,
                key="Id",
                cursor=STAMP,
                volatile=_VOLATILE,
                deleted=flagged,
                writable=True,
                external_id=self.config.external_id,
                write_batch=self.config.write_batch,
            )
            for name in self.config.objects
        }

    def probe(self) -> str:
        self.schema.check_objects(self.config.objects)
        return f"{self.context.system}: signed in by {self.config.grant}, {len(self.config.objects)} objects"

    def objects(self) -> Sequence[str]:
        return objects(self._client)

    def describe(self, name: str) -> Sequence[DeclaredField]:
        return declared(self._client, name)

    def bound(self, stream: Stream) -> str:
        """The server's time less the safety delay; never later than ours."""
        return shifted(self._now(stream), -self.config.safety_delay_s)

    def rewind(self, stream: Stream, start: Position) -> Position:
        """The same place, `overlap_s` earlier; a Bulk job that was interrupted goes on where it stopped."""
        if part_of(start):
            return start
        return Position(shifted(start.cursor, -self.config.overlap_s))

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        zone = ZoneInfo(self.config.zone or _ZONE)
        tick = timedelta(milliseconds=1)
        start = Position(literal(start_of(after, zone) - tick)) if after else None
        return Window(start, literal(start_of(until, zone, days=1) - tick) if until else None)

    def read(self, stream: Stream, window: Window) -> Pages:
        name, start, now = stream.name, window.start, self._now(stream)
        part = part_of(start)
        if start is not None and not part:
            start = Position(normalised(start.cursor), start.tie)
        end = part.end if part else normalised(window.end) if window.end is not None else now
        described, doubts = self.schema.of(name), []
        if start is not None and start.cursor > EPOCH and self.config.deletes == "log" and described.logged:
            log = read_log(self._client, name, start.cursor, end, now)
            end = log.covered if not part else end
            doubts.append(log.lost)
            if log.gone:
                yield Page([], gone=log.gone)
            if end <= start.cursor:
                return _verdict(doubts)  # the log is not further than we are: nothing is known to be complete yet
        last: Position | None = start
        pages = self._pages(name, start, end, bulk=bool(part) or self._large(name, start, end))
        while True:
            try:
                page = next(pages)
            except StopIteration as ended:
                doubts.append(ended.value or "")
                break
            except Unsupported:
                pages = self._pages(name, Position(start.cursor) if start and part else start, end, bulk=False)
                continue
            last = page.at or last
            yield page
        if last is None or end > last.cursor:
            yield Page([], Position(end))
        return _verdict(doubts)

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        if self.config.writes != "enabled":
            message = f"{self.context.system}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON203", message, SOURCES)
        return self._writer.write(stream, batch) if batch else []

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._writer.read_back(stream.name, external_ids)

    def _pages(self, name: str, start: Position | None, end: str, *, bulk: bool) -> Generator[Page, None, str]:
        fields = self.schema.readable(name)
        if bulk:
            return self._bulk.read(name, self.schema.of(name).fields, fields, start, end)
        return walk_window(self._client, name, fields, start, end, deleted=self.config.deletes == "flag")

    def _large(self, name: str, start: Position | None, end: str) -> bool:
        """Whether a window is worth a job; short ones are not even counted."""
        if not self.config.bulk_from or any("." in field for field in self.schema.readable(name)):
            return False
        if start is not None and (parsed(end) - parsed(start.cursor)).total_seconds() < _WORTH_COUNTING_S:
            return False
        return self._bulk.count(name, start, end) >= self.config.bulk_from

    def _now(self, stream: Stream) -> str:
        """The server's time, or ours when that is earlier."""
        if not self._client.http.skew:
            self.schema.of(stream.name)  # any answer carries the server's time
        return literal(min(self._client.http.server_now(), self.context.clock.now()))


def _verdict(doubts: Sequence[str]) -> Completeness:
    reasons = [each for each in doubts if each]
    return Completeness(False, "; ".join(reasons)) if reasons else PROVEN
