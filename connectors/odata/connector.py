"""The OData connector: what the rest of the house sees."""

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
from connectors.odata.config import OdataConfig, OdataStream
from goldbridge.errors import Mark, Misconfigured
from goldbridge.http import Auth, BasicAuth, Chain, HeaderKey
from goldbridge.http.odata import (
    ETAG,
    KEY,
    Access,
    Cursor,
    EntitySet,
    Part,
    RecordWriter,
    Service,
    Target,
    Tracker,
    Walker,
    client_credentials,
    plan,
    read,
    rewound,
    usable,
)
from goldbridge.http.odata import declared as declares
from goldbridge.records.declared import DeclaredField

_BY_LINKS = "the server's own links were followed, and nothing proves that no row moved between its pages"
_ANEW = "the delta link had expired, so everything was read anew; what was deleted since is found by a full compare"


class Odata(Reader[OdataConfig], Writer[OdataConfig]):
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
        self.service = Service(
            context.http,
            context.system,
            access,
            context.budget(config.budget),
        )

    def _auth(self) -> Auth:
        config, parts = self.config, list[Auth]()
        if config.user:
            parts.append(BasicAuth(config.user, config.password.get_secret_value()))
        if config.api_key.get_secret_value():
            parts.append(HeaderKey(config.api_key_header, config.api_key.get_secret_value()))
        if config.token_url:
            secret = config.client_secret.get_secret_value()
            parts.append(
                client_credentials(
                    self.context.http,
                    self.context.system,
                    config.token_url,
                    config.client_id,
                    secret,
                    config.scope,
                    config.timeout_s,
                )
            )
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
                self.service.check(of.name, [one] if one else [], what)
            self.service.check(of.name, entry.select, "select")
            self.service.check(of.name, [*entry.deleted, *entry.deactivate], "deleted or deactivate")
            self._cursor(name)
            self.service.feed(of.name, self.service.path(of.name, {"$top": "1"}))
        return f"{self.context.system}: OData V{self.service.version}, {len(self.config.streams)} streams"

    def objects(self) -> Sequence[str]:
        return declares.sets(self.service)

    def describe(self, name: str) -> Sequence[DeclaredField]:
        return declares.declared(self._set(name) if name in self.config.streams else self.service.set(name))

    def fields(self, stream: Stream) -> frozenset[str]:
        entry = self.config.streams[stream.name]
        of = self._set(stream.name)
        extra = {ETAG, *([KEY] if len(of.keys) > 1 else []), *entry.expand}
        return frozenset(entry.select or of.kinds) | frozenset(of.keys) | extra

    def bound(self, stream: Stream) -> str | None:
        cursor = self._cursor(stream.name)
        if cursor is None or self.config.streams[stream.name].read == "delta":
            return None
        return cursor.now(self.context.clock, self.config.safety_delay_s)

    def rewind(self, stream: Stream, start: Position) -> Position:
        cursor = self._cursor(stream.name)
        if cursor is None or self.config.streams[stream.name].read == "delta":
            return start
        return Position(*rewound(start, cursor.earlier(start.cursor, self.config.overlap_s)))

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        cursor = self._cursor(stream.name)
        if cursor is None:
            return Window()
        lower, upper = cursor.days(after, until)
        return Window(Position(lower) if lower else None, upper)

    def read(self, stream: Stream, window: Window) -> Pages:
        entry, cursor = self.config.streams[stream.name], self._cursor(stream.name)
        of = self._set(stream.name)
        if entry.read == "delta" and window.end is None:
            tracker = Tracker(self.service, of, ",".join(entry.select), f"odata.maxpagesize={self.config.page_size}")
            for part in tracker.pages(window.start):
                yield _page(part)
            return Completeness(False, _ANEW) if tracker.anew else PROVEN
        keyset = entry.read != "links"
        walker = Walker(
            self.service,
            of,
            cursor.between if cursor else lambda _lower, _upper: entry.filter,
            self.config.page_size,
            select=",".join(dict.fromkeys((*of.keys, *entry.select))) if entry.select else "",
            expand=",".join(entry.expand),
            keyset=keyset,
            prefer="" if self.service.version == 2 else f"odata.maxpagesize={self.config.page_size}",
        )
        if cursor is None or stream.walk == "full":
            walks = plan(self.context.system, None, "", max)
        else:
            end = window.end if window.end is not None else cursor.ahead(self.context.clock)
            walks = plan(self.context.system, window.start, end, cursor.later)
        parts, rejected = read(walker, walks), 0
        for part in parts:
            page = _page(part)
            rejected += len(page.rejects)
            if cursor is None or stream.walk == "full":
                page.at = None
            yield page
        if rejected:
            return Completeness(False, f"{rejected} records of {stream.name} could not be read")
        return PROVEN if keyset else Completeness(False, _BY_LINKS)

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        if self.config.writes != "enabled":
            message = f"{self.context.system}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON137", message, Mark("config/sources.yaml"))
        return [WriteResult(*outcome) for outcome in self._writer(stream).write(batch)] if batch else []

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._writer(stream).read_back(external_ids)

    def _writer(self, stream: Stream) -> RecordWriter:
        entry = self.config.streams[stream.name]
        if entry.external_id is None:
            message = (
                f"{self.context.system}: stream '{stream.name}' has no external_id, so it cannot be written safely"
            )
            raise Misconfigured.one("CON138", f"{message}; name the property that holds our id", _SOURCES)
        target = Target(
            entry.external_id,
            deactivate=entry.deactivate,
            delete=entry.delete,
            lock=self.config.lock,
            method=self.config.method,
            batch=self.config.batch,
        )
        return RecordWriter(self.service, self._set(stream.name), target)

    def _set(self, name: str) -> EntitySet:
        """The stream's entity set; its key is the one that the configuration names."""
        entry = self.config.streams[name]
        of = self.service.set(entry.entity_set or name)
        key = KEY if len(of.keys) > 1 else of.keys[0]
        if entry.key != key:
            message = f"{self.context.system} {of.name}: key is '{entry.key}', but the set's key is '{key}'"
            raise Misconfigured.one("CON126", f"{message}; correct the stream's key", _SOURCES)
        return of

    def _cursor(self, name: str) -> Cursor | None:
        entry = self.config.streams[name]
        if entry.cursor is None:
            return None
        of = self._set(name)
        self.service.check(of.name, [entry.cursor], "cursor")
        if not usable(of.kinds[entry.cursor]):
            message = f"{self.context.system} {of.name}: cursor '{entry.cursor}' is {of.kinds[entry.cursor]}"
            raise Misconfigured.one("CON126", f"{message}; it has to be a time, a date or an integer", _SOURCES)
        return Cursor(self.service, of, entry.cursor, self.config.zone or "UTC", entry.filter)


_SOURCES = Mark("config/sources.yaml")


def _page(part: Part) -> Page:
    return Page(part.rows, Position(*part.at) if part.at else None, part.gone, part.rejects)
