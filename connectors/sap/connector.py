"""The SAP connector: what the rest of the house sees."""

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
from connectors.sap.config import SapConfig
from connectors.sap.preset import DIALECT, PRESETS, ChangeCursor, Preset
from goldbridge.errors import Mark, Misconfigured
from goldbridge.http import Auth, BasicAuth, Budget
from goldbridge.http.odata import (
    ETAG,
    Access,
    EntitySet,
    RecordWriter,
    Service,
    Target,
    Walker,
    client_credentials,
    plan,
    read,
    rewound,
)
from goldbridge.http.odata import declared as declares
from goldbridge.records.declared import DeclaredField

_SOURCES = Mark("config/sources.yaml")


class Sap(Reader[SapConfig], Writer[SapConfig]):
    kind = "sap"
    config_model = SapConfig

    def __init__(self, config: SapConfig, context: Context) -> None:
        super().__init__(config, context)
        shared = context.budget(config.budget)
        auth = self._auth()
        names = sorted({PRESETS[name].service for name in config.streams if name in PRESETS})
        self._services = {name: self._service(name, auth, shared) for name in names}

    def _auth(self) -> Auth:
        config = self.config
        if not config.token_url:
            return BasicAuth(config.user, config.password.get_secret_value())
        secret = config.client_secret.get_secret_value()
        http, system = self.context.http, self.context.system
        return client_credentials(
            http, system, config.token_url, config.client_id, secret, scope="", timeout_s=config.timeout_s
        )

    def _service(self, name: str, auth: Auth, budget: Budget) -> Service:
        config = self.config
        options = {"sap-client": config.client, "sap-language": config.language}
        access = Access(
            f"{config.base_url.rstrip('/')}{config.path}/{name}",
            version=2,
            auth=auth,
            dialect=DIALECT,
            query="&".join(f"{key}={value}" for key, value in options.items() if value),
            csrf=True,
            timeout_s=config.timeout_s,
            zone=config.zone,
        )
        return Service(self.context.http, self.context.system, access, budget)

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        unknown = [name for name in self.config.streams if name not in PRESETS]
        if unknown:
            known = ", ".join(sorted(PRESETS))
            message = f"{self.context.system}: there is no stream '{unknown[0]}'; choose from {known}"
            raise Misconfigured.one("CON140", f"{message}, or use connector odata for it", _SOURCES)
        return {name: self._stream(name, PRESETS[name]) for name in self.config.streams}

    def _stream(self, name: str, preset: Preset) -> Stream:
        return Stream(
            name,
            key=preset.key,
            cursor=preset.changed[0] if preset.changed else None,
            walk="keyset" if preset.changed else "full",
            volatile=(ETAG, *preset.volatile),
            deleted=preset.deleted,
            writable=self._external(name) is not None,
            external_id=self._external(name),
            write_batch=self.config.write_batch,
            one_by_one=not self.config.batch,
        )

    def probe(self) -> str:
        for name in self.streams:
            service, of = self._at(name)
            service.feed(of.name, service.path(of.name, {"$top": "1"}))
        who = self.config.user or self.config.client_id
        return f"{self.context.system}: signed in as {who}, {len(self.streams)} streams"

    def objects(self) -> Sequence[str]:
        return [name for service in self._services.values() for name in declares.sets(service)]

    def describe(self, name: str) -> Sequence[DeclaredField]:
        if name in self.streams:
            return declares.declared(self._at(name)[1])
        of = next(one.metadata().sets[name] for one in self._services.values() if name in one.metadata().sets)
        return declares.declared(of)

    def fields(self, stream: Stream) -> frozenset[str]:
        _, of = self._at(stream.name)
        chosen = self.config.select.get(stream.name) or tuple(of.kinds)
        return frozenset((*chosen, *of.keys, *self.config.expand.get(stream.name, ()), ETAG, stream.key))

    def bound(self, stream: Stream) -> str | None:
        cursor = self._cursor(stream.name)
        return cursor.now(self.context.clock, self.config.safety_delay_s) if cursor else None

    def rewind(self, stream: Stream, start: Position) -> Position:
        cursor = self._cursor(stream.name)
        return Position(*rewound(start, cursor.earlier(start.cursor, self.config.overlap_s))) if cursor else start

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        cursor = self._cursor(stream.name)
        lower, upper = cursor.days(after, until) if cursor else (None, None)
        return Window(Position(lower) if lower else None, upper)

    def read(self, stream: Stream, window: Window) -> Pages:
        """By key inside a window of the last change. Sets without one are read completely: what hangs on a partner
        changes without the partner, so those streams belong on a slower schedule."""
        service, of = self._at(stream.name)
        cursor = self._cursor(stream.name)
        chosen = self.config.select.get(stream.name, ())
        needed = (*of.keys, *PRESETS[stream.name].changed, *chosen) if chosen else ()
        walker = Walker(
            service,
            of,
            cursor.between if cursor else lambda _lower, _upper: "",
            self.config.page_size,
            select=",".join(dict.fromkeys(needed)),
            expand=",".join(self.config.expand.get(stream.name, ())),
        )
        if cursor is None:
            walks = plan(self.context.system, None, "", max)
        else:
            end = window.end if window.end is not None else cursor.ahead(self.context.clock)
            walks = plan(self.context.system, window.start, end, cursor.later)
        rejected = 0
        for part in read(walker, walks):
            rejected += len(part.rejects)
            yield Page(part.rows, Position(*part.at) if part.at and cursor else None, part.gone, part.rejects)
        return Completeness(False, f"{rejected} records of {stream.name} could not be read") if rejected else PROVEN

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        if self.config.writes != "enabled":
            message = f"{self.context.system}: writing is switched off; set `writes: enabled` to let flows write here"
            raise Misconfigured.one("CON137", message, _SOURCES)
        return [WriteResult(*outcome) for outcome in self._writer(stream).write(batch)] if batch else []

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._writer(stream).read_back(external_ids)

    def _writer(self, stream: Stream) -> RecordWriter:
        external = self._external(stream.name)
        if external is None:
            message = (
                f"{self.context.system}: '{stream.name}' has no property for our id, so it cannot be written safely"
            )
            raise Misconfigured.one("CON138", f"{message}; name one under external_id", _SOURCES)
        preset = PRESETS[stream.name]
        service, of = self._at(stream.name)
        target = Target(
            external,
            deactivate=self.config.deactivate.get(stream.name, preset.deactivate),
            lock=self.config.lock,
            method=self.config.method,
            batch=self.config.batch,
            readonly=frozenset((*preset.changed, *([preset.created] if preset.created else []))),
        )
        return RecordWriter(service, of, target)

    def _external(self, name: str) -> str | None:
        return self.config.external_id.get(name, PRESETS[name].external_id)

    def _at(self, name: str) -> tuple[Service, EntitySet]:
        service = self._services[PRESETS[name].service]
        return service, service.set(name)

    def _cursor(self, name: str) -> ChangeCursor | None:
        preset = PRESETS[name]
        if not preset.changed:
            return None
        service, of = self._at(name)
        service.check(name, [*preset.changed, preset.created], "the preset")
        return ChangeCursor(
            service,
            of,
            preset.changed[0],
            self.config.zone or "UTC",
            clock_time=preset.changed[1] if len(preset.changed) > 1 else "",
            created=preset.created,
        )
