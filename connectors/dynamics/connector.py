"""The Dynamics connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

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
from connectors.dynamics.config import DynamicsConfig, DynamicsTable
from connectors.dynamics.table import DIALECT, INACTIVE, KEYS
from connectors.dynamics.write import UpsertWriter
from goldbridge.errors import Mark, Misconfigured
from goldbridge.http.odata import (
    ETAG,
    Access,
    Cursor,
    EntitySet,
    Service,
    Target,
    Tracker,
    Walker,
    client_credentials,
    plan,
    read,
    rewound,
)
from goldbridge.http.odata import declared as declares
from goldbridge.records.declared import DeclaredField

_SOURCES = Mark("config/sources.yaml")
_ANEW = "the delta link had expired, so everything was read anew; what was deleted since is found by a full compare"
_NO_DELETES = "read by modifiedon along the service's links: deletes are not told, and nothing proves that no row moved"
_HEADERS = {"odata-version": "4.0", "odata-maxversion": "4.0", "if-none-match": "null"}


class Dynamics(Reader[DynamicsConfig], Writer[DynamicsConfig]):
    kind = "dynamics"
    config_model = DynamicsConfig

    def __init__(self, config: DynamicsConfig, context: Context) -> None:
        super().__init__(config, context)
        root = config.base_url.rstrip("/")
        auth = client_credentials(
            context.http,
            context.system,
            f"{config.authority.rstrip('/')}/{config.tenant}/oauth2/v2.0/token",
            config.client_id,
            config.client_secret.get_secret_value(),
            f"{root}/.default",
            config.timeout_s,
        )
        access = Access(
            root + config.path,
            version=4,
            auth=auth,
            dialect=DIALECT,
            headers=_HEADERS,
            json_batches=False,
            timeout_s=config.timeout_s,
        )
        self.service = Service(
            context.http,
            context.system,
            access,
            context.budget(config.budget),
        )

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {name: self._stream(name, entry) for name, entry in self.config.tables.items()}

    def _stream(self, name: str, entry: DynamicsTable) -> Stream:
        key = entry.key or KEYS.get(name)
        if key is None:
            message = f"{self.context.system}: the key of table '{name}' is not known; name its primary key column"
            raise Misconfigured.one("CON151", f"{message}, e.g. {{key: {name.rstrip('s')}id}}", _SOURCES)
        return Stream(
            name,
            key=key,
            cursor="modifiedon",
            walk="keyset" if entry.read == "delta" else "offset",
            volatile=(ETAG, "versionnumber", "_modifiedby_value"),
            writable=entry.external_id is not None,
            external_id=entry.external_id,
            write_batch=self.config.write_batch,
            one_by_one=not self.config.batch,
        )

    def probe(self) -> str:
        for name, entry in self.config.tables.items():
            stream, of = self.streams[name], self.service.set(name)
            named = [stream.key, *entry.select, *entry.deactivate, *([entry.external_id] if entry.external_id else [])]
            self.service.check(name, named, "the table's entry")
            options = {"$top": "1", "$select": stream.key}
            self.service.feed(of.name, self.service.path(of.name, options))
        return f"{self.context.system}: signed in as application {self.config.client_id}, {len(self.streams)} tables"

    def objects(self) -> Sequence[str]:
        return declares.sets(self.service)

    def describe(self, name: str) -> Sequence[DeclaredField]:
        return declares.declared(self.service.set(name))

    def fields(self, stream: Stream) -> frozenset[str]:
        chosen = self.config.tables[stream.name].select or tuple(self.service.set(stream.name).kinds)
        return frozenset((*chosen, stream.key, "modifiedon", ETAG))

    def bound(self, stream: Stream) -> str | None:
        if self.config.tables[stream.name].read == "delta":
            return None
        return self._cursor(stream).now(self.context.clock, self.config.safety_delay_s)

    def rewind(self, stream: Stream, start: Position) -> Position:
        if self.config.tables[stream.name].read == "delta":
            return start
        return Position(*rewound(start, self._cursor(stream).earlier(start.cursor, self.config.overlap_s)))

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        lower, upper = self._cursor(stream).days(after, until)
        return Window(Position(lower) if lower else None, upper)

    def read(self, stream: Stream, window: Window) -> Pages:
        """By change tracking; a backfill's range of dates, which tracking does not know, by `modifiedon`."""
        of, entry = self.service.set(stream.name), self.config.tables[stream.name]
        select = ",".join(dict.fromkeys((stream.key, "modifiedon", *entry.select))) if entry.select else ""
        prefer = ['odata.include-annotations="*"'] if self.config.annotations else []
        prefer.append(f"odata.maxpagesize={self.config.page_size}")
        if entry.read == "delta" and window.end is None:
            tracker = Tracker(self.service, of, select, ",".join(prefer))
            for part in tracker.pages(window.start):
                yield Page(part.rows, Position(*part.at) if part.at else None, part.gone)
            return Completeness(False, _ANEW) if tracker.anew else PROVEN
        cursor = self._cursor(stream)
        walker = Walker(
            self.service,
            of,
            cursor.between,
            self.config.page_size,
            select=select,
            keyset=False,
            prefer=",".join(prefer),
            order=("modifiedon", stream.key),
        )
        end = window.end if window.end is not None else cursor.ahead(self.context.clock)
        for part in read(walker, plan(self.context.system, window.start, end, cursor.later)):
            yield Page(part.rows, Position(*part.at) if part.at else None)
        return Completeness(False, _NO_DELETES)

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        if self.config.writes != "enabled":
            message = f"{self.context.system}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON137", message, _SOURCES)
        return [WriteResult(*outcome) for outcome in self._writer(stream).write(batch)] if batch else []

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._writer(stream).read_back(external_ids)

    def _writer(self, stream: Stream) -> UpsertWriter:
        entry = self.config.tables[stream.name]
        if entry.external_id is None:
            message = f"{self.context.system}: table '{stream.name}' has no external_id, so it cannot be written safely"
            raise Misconfigured.one("CON138", f"{message}; name the column of the alternate key", _SOURCES)
        chosen = (stream.key, entry.external_id, "modifiedon", *entry.select)
        target = Target(
            entry.external_id,
            deactivate=entry.deactivate or INACTIVE.get(stream.name, {}),
            lock="none",
            batch=self.config.batch,
            select=",".join(dict.fromkeys(chosen)) if entry.select else "",
            readonly=frozenset(("modifiedon", "createdon", "versionnumber")),
            headers={"mscrm.suppressduplicatedetection": str(self.config.suppress_duplicates).lower()},
        )
        return UpsertWriter(self.service, self.service.set(stream.name), target)

    def _cursor(self, stream: Stream) -> Cursor:
        of: EntitySet = self.service.set(stream.name)
        self.service.check(of.name, ["modifiedon"], "the cursor")
        return Cursor(self.service, of, "modifiedon", self.config.zone or "UTC")
