"""The SAP connector: what the rest of the house sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from connectors.base import Context, Pages, Stream, Window
from connectors.entity_set import SOURCES, EntitySets
from connectors.sap.config import SapConfig
from connectors.sap.preset import DIALECT, PRESETS, ChangeCursor, Preset
from goldbridge.errors import Misconfigured
from goldbridge.http import Auth, BasicAuth
from goldbridge.http.odata import ETAG, Access, EntitySet, RecordWriter, Service, Target, Walker
from goldbridge.http.odata import declared as declares
from goldbridge.records.declared import DeclaredField


class Sap(EntitySets[SapConfig]):
    kind = "sap"
    config_model = SapConfig

    def __init__(self, config: SapConfig, context: Context) -> None:
        super().__init__(config, context)
        auth = self._auth()
        names = sorted({PRESETS[name].service for name in config.streams if name in PRESETS})
        self._services = {name: self.service(self._access(name, auth), config.budget) for name in names}

    def _auth(self) -> Auth:
        config = self.config
        if config.token_url:
            return self.credentials(config.token_url, config.client_id, config.client_secret)
        return BasicAuth(config.user, config.password.get_secret_value())

    def _access(self, name: str, auth: Auth) -> Access:
        config = self.config
        options = {"sap-client": config.client, "sap-language": config.language}
        return Access(
            f"{config.base_url.rstrip('/')}{config.path}/{name}",
            version=2,
            auth=auth,
            dialect=DIALECT,
            query="&".join(f"{key}={value}" for key, value in options.items() if value),
            csrf=True,
            timeout_s=config.timeout_s,
            zone=config.zone,
        )

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        unknown = [name for name in self.config.streams if name not in PRESETS]
        if unknown:
            known = ", ".join(sorted(PRESETS))
            message = f"{self.context.system}: there is no stream '{unknown[0]}'; choose from {known}"
            raise Misconfigured.one("CON140", f"{message}, or use connector odata for it", SOURCES)
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

    def read(self, stream: Stream, window: Window) -> Pages:
        """By key inside a window of the last change. Sets without one are read completely: what hangs on a partner
        changes without the partner, so those streams belong on a slower schedule."""
        service, of = self._at(stream.name)
        cursor = self.cursor(stream)
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
        return (yield from self.walked(stream, walker, cursor, window))

    def writer(self, stream: Stream) -> RecordWriter:
        preset = PRESETS[stream.name]
        service, of = self._at(stream.name)
        target = Target(
            str(stream.external_id),
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

    def cursor(self, stream: Stream) -> ChangeCursor | None:
        name, preset = stream.name, PRESETS[stream.name]
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
