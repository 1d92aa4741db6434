"""The ways by which a wave's records get to one side: the flows that write there, and those that lead to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.base import Reader
from flows.condition import Condition
from flows.config import Flow, IngestFlow, MasterFlow, PublishFlow, SyncFlow, TwoWayFlow, order
from flows.cutover.config import Cutover, Wave
from flows.delivering import Target
from flows.hub import Hub
from goldbridge.records.field import Entity


@dataclass(frozen=True, slots=True)
class Lane:
    """One entity on its way to one object; `source` limits it to the golden records of one stream."""

    entity: Entity
    target: Target
    reader: Reader[Any]
    condition: Condition | None = None
    source: str = ""


def lanes(hub: Hub, plan: Cutover, wave: Wave, system: str) -> list[Lane]:
    """Every lane of a wave to a system, connected."""
    return [
        lane
        for entity in wave.entities
        for flow in plan.writers(entity, system)
        for lane in _lanes(hub, flow, hub.project.model.entities[entity], system)
    ]


def _lanes(hub: Hub, flow: PublishFlow | SyncFlow | TwoWayFlow, entity: Entity, system: str) -> list[Lane]:
    match flow:
        case PublishFlow():
            mark = hub.mark(flow, "to")
            condition = hub.condition(flow, entity.name, flow.when)
            return [
                Lane(
                    entity, hub.target(flow.to, flow.mapping, mark), hub.connections.reader(flow.to, mark)[0], condition
                )
            ]
        case SyncFlow():
            mark, to = hub.mark(flow, "sync", "to"), flow.sync.to
            target = hub.target(to, hub.out_mapping(flow), mark)
            return [Lane(entity, target, hub.connections.reader(to, mark)[0], None, flow.sync.from_)]
        case TwoWayFlow():
            from flows.two_way_side import sides_of

            condition = hub.condition(flow, entity.name, flow.when)
            return [
                Lane(entity, side.target, side.reader, condition)
                for side in sides_of(hub, flow)
                if side.target is not None and side.target.system == system
            ]
    raise AssertionError(flow.kind)


def carriers(hub: Hub, plan: Cutover, wave: Wave, source: str, target: str) -> list[str]:
    """The flows that bring a wave's records from one system to the other, in their order."""
    names = {flow.name for entity in wave.entities for flow in plan.writers(entity, target)}
    names |= set(readers(hub, wave, source))
    for flow in hub.flows.values():
        if isinstance(flow, MasterFlow) and set(flow.master) & set(wave.entities):
            names.add(flow.name)
    return [flow.name for flow in order(hub.flows.values()) if flow.name in names and flow.enabled]


def readers(hub: Hub, wave: Wave, system: str) -> list[str]:
    """The flows that read a wave's records from a system."""
    return [
        flow.name
        for flow in order(hub.flows.values())
        if flow.enabled
        and any(
            place.split(".", 1)[0] == system and _entity(hub, flow, mapping) in wave.entities
            for place, mapping in _read_by(flow)
        )
    ]


def _read_by(flow: Flow) -> list[tuple[str, str]]:
    """(stream, mapping) of what a flow reads."""
    match flow:
        case IngestFlow():
            return [(flow.ingest, flow.mapping_name)]
        case SyncFlow():
            return [(flow.sync.from_, flow.mapping)]
        case TwoWayFlow():
            return [(place, flow.incoming(place)) for place in flow.sync.between]
    return []


def _entity(hub: Hub, flow: Flow, mapping: str) -> Any:
    if isinstance(flow, TwoWayFlow):
        return flow.entity
    found: Any = hub.project.mappings.get(mapping)
    return found.data.get("target") if found is not None else None
