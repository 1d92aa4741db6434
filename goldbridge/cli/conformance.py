"""`goldbridge check connectors`: runs the conformance suite on the connectors that can be found, whoever wrote them."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import typer

from goldbridge.errors import Mark

if TYPE_CHECKING:
    from connectors.base import Connector
    from connectors.testkit import Peer

PEERS = "goldbridge.conformance"
"""Entry point group of peers, as `goldbridge.connectors` is that of connectors."""

_FAULT = re.compile(r"F\d+")
OURS = "tests.conformance.peers"
"""Where the peers of the house are, in a checkout; an installed package has none of them."""


@dataclass
class Verdict:
    """What the suite said about one connector."""

    kind: str
    held: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    scope: Scope | None = None

    @property
    def ok(self) -> bool:
        return not self.broken

    def as_json(self) -> dict[str, Any]:
        numbers = {name.split()[0] for name in self.held} - {name.split()[0] for name in self.broken}
        scope = self.scope or Scope()
        return {
            "kind": self.kind,
            "ok": self.ok,
            "passed": len(self.held),
            "held": sorted(set(self.held)),
            "faults": sorted((each for each in numbers if _FAULT.fullmatch(each)), key=lambda each: int(each[1:])),
            "broken": self.broken,
            "not_applicable": scope.absent,
            "read": scope.read,
            "written": scope.written,
            "notes": self.notes,
        }


@dataclass
class Scope:
    """What the peers of one connector let the suite ask: streams read and written, faults played, and why not others.

    Faults are told by number and name; `absent` are those that no peer plays.
    """

    read: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    played: list[str] = field(default_factory=list)
    absent: list[dict[str, str]] = field(default_factory=list)


def scope_of(connector: type[Connector[Any]], peers: Sequence[type[Peer]]) -> Scope:
    """What can be said without running anything."""
    from connectors.base import Lookup, Reader, Writer
    from connectors.testkit import ASK_FAULTS, READ_FAULTS, WRITE_FAULTS

    found, played, why = Scope(), dict[str, str](), dict[str, tuple[str, str]]()
    for peer in peers:
        sides = []
        if issubclass(connector, Reader) and peer.stream:
            found.read.append(peer.stream)
            sides.append((READ_FAULTS, peer.read_faults, ""))
        if issubclass(connector, Writer) and peer.writes:
            found.written.append(peer.stream)
            sides.append((WRITE_FAULTS, peer.write_faults, " (writing)"))
        if issubclass(connector, Lookup) and peer.question[0]:
            found.asked.append(peer.question[0])
            asked = {name: fault for name, fault in READ_FAULTS.items() if name in ASK_FAULTS}
            sides.append((asked, peer.read_faults, ""))
        for faults, plays, where in sides:
            for name, fault in faults.items():
                if name in plays:
                    played[f"{name}{where}"] = fault.number
                else:
                    because = peer.cannot.get(name) or _because(connector)
                    why.setdefault(f"{name}{where}", (fault.number, because))
    found.played = sorted(set(played.values()), key=lambda number: int(number[1:]))
    found.absent = [
        {"fault": number, "name": name, "why": because} for name, (number, because) in why.items() if name not in played
    ]
    for streams in (found.read, found.written, found.asked):
        streams[:] = list(dict.fromkeys(streams))
    return found


def _because(connector: type[Connector[Any]]) -> str:
    if "base_url" not in connector.config_model.model_fields:
        return "it is not reached over HTTP; its own tests break what it is reached by"
    return "its other side cannot play it"


def check_connectors(kinds: Sequence[str], path: Path | None, *, as_json: bool) -> int:
    """Run the suite; prints a line per connector and one per broken promise. 0: all hold, 1: some do not."""
    connectors, peers = found(path, kinds)
    unknown = [kind for kind in kinds if kind not in connectors]
    if unknown:
        from flows.wiring import KINDS
        from goldbridge.records.hint import did_you_mean

        hint = did_you_mean(unknown[0], sorted({*connectors, *KINDS}))
        raise typer.BadParameter(f"there is no connector '{unknown[0]}'{hint}", param_hint="KIND")
    verdicts = [_verdict(kind, connectors[kind], peers) for kind in sorted(connectors) if not kinds or kind in kinds]
    if as_json:
        typer.echo(json.dumps([verdict.as_json() for verdict in verdicts], ensure_ascii=False))
    else:
        for verdict in verdicts:
            _tell(verdict)
    return 0 if all(verdict.ok for verdict in verdicts) else 1


def _tell(verdict: Verdict) -> None:
    state = "ok" if verdict.ok else f"{len(verdict.broken)} broken"
    notes = f"; {'; '.join(verdict.notes)}" if verdict.notes else ""
    typer.echo(f"{verdict.kind:<16} {len(verdict.held):>3} promises held, {state}{notes}")
    for name, why in verdict.broken.items():
        typer.echo(f"  {name}: {why}")


def _verdict(kind: str, connector: type[Connector[Any]], peers: Sequence[type[Peer]]) -> Verdict:
    from connectors.testkit import Nonconformance, checks, hold
    from goldbridge.errors import GoldbridgeError
    from goldbridge.log import redact

    verdict = Verdict(kind)
    mine = [peer for peer in peers if peer.kind is connector]
    verdict.scope = scope_of(connector, mine)
    if not mine:
        verdict.broken["is tested against something"] = (
            f"no peer has kind {connector.__name__}; subclass connectors.testkit.Peer and give it by the entry point "
            f"group {PEERS}, or with --path"
        )
    for peer in mine:
        if lacking := peer.lacking():
            verdict.notes.append(f"{peer.__name__} was not run: {lacking}")
            continue
        for name, check in checks(peer):
            try:
                hold(peer, check)
                verdict.held.append(name)
            except (Nonconformance, GoldbridgeError) as error:
                verdict.broken[name] = str(error)
            except (
                Exception
            ) as error:  # a stranger's code may fail in any way; the other promises are still of interest
                verdict.broken[name] = redact(f"{type(error).__name__}: {error}")
        untried = [absent["name"] for absent in scope_of(connector, [peer]).absent]
        if untried:
            verdict.notes.append(f"{peer.__name__} cannot play {', '.join(sorted(untried))}")
    return verdict


def found(path: Path | None, kinds: Sequence[str]) -> tuple[dict[str, type[Connector[Any]]], list[type[Peer]]]:
    """Kind -> connector, and the peers: those of a folder alone when one is given, else all that can be found."""
    if path is not None:
        modules = list(_modules(path))
        return _connectors(modules), _peers(modules)
    from flows.wiring import ENTRY_POINTS, KINDS, find_kind

    connectors = {kind: find_kind(kind, Mark("connectors")) for kind in KINDS if not kinds or kind in kinds}
    strangers = [point for point in entry_points(group=ENTRY_POINTS) if not kinds or point.name in kinds]
    connectors |= {point.name: point.load() for point in strangers if point.name not in connectors}
    peers = [point.load() for point in entry_points(group=PEERS)]
    try:
        ours = importlib.import_module(OURS)
    except ImportError:
        return connectors, peers
    return connectors, [*ours.peers(), *peers]


def _modules(path: Path) -> Iterator[ModuleType]:
    """The modules of a package's folder, or one module's file, imported under their own names."""
    path = path.resolve()
    if not path.exists():
        raise typer.BadParameter(f"{path} does not exist", param_hint="--path")
    sys.path.insert(0, str(path.parent))
    name = path.stem if path.is_file() else path.name
    package = importlib.import_module(name)
    yield package
    for found in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
        yield importlib.import_module(found.name)


def _connectors(modules: Sequence[ModuleType]) -> dict[str, type[Connector[Any]]]:
    from connectors.base import Connector

    return {each.kind: each for each in _classes(modules, Connector) if getattr(each, "kind", "")}


def _peers(modules: Sequence[ModuleType]) -> list[type[Peer]]:
    from connectors.testkit import Peer

    return [each for each in _classes(modules, Peer) if getattr(each, "kind", None) is not None]


def _classes(modules: Sequence[ModuleType], base: type) -> list[Any]:
    names = {module.__name__ for module in modules}
    found = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ in names
    }
    return sorted(found, key=lambda each: (each.__module__, each.__name__))
