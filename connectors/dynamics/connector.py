"""The Dynamics connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from connectors.base import PROVEN, Completeness, Context, Pages, Stream, Window
from connectors.dynamics.config import DynamicsConfig, DynamicsTable
from connectors.dynamics.table import DIALECT, INACTIVE, KEYS
from connectors.dynamics.write import UpsertWriter
from connectors.entity_set import ANEW, SOURCES, EntitySets, page_of
from goldbridge.errors import Misconfigured
from goldbridge.http.odata import ETAG, Access, Cursor, Target, Tracker, Walker
from goldbridge.http.odata import declared as declares
from goldbridge.records.declared import DeclaredField

_NO_DELETES = "read by modifiedon along the service's links: deletes are not told, and nothing proves that no row moved"
_HEADERS = {"odata-version": "4.0", "odata-maxversion": "4.0", "if-none-match": "null"}


class Dynamics(EntitySets[DynamicsConfig]):
    kind = "dynamics"
    config_model = DynamicsConfig

    def __init__(self, config: DynamicsConfig, context: Context) -> None:
        super().__init__(config, context)
        root = config.base_url.rstrip("/")
        token_url = f"{config.authority.rstrip('/')}/{config.tenant}/oauth2/v2.0/token"
        access = Access(
            root + config.path,
            version=4,
            auth=self.credentials(token_url, config.client_id, config.client_secret, f"{root}/.default"),
            dialect=DIALECT,
            headers=_HEADERS,
            json_batches=False,
            timeout_s=config.timeout_s,
        )
        self._service = self.service(access, config.budget)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {name: self._stream(name, entry) for name, entry in self.config.tables.items()}

    def _stream(self, name: str, entry: DynamicsTable) -> Stream:
        key = entry.key or KEYS.get(name)
        if key is None:
            message = f"{self.context.system}: the key of table '{name}' is not known; name its primary key column"
            raise Misconfigured.one("CON151", f"{message}, e.g. {{key: {name.rstrip('s')}id}}", SOURCES)
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
            stream, of = self.streams[name], self._service.set(name)
            named = [stream.key, *entry.select, *entry.deactivate, *([entry.external_id] if entry.external_id else [])]
            self._service.check(name, named, "the table's entry")
            options = {"$top": "1", "$select": stream.key}
            self._service.feed(of.name, self._service.path(of.name, options))
        return f"{self.context.system}: signed in as application {self.config.client_id}, {len(self.streams)} tables"

    def objects(self) -> Sequence[str]:
        return declares.sets(self._service)

    def describe(self, name: str) -> Sequence[DeclaredField]:
        return declares.declared(self._service.set(name))

    def fields(self, stream: Stream) -> frozenset[str]:
        chosen = self.config.tables[stream.name].select or tuple(self._service.set(stream.name).kinds)
        return frozenset((*chosen, stream.key, "modifiedon", ETAG))

    def tracked(self, stream: Stream) -> bool:
        return self.config.tables[stream.name].read == "delta"

    def read(self, stream: Stream, window: Window) -> Pages:
        """By change tracking; a backfill's range of dates, which tracking does not know, by `modifiedon`."""
        of, entry = self._service.set(stream.name), self.config.tables[stream.name]
        select = ",".join(dict.fromkeys((stream.key, "modifiedon", *entry.select))) if entry.select else ""
        prefer = ['odata.include-annotations="*"'] if self.config.annotations else []
        prefer.append(f"odata.maxpagesize={self.config.page_size}")
        if self.tracked(stream) and window.end is None:
            tracker = Tracker(self._service, of, select, ",".join(prefer))
            for part in tracker.pages(window.start):
                yield page_of(part)
            return Completeness(False, ANEW) if tracker.anew else PROVEN
        cursor = self.cursor(stream)
        walker = Walker(
            self._service,
            of,
            cursor.between,
            self.config.page_size,
            select=select,
            keyset=False,
            prefer=",".join(prefer),
            order=("modifiedon", stream.key),
        )
        yield from self.walked(stream, walker, cursor, window)
        return Completeness(False, _NO_DELETES)

    def writer(self, stream: Stream) -> UpsertWriter:
        entry, external = self.config.tables[stream.name], str(stream.external_id)
        chosen = (stream.key, external, "modifiedon", *entry.select)
        target = Target(
            external,
            deactivate=entry.deactivate or INACTIVE.get(stream.name, {}),
            lock="none",
            batch=self.config.batch,
            select=",".join(dict.fromkeys(chosen)) if entry.select else "",
            readonly=frozenset(("modifiedon", "createdon", "versionnumber")),
            headers={"mscrm.suppressduplicatedetection": str(self.config.suppress_duplicates).lower()},
        )
        return UpsertWriter(self._service, self._service.set(stream.name), target)

    def cursor(self, stream: Stream) -> Cursor:
        of = self._service.set(stream.name)
        self._service.check(of.name, ["modifiedon"], "the cursor")
        return Cursor(self._service, of, "modifiedon", self.config.zone or "UTC")
