"""The OData connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from connectors.base import PROVEN, Completeness, Context, Pages, Stream, Window
from connectors.entity_set import ANEW, SOURCES, EntitySets, page_of
from connectors.odata.config import OdataConfig, OdataStream
from goldbridge.errors import Misconfigured
from goldbridge.http import Auth, BasicAuth, Chain, HeaderKey
from goldbridge.http.odata import ETAG, KEY, Access, Cursor, EntitySet, RecordWriter, Target, Tracker, Walker, usable
from goldbridge.http.odata import declared as declares
from goldbridge.records.declared import DeclaredField

_BY_LINKS = "the server's own links were followed, and nothing proves that no row moved between its pages"


class Odata(EntitySets[OdataConfig]):
    kind = "odata"
    config_model = OdataConfig

    def __init__(self, config: OdataConfig, context: Context) -> None:
        super().__init__(config, context)
        access = Access(
            config.base_url,
            version=config.version,
            auth=self._auth(),
            headers=config.headers,
            query=config.query,
            csrf=config.csrf,
            timeout_s=config.timeout_s,
            zone=config.zone,
        )
        self._service = self.service(access, config.budget)

    def _auth(self) -> Auth:
        config, parts = self.config, list[Auth]()
        if config.user:
            parts.append(BasicAuth(config.user, config.password.get_secret_value()))
        if config.api_key.get_secret_value():
            parts.append(HeaderKey(config.api_key_header, config.api_key.get_secret_value()))
        if config.token_url:
            parts.append(self.credentials(config.token_url, config.client_id, config.client_secret, config.scope))
        return Chain(*parts)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {name: self._stream(name, entry) for name, entry in self.config.streams.items()}

    def _stream(self, name: str, entry: OdataStream) -> Stream:
        flag = next(iter(entry.deleted.items()), None)
        whole = entry.read == "full" or (entry.cursor is None and entry.read != "delta")
        return Stream(
            name,
            key=entry.key,
            cursor=entry.cursor,
            walk="full" if whole else "offset" if entry.read == "links" else "keyset",
            volatile=(ETAG, *entry.volatile),
            deleted=(flag[0], frozenset(flag[1])) if flag else None,
            writable=entry.external_id is not None,
            external_id=entry.external_id,
            write_batch=self.config.write_batch,
            one_by_one=not self.config.batch,
        )

    def probe(self) -> str:
        """Metadata may be open to everybody, so a row is asked for as well; every stream's settings are checked."""
        for name, entry in self.config.streams.items():
            of = self._set(name)
            named = {"cursor": entry.cursor, "external_id": entry.external_id}
            for what, one in named.items():
                self._service.check(of.name, [one] if one else [], what)
            self._service.check(of.name, entry.select, "select")
            self._service.check(of.name, [*entry.deleted, *entry.deactivate], "deleted or deactivate")
            self.cursor(self.streams[name])
            self._service.feed(of.name, self._service.path(of.name, {"$top": "1"}))
        return f"{self.context.system}: OData V{self._service.version}, {len(self.config.streams)} streams"

    def objects(self) -> Sequence[str]:
        return declares.sets(self._service)

    def describe(self, name: str) -> Sequence[DeclaredField]:
        return declares.declared(self._set(name) if name in self.config.streams else self._service.set(name))

    def fields(self, stream: Stream) -> frozenset[str]:
        entry = self.config.streams[stream.name]
        of = self._set(stream.name)
        extra = {ETAG, *([KEY] if len(of.keys) > 1 else []), *entry.expand}
        return frozenset(entry.select or of.kinds) | frozenset(of.keys) | extra

    def tracked(self, stream: Stream) -> bool:
        return self.config.streams[stream.name].read == "delta"

    def read(self, stream: Stream, window: Window) -> Pages:
        entry, cursor = self.config.streams[stream.name], self.cursor(stream)
        of = self._set(stream.name)
        if self.tracked(stream) and window.end is None:
            tracker = Tracker(self._service, of, ",".join(entry.select), f"odata.maxpagesize={self.config.page_size}")
            for part in tracker.pages(window.start):
                yield page_of(part)
            return Completeness(False, ANEW) if tracker.anew else PROVEN
        walker = Walker(
            self._service,
            of,
            cursor.between if cursor else lambda _lower, _upper: entry.filter,
            self.config.page_size,
            select=",".join(dict.fromkeys((*of.keys, *entry.select))) if entry.select else "",
            expand=",".join(entry.expand),
            keyset=entry.read != "links",
            prefer="" if self._service.version == 2 else f"odata.maxpagesize={self.config.page_size}",
        )
        verdict = yield from self.walked(stream, walker, None if stream.walk == "full" else cursor, window)
        return Completeness(False, _BY_LINKS) if verdict.proven and entry.read == "links" else verdict

    def writer(self, stream: Stream) -> RecordWriter:
        entry = self.config.streams[stream.name]
        target = Target(
            str(stream.external_id),
            deactivate=entry.deactivate,
            delete=entry.delete,
            lock=self.config.lock,
            method=self.config.method,
            batch=self.config.batch,
        )
        return RecordWriter(self._service, self._set(stream.name), target)

    def _set(self, name: str) -> EntitySet:
        """The stream's entity set; its key is the one that the configuration names."""
        entry = self.config.streams[name]
        of = self._service.set(entry.entity_set or name)
        key = KEY if len(of.keys) > 1 else of.keys[0]
        if entry.key != key:
            message = f"{self.context.system} {of.name}: key is '{entry.key}', but the set's key is '{key}'"
            raise Misconfigured.one("CON126", f"{message}; correct the stream's key", SOURCES)
        return of

    def cursor(self, stream: Stream) -> Cursor | None:
        entry = self.config.streams[stream.name]
        if entry.cursor is None:
            return None
        of = self._set(stream.name)
        self._service.check(of.name, [entry.cursor], "cursor")
        if not usable(of.kinds[entry.cursor]):
            message = f"{self.context.system} {of.name}: cursor '{entry.cursor}' is {of.kinds[entry.cursor]}"
            raise Misconfigured.one("CON126", f"{message}; it has to be a time, a date or an integer", SOURCES)
        return Cursor(self._service, of, entry.cursor, self.config.zone or "UTC", entry.filter)
