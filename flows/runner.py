"""Runs flows: one by name, or all of them in order. The CLI, the scheduler and Prefect all come through here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.base import Window
from flows.config import (
    EnrichFlow,
    Flow,
    IngestFlow,
    MasterFlow,
    PublishFlow,
    QualityFlow,
    ReconcileFlow,
    SyncFlow,
    TwoWayFlow,
    order,
)
from flows.enrich import enrich
from flows.filing import Filing
from flows.hub import Hub
from flows.ingest import ingest
from flows.master import master
from flows.publish import publish
from flows.quality import quality, rules_of
from flows.reconcile import Feed, feed_of, reconcile
from flows.running import Running, running
from flows.sync import mirror_changes, sync
from flows.two_way import two_way
from flows.two_way_side import sides_of
from goldbridge.ports import Progress
from goldbridge.state.run import Counters, RunKind
from goldbridge.state.vault import derive
from mdm.core import Core


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished run reports."""

    flow: str
    kind: str
    run: int
    counters: Counters
    completeness: str
    message: str
    detail: dict[str, Any]

    @property
    def needs_person(self) -> bool:
        """Dead letters, an unclean reconciliation, or a source whose data is worse than wanted: exit status 1."""
        reports = [*self.detail.get("reports", []), *self.detail.get("quality", [])]
        return self.counters.dead > 0 or any(not report["ok"] for report in reports)

    def as_json(self) -> dict[str, Any]:
        fates = {name: getattr(self.counters, name) for name in ("read", *FATES)}
        return {
            "flow": self.flow, "kind": self.kind, "run": self.run, **fates, **self.counters.other,
            "completeness": self.completeness, "message": self.message, "detail": self.detail,
        }  # fmt: skip


FATES = ("applied", "unchanged", "filtered", "dead", "pending")


@dataclass(frozen=True, slots=True)
class Options:
    """How a run differs from an ordinary one."""

    full: bool = False
    allow_deletes: bool = False
    window: Window | None = None
    partition: str = ""


def run_flow(hub: Hub, name: str, progress: Progress | None = None, options: Options | None = None) -> Result:
    """Run one flow to its end.

    Raises `AlreadyRunning` when it runs elsewhere, `Misconfigured`, `Retry` or `Halt` when it cannot go on; what was
    committed stays, and the next run resumes there.
    """
    flow = hub.flow(name)
    chosen = options or Options()
    kind: RunKind = "backfill" if chosen.window else "full_compare" if chosen.full else "live"
    step = _prepare(hub, flow, chosen)
    with running(hub.store, name, kind, hub.fingerprint(flow), progress) as run:
        run.filing = Filing(hub.project.model)
        run.enlist = hub.enlist
        run.erasing = derive(hub.key, "erase")
        step(run)
    return Result(name, flow.kind, run.id, run.counters, run.completeness, run.message, run.detail)


def ordered(hub: Hub) -> list[str]:
    """The enabled flows, predecessors first."""
    return [flow.name for flow in order(hub.flows.values()) if flow.enabled]


def _prepare(hub: Hub, flow: Flow, options: Options) -> Callable[[Running], None]:
    """Everything that configuration can get wrong is found before the run is opened."""
    match flow:
        case IngestFlow():
            reader, stream = hub.connections.reader(flow.ingest, hub.mark(flow, "ingest"))
            mapping = hub.mapping(flow.mapping_name, reader.fields(stream))
            zone = hub.project.zone_of(reader.context.system)
            return lambda run: ingest(
                run, reader, stream, mapping, zone=zone, full=options.full, window=options.window,
                partition=options.partition, allow_deletes=options.allow_deletes,
            )  # fmt: skip
        case MasterFlow():
            return lambda run: master(run, hub.project, hub.survivorship, flow.master)
        case EnrichFlow():
            return _prepare_enrich(hub, flow)
        case PublishFlow():
            target = hub.target(flow.to, flow.mapping, hub.mark(flow, "to"))
            entity = hub.project.model.entities[flow.publish]
            condition = hub.condition(flow, flow.publish, flow.when)
            return lambda run: publish(run, target, entity, condition)
        case SyncFlow():
            return _prepare_sync(hub, flow, options)
        case TwoWayFlow():
            return _prepare_two_way(hub, flow, options)
        case ReconcileFlow():
            return _prepare_reconcile(hub, flow)
        case QualityFlow():
            rules = rules_of(hub.project)
            return lambda run: quality(run, rules, flow.quality)
    raise AssertionError(flow.kind)


def _prepare_enrich(hub: Hub, flow: EnrichFlow) -> Callable[[Running], None]:
    entity = hub.project.model.entities[flow.enrich]
    lookups = [
        (*hub.connections.lookup(name, hub.mark(flow, "with", index)), hub.mapping(name))
        for index, name in enumerate(flow.with_)
    ]

    def step(run: Running) -> None:
        for lookup, asked, mapping in lookups:
            enrich(run, lookup, asked, mapping, entity, flow.max_age)

    return step


def _prepare_sync(hub: Hub, flow: SyncFlow, options: Options) -> Callable[[Running], None]:
    reader, stream = hub.connections.reader(flow.sync.from_, hub.mark(flow, "sync", "from"))
    mapping = hub.mapping(flow.mapping, reader.fields(stream))
    target = hub.target(flow.sync.to, hub.out_mapping(flow), hub.mark(flow, "sync", "to"))
    entity = hub.project.model.entities[mapping.target]
    core = Core(entity, hub.survivorship[entity.name])
    zone = hub.project.zone_of(reader.context.system)
    return lambda run: sync(
        run, reader, stream, mapping, target, core, zone=zone, window=options.window, partition=options.partition
    )


def _prepare_two_way(hub: Hub, flow: TwoWayFlow, options: Options) -> Callable[[Running], None]:
    sides = sides_of(hub, flow)
    entity = hub.project.model.entities[flow.entity]
    condition = hub.condition(flow, flow.entity, flow.when)

    def renew(run: Running) -> None:
        if entity.mastered:
            master(run, hub.project, hub.survivorship, [entity.name])
            return
        for side in sides:
            mirror_changes(run, entity, Core(entity, hub.survivorship[entity.name]), side.place)

    return lambda run: two_way(
        run, sides, entity, renew, condition, full=options.full, allow_deletes=options.allow_deletes
    )


def _prepare_reconcile(hub: Hub, flow: ReconcileFlow) -> Callable[[Running], None]:
    feeds: dict[str, list[Feed]] = {}
    for index, name in enumerate(flow.reconcile):
        feed = feed_of(hub, hub.flow(name), hub.mark(flow, "reconcile", index))
        feeds.setdefault(f"{feed.target.system}.{feed.target.stream.name}", []).append(feed)

    def step(run: Running) -> None:
        reports = [
            reconcile(run, group, flow.sums.get(object, []), flow.groups.get(object, []))
            for object, group in feeds.items()
        ]
        run.detail["reports"] = [report.as_json() for report in reports]
        run.count(differences=sum(report.differences for report in reports))

    return step
