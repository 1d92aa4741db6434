"""Systems: which there are, what flows want of them, and whether each lets itself be used now.

A test asks each system for one small answer per thing that is wanted: it signs in anew, reads a row of every stream,
and writes nothing. Systems are tried side by side, each within its time; one that hangs holds up nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import SecretStr

from connectors.base import Connector, ConnectorConfig, Lookup, Reader, Stream, Window, Writer
from flows.config import EnrichFlow, Flow, IngestFlow, PublishFlow, SyncFlow, TwoWayFlow, compile_flows
from flows.glance import Spending
from flows.wiring import Connections
from goldbridge.clock import SYSTEM, Clock
from goldbridge.errors import GoldbridgeError, Mark, Misconfigured, Retry
from goldbridge.log import hide, redact
from goldbridge.settings.project import Project

Outcome = Literal["ok", "failed", "unreachable", "not tried", "off"]

NO_CONTACT = frozenset({"CON007", "CON009", "CON014", "CON070", "CON071", "CON080"})
"""Errors of a system that was never spoken to: the address is wrong, or somebody else answers there."""
LATER = frozenset({"CON004", "CON091"})
"""Halts that go away by themselves: a quota is used up, an account is barred for a while."""
SIGNED_IN = frozenset({"CON040", "CON374"})
"""Errors of a probe that asked for more than to be let in."""
CALL_SHARE = 0.8
"""How much of a system's time one call may take, so that its own message comes before the system is left."""


class Check(NamedTuple):
    """One thing that was tried. `code` and `message` say what is wrong and what to do, or what answered."""

    step: str
    outcome: Outcome
    code: str = ""
    message: str = ""


class Examined(NamedTuple):
    """A system and everything that was tried on it."""

    system: str
    connector: str
    checks: Sequence[Check]

    @property
    def status(self) -> int:
        """2: an engineer must act; 1: it cannot be reached now; 0: it works."""
        outcomes = {check.outcome for check in self.checks}
        return 2 if "failed" in outcomes else 1 if "unreachable" in outcomes else 0


@dataclass(slots=True)
class Wanted:
    """What flows want of one system: stream -> where that is written, and the flow's name with it."""

    read: dict[str, Mark] = field(default_factory=dict)
    write: dict[str, Mark] = field(default_factory=dict)
    ask: dict[str, Mark] = field(default_factory=dict)
    flows: dict[str, list[str]] = field(default_factory=dict)


class Listed(NamedTuple):
    """A system as it is configured; `problem` is what keeps it from being used."""

    system: str
    connector: str
    address: str
    streams: Sequence[str]
    questions: Sequence[str]
    writes: str
    read_by: Sequence[str]
    written_by: Sequence[str]
    asked_by: Sequence[str]
    problem: str = ""


def examine(project: Project, names: Sequence[str], *, limit_s: float, clock: Clock = SYSTEM) -> list[Examined]:
    """Try these systems side by side; none takes longer than `limit_s`."""
    wanted = wishes(project)
    trials = [_Trial(project, name, wanted.get(name) or Wanted(), limit_s, clock) for name in names]
    for trial in trials:
        trial.prepare()  # what is imported for it is not the system's time
    # Daemons: a thread that waits for a system that never answers must not keep the process alive.
    threads = [Thread(target=trial.run, name=f"test-{trial.name}", daemon=True) for trial in trials]
    for thread in threads:
        thread.start()
    end = SYSTEM.monotonic() + limit_s
    for thread in threads:
        thread.join(max(end - SYSTEM.monotonic(), 0.0))
    return [trial.result() for trial in trials]


def wishes(project: Project) -> dict[str, Wanted]:
    """System -> what the flows want of it; nothing when flows.yaml is not in order, which `check` tells."""
    found: dict[str, Wanted] = {}
    try:
        flows = compile_flows(project)
    except Misconfigured:
        return found
    for flow in flows.values():
        for kind, place, path in _ends(flow):
            system, _, name = place.partition(".")
            wanted = found.setdefault(system, Wanted())
            getattr(wanted, kind).setdefault(name, project.flows.mark("flows", flow.name, *path))
            wanted.flows.setdefault(kind, []).append(flow.name)
    return found


def _ends(flow: Flow) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
    """(read, write or ask; system.stream; where in the flow that is written)."""
    match flow:
        case IngestFlow():
            yield "read", flow.ingest, ("ingest",)
        case PublishFlow():
            yield "write", flow.to, ("to",)
        case SyncFlow():
            yield "read", flow.sync.from_, ("sync", "from")
            yield "write", flow.sync.to, ("sync", "to")
        case TwoWayFlow():
            for at, place in enumerate(flow.sync.between):
                yield "read", place, ("sync", "between", at)
                yield "write", place, ("sync", "between", at)
        case EnrichFlow():
            for at, question in enumerate(flow.with_):
                yield "ask", question, ("with", at)


def listed(project: Project) -> list[Listed]:
    """Every system of sources.yaml; nothing is asked of any."""
    wanted = wishes(project)
    return [_listed(project, name, wanted.get(name) or Wanted()) for name in project.sources]


def _listed(project: Project, name: str, wanted: Wanted) -> Listed:
    by: Mapping[str, Sequence[str]] = wanted.flows
    flows = (by.get("read", []), by.get("write", []), by.get("ask", []))
    kind = project.sources[name].connector
    connections = Connections(project, Spending(project, SYSTEM), SYSTEM)
    try:
        connector = connections.get(name)
        streams = sorted(connector.streams) if isinstance(connector, Reader | Writer) else []
        questions = sorted(connector.questions) if isinstance(connector, Lookup) else []
        writes = connector.config.writes if isinstance(connector, Writer) else ""
        return Listed(name, kind, _address(connector.config), streams, questions, writes, *flows)
    except GoldbridgeError as error:
        return Listed(name, kind, "", [], [], "", *flows, problem=hide(str(error)))
    finally:
        connections.close()


def _address(config: ConnectorConfig) -> str:
    """Where the system is, without what lets one in."""
    for name in ("base_url", "url", "root"):
        said: Any = getattr(config, name, None)
        if said:
            text = said.get_secret_value() if isinstance(said, SecretStr) else str(said)
            parts = urlsplit(text)
            port = f":{parts.port}" if parts.port else ""
            return hide(f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}" if parts.scheme else text)
    return ""


class _Trial:
    """One system, tried in a thread of its own; what is known so far can be taken at any time."""

    def __init__(self, project: Project, name: str, wanted: Wanted, limit_s: float, clock: Clock) -> None:
        self.project, self.name, self.wanted = project, name, wanted
        self._limit_s, self._clock = limit_s, clock
        self._connections = Connections(project, Spending(project, clock), clock, adjust=self._small)
        self._connector: Connector[Any] | None = None
        self._checks: list[Check] = []
        self._step = "configured"
        self._done = False

    def result(self) -> Examined:
        checks, step = list(self._checks), self._step
        if not self._done:
            message = f"{self.name}: no answer within {self._limit_s:g} s; is it running, is the address right?"
            checks.append(Check(step, "unreachable", "CON001", message))
        return Examined(self.name, self.project.sources[self.name].connector, checks)

    def prepare(self) -> None:
        """Whether the system is configured at all."""
        try:
            self._connector = self._connections.get(self.name)
            self._note("ok")
        except Misconfigured as error:
            self._refused(error)
        except Exception as error:
            self._defect(error)

    def run(self) -> None:
        try:
            if self._connector is not None:
                self._try(self._connections, self._connector)
        except Exception as error:
            self._defect(error)
        finally:
            self._done = True
            self._connections.close()

    def _small(self, config: ConnectorConfig) -> ConnectorConfig:
        """The same system, asked for little and not for long."""
        changes: dict[str, Any] = {"timeout_s": min(config.timeout_s, self._limit_s * CALL_SHARE)}
        if "page_size" in type(config).model_fields:
            changes["page_size"] = 1
        return config.model_copy(update=changes)

    def _try(self, connections: Connections, connector: Connector[Any]) -> None:
        if self._let_in(connector):
            if isinstance(connector, Reader):
                for name in dict.fromkeys([*connector.streams, *self.wanted.read]):
                    self._read(connections, name)
            else:
                self._wanted(connections.reader, "read", self.wanted.read)
            self._wanted(connections.lookup, "ask", self.wanted.ask)
        else:
            self._step = "read"
            if isinstance(connector, Reader):
                self._note("not tried")
        self._writable(connections, connector)

    def _let_in(self, connector: Connector[Any]) -> bool:
        """One cheap call that needs to be let in: says whether there is any sense in asking for more."""
        self._step = "reachable"
        if type(connector).probe is Connector.probe:
            self._note("not tried", message="the connector has no probe")
            return True
        try:
            said = connector.probe()
        except GoldbridgeError as error:
            if isinstance(error, Retry) or error.code in LATER | NO_CONTACT:
                self._refused(error)
                self._step = "authenticated"
                self._note("not tried")
                return False
            self._note("ok")
            self._step = "authenticated"
            if error.code not in SIGNED_IN:
                self._refused(error)
                return False
            self._note("ok")
            self._step = "offers what is configured"
            self._refused(error)
            return True
        self._note("ok", message=said)
        self._step = "authenticated"
        self._note("ok")
        return True

    def _read(self, connections: Connections, name: str) -> None:
        self._step = f"read {name}"
        mark = self.wanted.read.get(name) or Mark("config/sources.yaml")
        try:
            reader, stream = connections.reader(f"{self.name}.{name}", mark)
            self._note("ok", message=_first(reader, stream, self._clock))
        except GoldbridgeError as error:
            self._refused(error)

    def _wanted(self, find: Any, step: str, wanted: Mapping[str, Mark]) -> None:
        """What flows want and the connector does not have."""
        for name, mark in wanted.items():
            self._step = f"{step} {name}"
            try:
                find(f"{self.name}.{name}", mark)
            except Misconfigured as error:
                self._refused(error)

    def _writable(self, connections: Connections, connector: Connector[Any]) -> None:
        """Whether flows may write: as configured. Nothing is written to find out what the system says to it."""
        for name, mark in self.wanted.write.items():
            self._step = f"write {name}"
            try:
                connections.writer(f"{self.name}.{name}", mark)
            except Misconfigured as error:
                self._refused(error)
            else:
                self._note("not tried", message="`writes` is enabled; no row was written to find out")
        if isinstance(connector, Writer) and not self.wanted.write:
            self._step = "write"
            enabled = connector.config.writes == "enabled"
            self._note("not tried" if enabled else "off", message="no flow writes here")

    def _refused(self, error: GoldbridgeError) -> None:
        outcome: Outcome = "unreachable" if isinstance(error, Retry) or error.code in LATER else "failed"
        if isinstance(error, Misconfigured):
            for problem in error.problems:
                self._note(outcome, problem.code, f"{problem.mark}: {problem.message}")
        else:
            self._note(outcome, error.code, error.message)

    def _defect(self, error: Exception) -> None:
        """What no connector should raise must not hide what the other systems say."""
        first = (str(error).strip() or "no message").splitlines()[0]
        self._note("failed", "", f"unexpected {type(error).__name__}: {redact(first)}")

    def _note(self, outcome: Outcome, code: str = "", message: str = "") -> None:
        self._checks.append(Check(self._step, outcome, code, hide(message)))


def _first(reader: Reader[Any], stream: Stream, clock: Clock) -> str:
    """Read one small page, in words."""
    window = Window()
    if "page_size" not in type(reader.config).model_fields:
        window = reader.slice(stream, clock.now().date().isoformat(), None)  # what came today, not everything
    pages = reader.read(stream, window)
    try:
        for page in pages:
            if page.rejects:
                key, error = page.rejects[0]
                return f"read, but not all of it: {key}: {error.code} {error.message}"
            if page.rows:
                return "a row was read"
    finally:
        pages.close()
    return "no rows"
