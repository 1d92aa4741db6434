"""Joins what configuration names: finds a connector, validates its entry, lends it HTTP, tokens and the clock."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import connectors
from connectors.base import Connector, ConnectorConfig, Context, Lookup, RawRow, Reader, Stream, Window, Writer
from flows.config import hint
from flows.glance import Glance, Spending
from goldbridge.clock import Clock
from goldbridge.errors import Mark, Misconfigured
from goldbridge.ports import Inbox, TokenStore
from goldbridge.settings.project import Project
from goldbridge.settings.validate import validate

if TYPE_CHECKING:
    from goldbridge.http import HttpFactory

KINDS = tuple(sorted({found.name for found in pkgutil.iter_modules(connectors.__path__)} - connectors.SHARED))
"""The connectors of this house; others are found by the entry point group `goldbridge.connectors`."""

ENTRY_POINTS = "goldbridge.connectors"


def find_kind(kind: str, mark: Mark) -> type[Connector[Any]]:
    """The connector class of a kind; raises `Misconfigured` FLW020 when there is none."""
    if kind in KINDS:
        module = importlib.import_module(f"connectors.{kind}")
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, Connector) and getattr(found, "kind", None) == kind:
                return found
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == kind:
            loaded: type[Connector[Any]] = point.load()
            return loaded
    raise Misconfigured.one("FLW020", f"there is no connector '{kind}'{hint(kind, KINDS)}", mark)


def check_source(project: Project, name: str) -> None:
    """Validate one entry of sources.yaml with its secrets resolved; raises `Misconfigured` with every problem."""
    _configure(project, name)


def _configure(project: Project, name: str) -> tuple[type[Connector[Any]], Any]:
    entry = project.sources[name]
    kind = find_kind(entry.connector, entry.document.mark(*entry.path, "connector"))
    revealed = project.secrets.reveal(entry.document, *entry.path)
    return kind, validate(kind.config_model, revealed, entry.path)


def connect(
    project: Project,
    name: str,
    http: HttpFactory,
    store: TokenStore,
    clock: Clock,
    adjust: Callable[[ConnectorConfig], ConnectorConfig] | None = None,
    inbox: Inbox | None = None,
) -> Connector[Any]:
    """A connector for one system of sources.yaml; `adjust` changes its settings for the purpose at hand."""
    kind, config = _configure(project, name)
    return kind(adjust(config) if adjust else config, Context(name, http, store, clock, inbox))


class Connections:
    """The connectors of a process, made when first used and closed together."""

    def __init__(
        self,
        project: Project,
        store: TokenStore,
        clock: Clock,
        http: HttpFactory | None = None,
        adjust: Callable[[ConnectorConfig], ConnectorConfig] | None = None,
        inbox: Inbox | None = None,
    ) -> None:
        self._project, self._store, self._clock, self._adjust = project, store, clock, adjust
        self._inbox = inbox or Glance(project, clock)
        self._http = http
        self._made: dict[str, Connector[Any]] = {}

    def get(self, name: str) -> Connector[Any]:
        if name not in self._made:
            self._made[name] = connect(
                self._project, name, self._network(), self._store, self._clock, self._adjust, self._inbox
            )
        return self._made[name]

    def _network(self) -> HttpFactory:
        """Made for the first connector: commands that ask the state alone start without it."""
        if self._http is None:
            from goldbridge.http import HttpFactory

            self._http = HttpFactory(self._clock)
        return self._http

    def reader(self, stream: str, mark: Mark) -> tuple[Reader[Any], Stream]:
        """The reader behind `system.stream`; raises `Misconfigured` FLW021 when there is no such stream to read."""
        connector, found = self._stream(stream, mark)
        if not isinstance(connector, Reader):
            raise Misconfigured.one("FLW021", f"{stream}: connector '{connector.kind}' does not read streams", mark)
        return connector, found

    def writer(self, stream: str, mark: Mark) -> tuple[Writer[Any], Stream]:
        """The writer behind `system.Object`; raises `Misconfigured` when it cannot or may not write."""
        connector, found = self._stream(stream, mark)
        if not isinstance(connector, Writer) or not found.writable:
            raise Misconfigured.one("FLW021", f"{stream}: connector '{connector.kind}' does not write it", mark)
        if connector.config.writes != "enabled":
            system = stream.split(".", 1)[0]
            raise Misconfigured.one(
                "FLW022", f"writing to {system} is not switched on; set `writes: enabled` in config/sources.yaml", mark
            )
        return connector, found

    def lookup(self, question: str, mark: Mark) -> tuple[Lookup[Any], str]:
        """The look-up behind `system.question`."""
        system, _, asked = question.partition(".")
        connector = self.get(system)
        if not isinstance(connector, Lookup) or asked not in connector.questions:
            known = connector.questions if isinstance(connector, Lookup) else ()
            raise Misconfigured.one("FLW021", f"'{system}' does not answer '{asked}'{hint(asked, known)}", mark)
        return connector, asked

    def _stream(self, stream: str, mark: Mark) -> tuple[Connector[Any], Stream]:
        system, _, name = stream.partition(".")
        connector = self.get(system)
        if name not in connector.streams:
            raise Misconfigured.one("FLW021", f"'{system}' has no stream '{name}'{hint(name, connector.streams)}", mark)
        return connector, connector.streams[name]

    def close(self) -> None:
        for connector in self._made.values():
            connector.close()
        self._made.clear()
        if self._http is not None:
            self._http.close()


def sample_rows(project: Project, stream: str, limit: int, clock: Clock | None = None) -> list[RawRow]:
    """The first rows of `system.stream`, as the source gives them; nothing is stored."""
    clock = clock or Clock()
    connections = Connections(project, Spending(project, clock), clock)
    rows: list[RawRow] = []
    try:
        reader, found = connections.reader(stream, Mark("config/sources.yaml"))
        pages = reader.read(found, Window(None, reader.bound(found)))
        for page in pages:
            rows.extend(page.rows[: limit - len(rows)])
            if len(rows) >= limit:
                break
        pages.close()
    finally:
        connections.close()
    return rows
