"""`goldbridge check connectors`: runs the conformance suite on the connectors that can be found, whoever wrote them."""

from __future__ import annotations

import importlib
import json
import pkgutil
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

OURS = "tests.conformance.peers"
"""Where the peers of the house are, in a checkout; an installed package has none of them."""


@dataclass
class Verdict:
    """What the suite said about one connector."""

    kind: str
    passed: int = 0
    broken: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.broken


def check_connectors(kinds: Sequence[str], path: Path | None, *, as_json: bool) -> int:
    """Run the suite; prints a line per connector and one per broken promise. 0: all hold, 1: some do not."""
    connectors, peers = _found(path, kinds)
    unknown = [kind for kind in kinds if kind not in connectors]
    if unknown:
        from flows.wiring import KINDS
        from goldbridge.records.hint import did_you_mean

        hint = did_you_mean(unknown[0], sorted({*connectors, *KINDS}))
        raise typer.BadParameter(f"there is no connector '{unknown[0]}'{hint}", param_hint="KIND")
    verdicts = [_verdict(kind, connectors[kind], peers) for kind in sorted(connectors) if not kinds or kind in kinds]
    if as_json:
        typer.echo(json.dumps([{"kind": v.kind, "ok": v.ok, "passed": v.passed, "broken": v.broken, "notes": v.notes}
                               for v in verdicts], ensure_ascii=False))  # fmt: skip
    else:
        for verdict in verdicts:
            _tell(verdict)
    return 0 if all(verdict.ok for verdict in verdicts) else 1


def _tell(verdict: Verdict) -> None:
    state = "ok" if verdict.ok else f"{len(verdict.broken)} broken"
    notes = f"; {'; '.join(verdict.notes)}" if verdict.notes else ""
    typer.echo(f"{verdict.kind:<16} {verdict.passed:>3} promises held, {state}{notes}")
    for name, why in verdict.broken.items():
        typer.echo(f"  {name}: {why}")


def _verdict(kind: str, connector: type[Connector[Any]], peers: Sequence[type[Peer]]) -> Verdict:
    from connectors.testkit import Nonconformance, checks, hold
    from goldbridge.errors import GoldbridgeError
    from goldbridge.log import redact

    verdict = Verdict(kind)
    mine = [peer for peer in peers if peer.kind is connector]
    if not mine:
        verdict.broken["is tested against something"] = (
            f"no peer has kind {connector.__name__}; subclass connectors.testkit.Peer and give it by the entry point "
            f"group {PEERS}, or with --path"
        )
    for peer in mine:
        for name, check in checks(peer):
            try:
                hold(peer, check)
                verdict.passed += 1
            except (Nonconformance, GoldbridgeError) as error:
                verdict.broken[name] = str(error)
            except (
                Exception
            ) as error:  # a stranger's code may fail in any way; the other promises are still of interest
                verdict.broken[name] = redact(f"{type(error).__name__}: {error}")
        untried = _untried(peer)
        if untried:
            verdict.notes.append(f"{peer.__name__} cannot play {', '.join(untried)}")
    return verdict


def _untried(peer: type[Peer]) -> list[str]:
    from connectors.base import Reader, Writer
    from connectors.testkit import READ_FAULTS, WRITE_FAULTS

    reading = set(READ_FAULTS) - peer.read_faults if issubclass(peer.kind, Reader) else set()
    writing = set(WRITE_FAULTS) - peer.write_faults if issubclass(peer.kind, Writer) else set()
    return sorted(reading | {f"{name} (writing)" for name in writing})


def _found(path: Path | None, kinds: Sequence[str]) -> tuple[dict[str, type[Connector[Any]]], list[type[Peer]]]:
    """Kind -> connector, and the peers: those of a folder alone when one is given, else all that can be found."""
    if path is not None:
        modules = list(_modules(path))
        return _connectors(modules), _peers(modules)
    from flows.wiring import ENTRY_POINTS, KINDS, find_kind

    connectors = {kind: find_kind(kind, Mark("connectors")) for kind in KINDS if not kinds or kind in kinds}
    connectors |= {point.name: point.load() for point in entry_points(group=ENTRY_POINTS)}
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
