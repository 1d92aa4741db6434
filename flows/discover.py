"""What a system holds: its streams and objects, their fields, and what a bounded sample of their rows looks like.

The calls go through the connector, so its budget holds; nothing is stored, nothing is written, and no more rows are
read than were asked for. What could not be seen is part of the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.base import Connector, ConnectorConfig, Lookup, RawRow, Reader, Stream, Window
from flows.glance import Spending
from flows.wiring import Connections
from goldbridge.clock import SYSTEM, Clock
from goldbridge.errors import GoldbridgeError, Mark, Misconfigured
from goldbridge.log import hide
from goldbridge.mapping.profile import Column, profile
from goldbridge.mapping.suggest import Known, Seen, entity_of
from goldbridge.mapping.words import Words
from goldbridge.records.declared import DeclaredField
from goldbridge.records.hint import did_you_mean
from goldbridge.settings.project import Project

ROWS = 200
_SOURCES = Mark("config/sources.yaml")
_TABLES = ("table", "entity_set", "model", "form", "object", "path")
"""Settings of a stream that name the thing in the system."""
_CHANGED = ("update", "modif", "lastchange", "writedate", "systemmodstamp", "修改时间", "更新时间")


@dataclass(slots=True)
class Discovered:
    """A stream or object: its fields as far as they could be seen, and in `unseen` what could not, and why."""

    name: str
    configured: bool
    columns: list[Column] = field(default_factory=list)
    rows: int = 0
    key: str = ""
    cursor: str = ""
    called: str = ""
    unseen: list[str] = field(default_factory=list)
    refused: bool = False
    flat: frozenset[str] = frozenset()


@dataclass(slots=True)
class System:
    """A system: its configured streams in full, the names of objects that are not configured."""

    name: str
    connector: str
    streams: list[Discovered]
    others: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    refused: bool = False


class Discovery:
    """Looks at one system; use as a context manager."""

    def __init__(self, project: Project, name: str, rows: int = ROWS, clock: Clock = SYSTEM) -> None:
        if name not in project.sources:
            hint = did_you_mean(name, project.sources)
            raise Misconfigured.one("CON360", f"there is no system '{name}'{hint}", _SOURCES)
        self.project, self.name, self.rows, self._clock = project, name, rows, clock
        self._connections = Connections(project, Spending(project, clock), clock, adjust=self._small)
        self._connector: Connector[Any] = self._connections.get(name)
        if isinstance(self._connector, Lookup) and not isinstance(self._connector, Reader):
            self.close()
            questions = ", ".join(self._connector.questions)
            message = f"{name} answers questions ({questions}) and has no objects; ask it in an enrich flow"
            raise Misconfigured.one("CON361", message, project.sources[name].document.mark(*project.sources[name].path))

    def __enter__(self) -> Discovery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connections.close()

    def _small(self, config: ConnectorConfig) -> ConnectorConfig:
        """Pages no larger than the sample, so that no row is read in vain."""
        size = getattr(config, "page_size", None)
        return config if not isinstance(size, int) else config.model_copy(update={"page_size": min(size, self.rows)})

    def system(self) -> System:
        """Every configured stream, and the names of the objects that are not."""
        found = System(self.name, self._connector.kind, [self.stream(name) for name in self._connector.streams])
        try:
            offered = self._connector.objects()
        except GoldbridgeError as error:
            _refused(found, "objects that are not configured", error)
            return found
        if offered is None:
            found.unseen.append(f"objects that are not configured: connector '{self._connector.kind}' cannot list them")
            return found
        known = {name for each in found.streams for name in (each.name, each.called)}
        found.others = [name for name in offered if name not in known]
        return found

    def one(self, name: str) -> Discovered:
        """One stream, or one object that is not configured; raises `Misconfigured` CON360 when there is neither."""
        if name in self._connector.streams:
            return self.stream(name)
        offered = self._connector.objects()
        if offered is None or name not in offered:
            hint = did_you_mean(name, self._connector.streams) or did_you_mean(name, offered or ())
            message = f"{self.name} has no stream or object '{name}'{hint}"
            raise Misconfigured.one("CON360", message, _SOURCES)
        return self._object(name)

    def stream(self, name: str) -> Discovered:
        """A configured stream: what the system says of it, and a sample."""
        stream = self._connector.streams[name]
        found = Discovered(name, configured=True, key=stream.key, cursor=stream.cursor or "", called=self._called(name))
        declared = self._declared(found)
        rows: list[RawRow] = []
        if isinstance(self._connector, Reader):
            rows = self._sample(self._connector, stream, found)
        else:
            found.unseen.append("rows: it can only be written")
        return self._profiled(found, rows, declared)

    def _object(self, name: str) -> Discovered:
        found = Discovered(name, configured=False)
        declared = self._declared(found)
        try:
            peeked = self._connector.peek(name, self.rows)
        except GoldbridgeError as error:
            peeked = []
            _refused(found, "rows", error)
        if peeked is None:
            found.unseen.append("rows: it is not configured as a stream yet")
        if peeked is None and declared is None:
            message = (
                f"{self.name} says nothing about '{name}', and it is not configured; add it to the system's streams"
            )
            raise Misconfigured.one("CON362", message, _SOURCES)
        found.key = next((each.name for each in declared or () if each.key), "")
        return self._profiled(found, list(peeked or ()), declared)

    def _profiled(self, found: Discovered, rows: list[RawRow], declared: Sequence[DeclaredField] | None) -> Discovered:
        found.rows = len(rows)
        found.columns = profile(rows, declared)
        found.flat = frozenset(name for row in rows for name in row)
        if not found.key:
            found.key = likely_key(found.columns)
        if not found.cursor:
            found.cursor = likely_cursor(found.columns)
        if len(rows) >= self.rows:
            found.unseen.append(f"rows beyond the first {len(rows)}: rates and distinct values are of these only")
        return found

    def _declared(self, found: Discovered) -> Sequence[DeclaredField] | None:
        try:
            declared = self._connector.describe(found.name)
        except GoldbridgeError as error:
            _refused(found, "what the system says of its fields", error)
            return None
        if declared is None:
            found.unseen.append("fields without a value in the sample: the system does not describe its fields")
        return declared

    def _sample(self, reader: Reader[Any], stream: Stream, found: Discovered) -> list[RawRow]:
        """The first rows of a stream; a refusal ends the sample, what came before it counts."""
        rows: list[RawRow] = []
        rejects = 0
        try:
            pages = reader.read(stream, Window(None, reader.bound(stream)))
            try:
                for page in pages:
                    rows += page.rows[: self.rows - len(rows)]
                    rejects += len(page.rejects)
                    if len(rows) >= self.rows:
                        break
            finally:
                pages.close()
        except GoldbridgeError as error:
            _refused(found, "more rows" if rows else "rows", error)
        if rejects:
            found.unseen.append(f"{rejects} records that cannot be read")
        return rows

    def _called(self, name: str) -> str:
        """What the system itself calls a stream, as far as its configuration says it."""
        for attribute in ("streams", "models", "tables", "forms"):
            entries = getattr(self._connector.config, attribute, None)
            entry = entries.get(name) if isinstance(entries, dict) else None
            for setting in _TABLES:
                said = getattr(entry, setting, None)
                if isinstance(said, str) and said:
                    return said
        return ""

    # For suggestions

    def seen(self, name: str) -> Seen:
        """A stream as `mapping suggest` takes it."""
        found = self.one(name)
        stream = self._connector.streams.get(name)
        technical = [found.cursor] if stream is not None and stream.cursor else []
        if stream is not None:
            technical += [each for each in (*stream.volatile, stream.external_id) if each]
            technical += [stream.deleted[0]] if stream.deleted else []
        kept = tuple(each for each in dict.fromkeys(technical) if each != found.key)
        names = tuple(dict.fromkeys(each for each in (name, found.called) if each))
        zone = self.project.zone_of(self.name)
        columns = self._delivered(found, stream)
        return Seen(f"{self.name}.{name}", names, columns, found.key, kept, found.flat, zone)

    def _delivered(self, found: Discovered, stream: Stream | None) -> tuple[Column, ...]:
        """The columns that the stream's rows can have: a system may describe fields that the settings leave out."""
        fields = self._connector.fields(stream) if stream is not None and isinstance(self._connector, Reader) else None
        if fields is None:
            return tuple(found.columns)
        return tuple(each for each in found.columns if each.name in fields or each.name.split(".")[0] in fields)

    def known(self, words: Words) -> list[Known]:
        """The streams that keys may be of: this system's, and those that the project has mappings for."""
        project = self.project
        found: dict[str, Known] = {}
        for name, document in project.mappings.items():
            data = document.data if isinstance(document.data, dict) else {}
            target, key = data.get("target"), data.get("key")
            whole = "source" not in data and not data.get("partial")
            if whole and target in project.model.entities and isinstance(key, str):
                found[name] = Known(name, str(target), key, _example_keys(data))
        for name, stream in self._connector.streams.items():
            full = f"{self.name}.{name}"
            if full not in found:
                found[full] = Known(full, entity_of((name, self._called(name)), project.model, words), stream.key)
        return list(found.values())


def _refused(found: Discovered | System, what: str, error: GoldbridgeError) -> None:
    """Note what could not be seen because the system would not show it."""
    found.refused = True
    found.unseen.append(hide(f"{what}: {error.code} {error.message}"))


def _example_keys(data: dict[str, Any]) -> frozenset[str]:
    """Keys as the examples of a mapping write them: they show the form."""
    examples = data.get("examples")
    given = (each.get("given") for each in (examples if isinstance(examples, list) else ()) if isinstance(each, dict))
    return frozenset(str(row[data["key"]]) for row in given if isinstance(row, dict) and row.get(data["key"]))


def likely_key(columns: Sequence[Column]) -> str:
    """The field that the system calls its key, else the first that has another value in every row."""
    for column in columns:
        if column.declared.key:
            return column.name
    for column in columns:
        unique = column.seen > 1 and column.filled == column.seen == column.distinct
        if unique and column.share("organisation", "date", "datetime", "email", "phone") < 0.5:
            return column.name
    return ""


def likely_cursor(columns: Sequence[Column]) -> str:
    """The field that says when a row was changed last, by its name and its values."""
    for column in columns:
        name = column.name.casefold().replace("_", "")
        timed = column.share("datetime", "date", "epoch_ms", "epoch_s") >= 0.8
        if timed and any(part in name for part in _CHANGED):
            return column.name
    return ""
