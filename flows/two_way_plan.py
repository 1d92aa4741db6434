"""What a two-way flow may carry where: per side the mapping in and out, per field its owner and who is believed.

Everything is worked out from the mappings and the flow alone, so that `goldbridge check` says of every field that
cannot go both ways why, and at which step of which mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from flows.config import Flow, PublishFlow, SyncFlow, TwoWayFlow, hint, outgoing
from goldbridge.errors import Problem, Problems
from goldbridge.mapping.reverse import Refused, in_part, reverse
from goldbridge.ports import Document
from goldbridge.settings.project import Project


@dataclass(frozen=True, slots=True)
class End:
    """One side: its stream, the mapping that reads it and the one that writes it, and which fields go which way.

    `believed`: what this side says of the field counts. `written`: the field can be written there.
    """

    place: str
    incoming: str
    out: Document | None
    believed: frozenset[str]
    written: frozenset[str]
    refused: Mapping[str, Refused] = field(default_factory=dict)

    @property
    def system(self) -> str:
        return self.place.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Plan:
    """`owner`: field -> place of its owner. `strict` fields follow their owner alone; `carried` are all that go."""

    flow: TwoWayFlow
    ends: tuple[End, ...]
    owner: Mapping[str, str]
    strict: frozenset[str]
    carried: frozenset[str]


def plan(project: Project, flow: TwoWayFlow) -> Plan:
    """The plan of a flow without problems."""
    ends = tuple(_end(project, flow, place) for place in flow.sync.between)
    carried = _carried(ends)
    owner = _owners(flow, ends, carried)
    halves = {name for name in carried for end in ends if _is_half(end, name, ends)}
    strict = carried if flow.conflict == "owner" else frozenset(halves)
    return Plan(flow, ends, owner, strict, carried)


def _carried(ends: tuple[End, ...]) -> frozenset[str]:
    """Fields that one side says and another one can be told."""
    return frozenset(
        name for end in ends for name in end.believed for other in ends if other is not end and name in other.written
    )


def _is_half(end: End, name: str, ends: tuple[End, ...]) -> bool:
    """Whether the field goes only one way there: it can be told what it is not believed about, or the reverse."""
    told = name in end.written
    return told != (name in end.believed) and any(name in other.believed for other in ends if other is not end)


def _owners(flow: TwoWayFlow, ends: tuple[End, ...], carried: frozenset[str]) -> dict[str, str]:
    named = {name: end.place for end in ends for name in _owned(flow, end) if name != "*"}
    rest = next((end.place for end in ends if "*" in _owned(flow, end)), "")
    return {name: place for name in sorted(carried) if (place := named.get(name, rest))}


def _owned(flow: TwoWayFlow, end: End) -> list[str]:
    said = flow.own.get(end.place, flow.own.get(end.system, []))
    return ["*"] if said == "*" else list(said)


def _end(project: Project, flow: TwoWayFlow, place: str) -> End:
    incoming = flow.incoming(place)
    document = project.mappings[incoming]
    said = {name.partition(".")[0] for name in document.data.get("fields") or {}} - {"role"}
    zone = project.zone_of(place.partition(".")[0])
    many = {name for name, one in project.model.entities[flow.entity].fields.items() if one.many}
    back = reverse(document, place, many, project.tables, zone)
    refused = {one.field.partition(".")[0]: one for one in reversed(back.refused)}
    written = _written(project, flow, place)
    if written is None:
        return End(place, incoming, back.document, frozenset(said), back.fields, refused)
    # Somebody wrote the way out: it says what is written. What it sends in part does not come back whole.
    out = project.mappings[written]
    partly = in_part(out, project.tables)
    told = frozenset(_reads(out)) & project.model.entities[flow.entity].fields.keys()
    believed = frozenset(name for name in said if name not in told or (name in back.fields and name not in partly))
    return End(place, incoming, out, believed, told, {**refused, **partly})


def _reads(out: Document) -> Iterator[str]:
    """The golden fields that an outgoing mapping writes, top level."""
    for rule in (out.data.get("fields") or {}).values():
        for origin in ("from", "first_of", "join"):
            said = rule.get(origin) if isinstance(rule, dict) else None
            for one in said if isinstance(said, list) else [said]:
                name = one.get("from") if isinstance(one, dict) else one
                if isinstance(name, str):
                    yield name.partition(".")[0]


def _written(project: Project, flow: TwoWayFlow, place: str) -> str | None:
    """The outgoing mapping to a side that a person wrote, None when the incoming one is to run backwards."""
    if place in flow.out:
        return flow.out[place]
    found = [
        name
        for name, document in sorted(project.mappings.items())
        if document.data.get("target") == place and document.data.get("source") == flow.entity
    ]
    return found[0] if len(found) == 1 else None


def check(project: Project, flows: Mapping[str, Flow], problems: Problems) -> None:
    """Everything that is wrong with the two-way flows, and with flows that would write over each other."""
    plans = []
    for flow in flows.values():
        if isinstance(flow, TwoWayFlow):
            found = Problems()
            _names(project, flow, found)
            if not found:
                made = plan(project, flow)
                _directions(project, made, found)
                plans.append(made)
            problems.extend(found)
    problems.extend(_rivals(project, flows, plans))
    problems.extend(_rings(project, flows))


def _names(project: Project, flow: TwoWayFlow, problems: Problems) -> None:
    """Systems, mappings, the entity and the fields that the flow names are there."""
    document = project.flows

    def note(path: tuple[str | int, ...], code: str, message: str, *, key: bool = False) -> None:
        at = ("flows", flow.name, *path)
        problems.note(document.key_mark(*at) if key else document.mark(*at), code, message)

    entity = project.model.entities.get(flow.entity)
    if entity is None:
        known = hint(flow.entity, project.model.entities)
        note(("entity",), "FLW006", f"the model has no entity '{flow.entity}'{known}")
    for index, place in enumerate(flow.sync.between):
        system, name = place.partition(".")[0], flow.incoming(place)
        if place in flow.sync.between[:index]:
            note(("sync", "between", index), "FLW024", f"{place} is named twice; a stream is one side")
        if system not in project.sources:
            message = f"there is no source system '{system}'{hint(system, project.sources)}"
            note(("sync", "between", index), "FLW002", message)
        elif name not in project.mappings:
            path = ("mapping", place) if place in flow.mapping else ("sync", "between", index)
            note(path, "FLW004", f"there is no mapping '{name}'{hint(name, project.mappings)}")
        elif entity is not None and (made := project.mappings[name].data.get("target")) != flow.entity:
            note(("sync", "between", index), "FLW012", f"mapping '{name}' makes {made}, not {flow.entity}")
    for key, names in (("mapping", flow.mapping), ("out", flow.out)):
        for place, name in names.items():
            if place not in flow.sync.between:
                message = f"'{place}' is not one of the sides{hint(place, flow.sync.between)}"
                note((key, place), "FLW024", message, key=True)
            elif key == "out":
                _outgoing(project, flow, place, name, problems)
    sides = {name for place in flow.sync.between for name in (place, place.partition(".")[0])}
    owners: dict[str, str] = {}
    for side, owned in flow.own.items():
        if side not in sides:
            note(("own", side), "FLW024", f"'{side}' is not one of the sides{hint(side, sides)}", key=True)
        for at, name in enumerate(["*"] if owned == "*" else owned):
            where: tuple[str | int, ...] = ("own", side) if owned == "*" else ("own", side, at)
            if entity is not None and name != "*" and name not in entity.fields:
                note(where, "FLW024", f"{entity.name} has no field '{name}'{hint(name, entity.fields)}")
            if name in owners:
                what = "everything else" if name == "*" else f"'{name}'"
                note(where, "FLW024", f"{owners[name]} owns {what} already; a field has one owner")
            owners.setdefault(name, side)


def _outgoing(project: Project, flow: TwoWayFlow, place: str, name: str, problems: Problems) -> None:
    mark = project.flows.mark("flows", flow.name, "out", place)
    found = project.mappings.get(name)
    if found is None:
        problems.note(mark, "FLW004", f"there is no mapping '{name}'{hint(name, project.mappings)}")
    elif (made := (found.data.get("source"), found.data.get("target"))) != (flow.entity, place):
        problems.note(
            mark, "FLW012", f"mapping '{name}' makes {made[1]} from {made[0]}, not {place} from {flow.entity}"
        )


def _directions(project: Project, made: Plan, problems: Problems) -> None:
    """Every field that is carried has an owner where one is needed, and the owner can be believed and others told."""
    flow = made.flow
    mark = project.flows.key_mark("flows", flow.name, "own")
    ringed = len(made.ends) > 2
    needs = "a ring of systems" if ringed else f"`conflict: {flow.conflict}`"
    free = sorted(made.carried - made.owner.keys())
    if free and (ringed or flow.conflict != "steward"):
        message = f'{needs} needs an owner of {", ".join(free)}; add `own: {{{made.ends[-1].system}: "*"}}`'
        problems.note(mark, "FLW024", message)
    for name in sorted(made.carried):
        owner = made.owner.get(name, "")
        for end in made.ends:
            if not _is_half(end, name, made.ends):
                continue
            why = end.refused.get(name)
            place = why.mark if why is not None else mark
            reason = why.reason if why is not None else "its outgoing mapping does not write it"
            if name in end.believed and owner != end.place:
                message = (
                    f"'{name}' cannot be written back to {end.place} by flow '{flow.name}': {reason}; let {end.system} "
                    f"own it (`own: {{{end.system}: [{name}]}}`), or write a mapping to {end.place} that says how"
                )
                problems.note(place, "FLW023", message)
            elif name not in end.believed and owner in ("", end.place):
                message = (
                    f"what {end.place} says of '{name}' is not the whole value, so flow '{flow.name}' cannot take it "
                    f"from there: {reason}; let another system own it"
                )
                problems.note(place, "FLW023", message)


def _rivals(project: Project, flows: Mapping[str, Flow], plans: Iterable[Plan]) -> Iterator[Problem]:
    """Two flows that write the same field of an object, or decide about the same field of an entity."""
    writers: dict[tuple[str, str], str] = {}
    deciders: dict[tuple[str, str], str] = {}
    for made in plans:
        name = made.flow.name
        mark = project.flows.key_mark("flows", name)
        written = [
            (writers, (end.place, column), f"write '{column}' of {end.place}")
            for end in made.ends
            for column in ((end.out.data.get("fields") or {}) if end.out else ())
        ]
        decided = [
            (deciders, (made.flow.entity, each), f"own '{each}' of {made.flow.entity}") for each in sorted(made.carried)
        ]
        told: set[str] = set()
        for known, what, does in written + decided:
            other = known.setdefault(what, name)
            if other != name and other not in told:
                told.add(other)
                yield Problem(
                    mark, "FLW025",
                    f"flows '{other}' and '{name}' both {does}; put all systems under one `between`, or take one of "
                    "the two away",
                )  # fmt: skip
    for flow in flows.values():
        if not isinstance(flow, PublishFlow | SyncFlow):
            continue
        object = flow.to if isinstance(flow, PublishFlow) else flow.sync.to
        for name in outgoing(project, flow):
            found = project.mappings.get(name)
            columns = (found.data.get("fields") or {}) if found is not None else {}
            both = next((column for column in columns if (object, column) in writers), None)
            if both is not None:
                yield Problem(
                    project.flows.key_mark("flows", flow.name), "FLW025",
                    f"flows '{writers[object, both]}' and '{flow.name}' both write '{both}' of {object}; "
                    "take one of the two away, or its field out of its mapping",
                )  # fmt: skip
                break


def _rings(project: Project, flows: Mapping[str, Flow]) -> Iterator[Problem]:
    """Point-to-point flows that lead back to where they start: nobody would own what goes round."""
    ways = {flow.name: (flow.sync.from_, flow.sync.to) for flow in flows.values() if isinstance(flow, SyncFlow)}
    told: set[frozenset[str]] = set()
    for name in ways:
        ring = _ring(name, ways)
        if ring and frozenset(ring) not in told:
            told.add(frozenset(ring))
            places = ", ".join(ways[each][0] for each in ring)
            message = (
                f"flows {', '.join(ring)} carry records in a ring, and no system owns what goes round; make them one "
                f"flow: sync: {{between: [{places}]}} with `own`"
            )
            yield Problem(project.flows.mark("flows", ring[0], "sync"), "FLW026", message)


def _ring(start: str, ways: Mapping[str, tuple[str, str]]) -> list[str]:
    """The flows that lead from this one back to its own source, this one first; empty when none do."""
    paths = [[start]]
    seen = {start}
    while paths:
        path = paths.pop(0)
        if ways[path[-1]][1] == ways[start][0]:
            return path
        for other, (source, _) in ways.items():
            if other not in seen and source == ways[path[-1]][1]:
                seen.add(other)
                paths.append([*path, other])
    return []
