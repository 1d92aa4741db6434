"""The schemas of settings.yaml, sources.yaml, flows.yaml and of the environments laid over all files."""

from __future__ import annotations

import inspect
from importlib.metadata import entry_points
from typing import Any

from flows.config import KINDS as FLOWS
from flows.config import Flow, TwoWayFlow
from flows.wiring import ENTRY_POINTS, find_kind
from flows.wiring import KINDS as CONNECTORS
from goldbridge.errors import Mark
from goldbridge.schema import rule
from goldbridge.schema.cutover import cutover
from goldbridge.schema.qualification import qualification
from goldbridge.schema.quality import quality
from goldbridge.schema.shape import Schema, chosen, closed, partial
from goldbridge.schema.typed import definitions
from goldbridge.settings.project import FILES, SOURCE_NAME
from goldbridge.settings.setting import Settings


def settings() -> Schema:
    """config/settings.yaml."""
    (place,), found = definitions([Settings], secrets=True)
    return {**place, "$defs": found}


def sources() -> Schema:
    """config/sources.yaml: an entry is what the model of its connector says."""
    places, found = _connectors()
    system = {
        "type": "object",
        "required": ["connector"],
        "properties": {"connector": _kind()},
        "allOf": [
            {"if": {"properties": {"connector": {"const": kind}}, "required": ["connector"]}, "then": place}
            for kind, place in places.items()
        ],
    }
    systems = _systems(system)
    return closed({"sources": systems}, required=["sources"], **{"$defs": found})


def flows() -> Schema:
    """flows.yaml: a flow is of the kind whose key it carries."""
    places, found = _flows()
    flow = {
        "type": "object",
        "properties": {kind: {"description": _about(model)} for kind, model in FLOWS.items()},
        "oneOf": [{"required": [kind]} for kind in FLOWS],
        "allOf": [{"if": {"required": [kind]}, "then": place} for kind, place in places.items()],
    }
    described = {"description": "the flows by name", "type": "object", "additionalProperties": flow}
    return closed({"flows": described}, required=["flows"], **{"$defs": found})


def environment() -> Schema:
    """config/env/NAME.yaml: the files by their short names, each with what differs."""
    connectors, found = _connectors()
    kinds, more = _flows()
    (own,), settled = definitions([Settings], secrets=True)
    whole: dict[str, Schema] = {"settings": own, "sources": _over_sources(connectors), "flows": _over_flows(kinds)}
    ruled = (
        ("model", rule.model), ("matching", rule.matching), ("survivorship", rule.survivorship), ("quality", quality),
        ("qualification", qualification), ("cutover", cutover),
    )  # fmt: skip
    for name, make in ruled:
        made = make()
        more |= made.pop("$defs", {})
        whole[name] = made
    properties = {name: _or_nothing(whole.get(name, {"type": "object"}), known.path) for name, known in FILES.items()}
    return partial(closed(properties, **{"$defs": {**more, **found, **settled}})) | {"type": ["object", "null"]}


def _or_nothing(schema: Schema, path: str) -> Schema:
    return {"description": f"what differs in {path}", "anyOf": [schema, {"type": "null"}]}


def _over_sources(places: dict[str, Schema]) -> Schema:
    """An entry that does not repeat its connector may change whatever some connector has."""
    by_kind = [
        {"if": {"properties": {"connector": {"const": kind}}, "required": ["connector"]}, "then": place}
        for kind, place in places.items()
    ]
    system = {
        "type": "object",
        "properties": {"connector": _kind()},
        "if": {"required": ["connector"]},
        "then": {"allOf": by_kind},
        "else": {"anyOf": list(places.values())},
    }
    return _unwrapped("sources", _systems(system))


def _over_flows(places: dict[str, Schema]) -> Schema:
    flow = {"type": "object", "anyOf": list(places.values())}
    return _unwrapped("flows", {"type": "object", "additionalProperties": flow})


def _unwrapped(key: str, entries: Schema) -> Schema:
    """The key that holds everything in the file may be repeated in an overlay or not."""
    return {"if": {"required": [key], "maxProperties": 1}, "then": closed({key: entries}), "else": entries}


def _systems(system: Schema) -> Schema:
    return {
        "description": "the systems by name; small letters, digits and _",
        "type": "object",
        "propertyNames": {"pattern": f"^(?!tables$)({SOURCE_NAME.pattern})$"},
        "additionalProperties": system,
    }


def _kind() -> Schema:
    words = {kind: _about(find_kind(kind, Mark("")).config_model) for kind in CONNECTORS}
    return {"description": "the kind of connector", **chosen(words | dict.fromkeys(_foreign(), "installed beside"))}


def _foreign() -> list[str]:
    """Connectors that other packages bring."""
    return sorted({point.name for point in entry_points(group=ENTRY_POINTS)} - set(CONNECTORS))


def _connectors() -> tuple[dict[str, Schema], Schema]:
    models: dict[str, Any] = {kind: find_kind(kind, Mark("")).config_model for kind in CONNECTORS}
    for kind in _foreign():
        try:
            models[kind] = find_kind(kind, Mark("")).config_model
        except Exception:  # noqa: S112 - another package's code; `goldbridge check` says what is wrong with it
            continue
    places, found = definitions(list(models.values()), secrets=True)
    return dict(zip(models, places, strict=True)), found


def _flows() -> tuple[dict[str, Schema], Schema]:
    models: list[type[Flow]] = [*FLOWS.values(), TwoWayFlow]
    (*places, two_way), found = definitions(models, secrets=False)
    for model in models:
        del found[model.__name__]["properties"]["name"]  # the key above it
    made = dict(zip(FLOWS, places, strict=True))
    between = {"properties": {"sync": {"required": ["between"]}}, "required": ["sync"]}
    made["sync"] = {"if": between, "then": two_way, "else": made["sync"]}
    return made, found


def _about(model: Any) -> str:
    """The first paragraph of a model's own docstring."""
    text = inspect.cleandoc(model.__dict__.get("__doc__") or "").split("\n\n")[0]
    return " ".join(text.split())
