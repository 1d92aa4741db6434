"""Compiles flows.yaml: which flow runs when, between which systems. A flow is of the kind whose key it carries."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from goldbridge.errors import Problems
from goldbridge.ports import Document
from goldbridge.settings.project import Project
from goldbridge.settings.validate import validate

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)\s*")


def parse_duration(value: Any) -> timedelta:
    """`5 min`, `90 d`, `30 s`, `2 h` as a timedelta; raises ValueError otherwise."""
    found = _DURATION.fullmatch(str(value))
    if not found:
        raise ValueError(f"'{value}' is not a duration; write a number and s, min, h or d, e.g. 5 min")
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def _split_stream(value: Any) -> Any:
    if isinstance(value, str) and value.count(".") >= 1 and not value.startswith(".") and not value.endswith("."):
        return value
    raise ValueError(f"'{value}' is not a stream; write system.stream, e.g. legacy_crm.account")


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$", "examples": ["5 min", "1 h", "90 d"]}),
]
StreamName = Annotated[
    str, BeforeValidator(_split_stream), WithJsonSchema({"type": "string", "pattern": r"^[^.].*\..*[^.]$"})
]
CronText = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\s*[\w*,/-]+(\s+[\w*,/-]+){4}\s*$",
            "examples": ["0 3 * * *", "*/10 8-18 * * mon-fri"],
        }
    ),
]


class Flow(BaseModel):
    """What every flow has, whatever it does."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    kind: ClassVar[str]
    name: str = ""
    every: Duration | None = Field(None, description="run again after this long, e.g. 5 min")
    cron: CronText | None = Field(None, description="run at these times (five fields), instead of `every`")
    after: list[str] = Field(default_factory=list, description="flows that run before this one when all are run")
    enabled: bool = Field(True, description="false: neither scheduled nor part of a run of all flows")


class IngestFlow(Flow):
    """Reads a stream into the landing store and maps it."""

    kind: ClassVar[str] = "ingest"
    ingest: StreamName = Field(description="system.stream to read")
    mapping: str | None = Field(None, description="mapping to apply; the stream's own name when left out")
    full_compare: CronText | None = Field(None, description="cron of the full compare that also finds deletes")

    @property
    def mapping_name(self) -> str:
        return self.mapping or self.ingest


class MasterFlow(Flow):
    """Matches records and keeps their golden records."""

    kind: ClassVar[str] = "master"
    master: list[str] = Field(description="mastered entities, parents first", min_length=1)


class EnrichFlow(Flow):
    """Asks maps and registries about golden records."""

    kind: ClassVar[str] = "enrich"
    enrich: str = Field(description="entity whose golden records are completed")
    with_: list[StreamName] = Field(alias="with", description="look-ups, as system.question", min_length=1)
    max_age: Duration = Field(timedelta(days=90), description="ask again when an answer is older than this")


class PublishFlow(Flow):
    """Writes golden records of one entity to one object of a target system."""

    kind: ClassVar[str] = "publish"
    publish: str = Field(description="entity to publish")
    to: StreamName = Field(description="system.Object to write to")
    mapping: str = Field(description="outgoing mapping")
    when: str | None = Field(None, description="condition (CEL) over golden values, e.g. has_role('customer')")


class SyncEnds(BaseModel):
    """From where to where a point-to-point flow carries records."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    from_: StreamName = Field(alias="from", description="system.stream to read")
    to: StreamName = Field(description="system.Object to write to")


class SyncFlow(Flow):
    """Carries one stream to one object; references to mastered records are resolved through the crosswalk."""

    kind: ClassVar[str] = "sync"
    sync: SyncEnds
    mapping: str = Field(description="incoming mapping, source stream to entity")
    out: str | None = Field(None, description="outgoing mapping; the only one to `to` when left out")
    references: dict[str, str] = Field(default_factory=dict, description="reference field -> mastered entity")


class Between(BaseModel):
    """The streams that a two-way flow keeps equal."""

    model_config = ConfigDict(extra="forbid")
    between: list[StreamName] = Field(description="streams to read and write, as system.stream", min_length=2)


class TwoWayFlow(Flow):
    """Keeps the records of several systems equal while people edit all of them, field by field."""

    kind: ClassVar[str] = "sync"
    sync: Between
    entity: str = Field(description="what their records are")
    own: dict[str, list[str] | Literal["*"]] = Field(
        default_factory=dict, description='system -> fields whose owner it is; "*": all that no other owns'
    )
    conflict: Literal["owner", "merge", "steward"] = Field(
        "steward",
        description="owner: only the owner's word counts; merge: whoever edits a field counts, and the owner where "
        "both did; steward: the same, and a person is asked where both did",
    )
    mapping: dict[str, str] = Field(
        default_factory=dict, description="stream -> incoming mapping; the stream's own name when left out"
    )
    out: dict[str, str] = Field(
        default_factory=dict,
        description="stream -> outgoing mapping; the only one to it, else the incoming one read backwards",
    )
    when: str | None = Field(None, description="condition (CEL) over golden values; others are not written")

    def incoming(self, place: str) -> str:
        """The mapping that reads one of the streams."""
        return self.mapping.get(place, place)


class ReconcileFlow(Flow):
    """Reads the target back and compares counts, sums and fields with what was published."""

    kind: ClassVar[str] = "reconcile"
    reconcile: list[str] = Field(description="publish or sync flows to reconcile", min_length=1)
    sums: dict[str, list[str]] = Field(
        default_factory=dict, description="target object -> fields whose sums must agree"
    )
    groups: dict[str, list[str]] = Field(
        default_factory=dict,
        description="target object -> fields that set rows and sums apart: organisation, region, currency",
    )


class QualityFlow(Flow):
    """Measures the data of every source by the rules of config/quality.yaml, to see how it changes."""

    kind: ClassVar[str] = "quality"
    quality: list[str] = Field(description="entities to measure", min_length=1)


KINDS: dict[str, type[Flow]] = {
    cls.kind: cls for cls in (IngestFlow, MasterFlow, EnrichFlow, PublishFlow, SyncFlow, ReconcileFlow, QualityFlow)
}


def compile_flows(project: Project) -> dict[str, Flow]:
    """Every flow of flows.yaml, in file order.

    Raises `Misconfigured` with all problems: unknown kinds, systems, mappings, entities and predecessors, and cycles.
    """
    document = project.flows
    data = document.data.get("flows") if isinstance(document.data, dict) else None
    problems = Problems()
    if not isinstance(data, dict):
        problems.note(document.mark(), "FLW001", "flows.yaml needs a mapping `flows:` of flow names")
        problems.raise_any()
        return {}
    for key in document.data:
        if key != "flows":
            problems.note(document.key_mark(key), "CFG010", f"unknown key '{key}'{hint(key, ['flows'])}")
    flows: dict[str, Flow] = {}
    for name, entry in data.items():
        kind = _kind(entry)
        if kind is None:
            problems.note(
                document.key_mark("flows", name),
                "FLW001",
                f"flow '{name}' is of no kind; it needs one of {', '.join(KINDS)}",
            )
            continue
        try:
            flows[name] = validate(_model(kind, entry), document, ("flows", name)).model_copy(update={"name": name})
        except Exception as error:
            if not hasattr(error, "problems"):
                raise
            problems.extend(error.problems)
    for flow in flows.values():
        _check(flow, flows, data, project, document, problems)
    _check_cycles(flows, document, problems)
    _check_two_way(project, flows, problems)
    problems.raise_any()
    return flows


def _check_two_way(project: Project, flows: dict[str, Flow], problems: Problems) -> None:
    from flows.two_way_plan import check  # it works out what the flows of this module mean

    check(project, flows, problems)


def _model(kind: str, entry: Any) -> type[Flow]:
    ends = entry[kind]
    return TwoWayFlow if kind == "sync" and isinstance(ends, dict) and "between" in ends else KINDS[kind]


def _kind(entry: Any) -> str | None:
    found = [kind for kind in KINDS if isinstance(entry, dict) and kind in entry]
    return found[0] if len(found) == 1 else None


def _check(
    flow: Flow,
    flows: dict[str, Flow],
    written: Collection[str],
    project: Project,
    document: Document,
    problems: Problems,
) -> None:
    """References of one flow; `written` are all names in the file, also of flows with problems of their own."""

    def system(stream: str, *path: str | int) -> bool:
        name = _system(stream)
        if name in project.sources:
            return True
        problems.note(
            document.mark("flows", flow.name, *path),
            "FLW002",
            f"there is no source system '{name}'{hint(name, project.sources)}",
        )
        return False

    def mapping(name: str, *path: str | int) -> None:
        if name not in project.mappings:
            problems.note(
                document.mark("flows", flow.name, *path),
                "FLW004",
                f"there is no mapping '{name}'{hint(name, project.mappings)}",
            )

    def entity(name: str, *path: str | int) -> None:
        if name not in project.model.entities:
            problems.note(
                document.mark("flows", flow.name, *path),
                "FLW006",
                f"the model has no entity '{name}'{hint(name, project.model.entities)}",
            )

    match flow:
        case IngestFlow():
            # A mapping that is called after an unknown system says nothing new.
            if system(flow.ingest, "ingest") or flow.mapping:
                mapping(flow.mapping_name, "mapping" if flow.mapping else "ingest")
        case MasterFlow():
            for index, name in enumerate(flow.master):
                entity(name, "master", index)
        case QualityFlow():
            for index, name in enumerate(flow.quality):
                entity(name, "quality", index)
                if name in project.model.entities and name not in project.quality.data:
                    message = f"config/quality.yaml has no rules for '{name}'{hint(name, project.quality.data)}"
                    problems.note(document.mark("flows", flow.name, "quality", index), "FLW015", message)
        case EnrichFlow():
            entity(flow.enrich, "enrich")
            for index, name in enumerate(flow.with_):
                if system(name, "with", index):
                    mapping(name, "with", index)
        case PublishFlow():
            entity(flow.publish, "publish")
            mapping(flow.mapping, "mapping")
            if system(flow.to, "to"):
                _check_outgoing(flow, project, document, problems)
        case SyncFlow():
            system(flow.sync.from_, "sync", "from")
            mapping(flow.mapping, "mapping")
            if flow.out:
                mapping(flow.out, "out")
            if system(flow.sync.to, "sync", "to"):
                _check_outgoing(flow, project, document, problems)
            for field, name in flow.references.items():
                entity(name, "references", field)
        case ReconcileFlow():
            for index, name in enumerate(flow.reconcile):
                found = flows.get(name)
                if (found is None and name not in written) or not isinstance(found, PublishFlow | SyncFlow | None):
                    writers = [other.name for other in flows.values() if isinstance(other, PublishFlow | SyncFlow)]
                    problems.note(
                        document.mark("flows", flow.name, "reconcile", index),
                        "FLW005",
                        f"'{name}' is not a publish or sync flow{hint(name, writers)}",
                    )
            _check_figures(flow, flows, project, document, problems)
    if flow.every and flow.cron:
        problems.note(document.key_mark("flows", flow.name, "cron"), "FLW007", "give `every` or `cron`, not both")
    for index, name in enumerate(flow.after):
        if name not in written:
            problems.note(
                document.mark("flows", flow.name, "after", index),
                "FLW005",
                f"there is no flow '{name}'{hint(name, written)}",
            )


def outgoing(project: Project, flow: PublishFlow | SyncFlow) -> list[str]:
    """The mappings that may write for a flow: the one it names, or every one from its entity to its object."""
    if isinstance(flow, PublishFlow):
        return [flow.mapping]
    if flow.out:
        return [flow.out]
    entity = _target(project, flow.mapping)
    return [
        name
        for name, document in sorted(project.mappings.items())
        if document.data.get("target") == flow.sync.to and document.data.get("source") == entity
    ]


def _object(flow: Flow | None) -> str:
    """The object that a flow writes to, as system.Object."""
    return flow.to if isinstance(flow, PublishFlow) else flow.sync.to if isinstance(flow, SyncFlow) else ""


def _system(stream: str) -> str:
    return stream.split(".", 1)[0]


def _target(project: Project, mapping: str) -> object:
    """What a mapping makes: an entity, or the object of a target system."""
    found = project.mappings.get(mapping)
    return found.data.get("target") if found else None


def _check_outgoing(flow: PublishFlow | SyncFlow, project: Project, document: Document, problems: Problems) -> None:
    """One mapping leads out, and it makes the object that the flow writes to."""
    to = _object(flow)
    entity = None if isinstance(flow, PublishFlow) else _target(project, flow.mapping)
    found = outgoing(project, flow)
    if len(found) != 1 and entity is not None:
        what = f"{len(found)} mappings lead" if found else "no mapping leads"
        message = f"{what} from {entity} to {to}; name one with `out:`"
        problems.note(document.mark("flows", flow.name, "sync"), "FLW013", message)
    for name in found:
        made = _target(project, name)
        if made not in (None, to):
            mark = document.mark("flows", flow.name, "mapping" if isinstance(flow, PublishFlow) else "out")
            problems.note(mark, "FLW012", f"mapping '{name}' makes {made}, not {to}")


def _check_figures(
    flow: ReconcileFlow, flows: dict[str, Flow], project: Project, document: Document, problems: Problems
) -> None:
    """Sums and groups of what no flow writes would be the same on both sides, and prove nothing."""
    written: dict[str, set[str]] = {}
    for name in flow.reconcile:
        feed = flows.get(name)
        found = outgoing(project, feed) if isinstance(feed, PublishFlow | SyncFlow) else []
        if len(found) != 1 or _target(project, found[0]) != (to := _object(feed)) or _system(to) not in project.sources:
            return  # told already, and what it would have written is not known
        written.setdefault(to, set()).update(project.mappings[found[0]].data.get("fields") or {})
    for section, asked in (("sums", flow.sums), ("groups", flow.groups)):
        for object, names in asked.items():
            if object not in written:
                message = f"no flow under `reconcile` writes {object}{hint(object, written)}"
                problems.note(document.key_mark("flows", flow.name, section, object), "FLW014", message)
                continue
            for index, name in enumerate(names):
                if name not in written[object]:
                    doing = "to sum" if section == "sums" else "to group by"
                    message = (
                        f"no mapping to {object} writes '{name}', so there is nothing {doing}"
                        f"{hint(name, written[object])}"
                    )
                    problems.note(document.mark("flows", flow.name, section, object, index), "FLW014", message)


def _check_cycles(flows: dict[str, Flow], document: Document, problems: Problems) -> None:
    stuck = set(flows) - {flow.name for flow in order(flows.values())}
    while ends := {name for name in stuck if not any(name in flows[other].after for other in stuck)}:
        stuck -= ends  # waits for the circle and is not in it
    if stuck:
        names = sorted(stuck)
        message = f"`after` goes in a circle: {', '.join(names)}"
        problems.note(document.key_mark("flows", names[0], "after"), "FLW008", message)


def order(flows: Iterable[Flow]) -> list[Flow]:
    """Predecessors first, otherwise in file order; flows on a circle are left out."""
    waiting = list(flows)
    names = {flow.name for flow in waiting}
    done: list[Flow] = []
    while True:
        ready = [flow for flow in waiting if not (set(flow.after) & names) - {flow.name for flow in done}]
        if not ready:
            return done
        done.append(ready[0])
        waiting.remove(ready[0])


def hint(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or the list of what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(names) or 'none'}"
