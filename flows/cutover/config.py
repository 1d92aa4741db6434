"""Compiles config/cutover.yaml: from where to where, in which waves, through which gates. Every problem at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from flows.condition import Condition
from flows.config import Duration, Flow, PublishFlow, SyncFlow, TwoWayFlow
from flows.cutover.gate import Gate, compile_gate
from flows.cutover.phase import WORDS, Phase
from goldbridge.errors import Misconfigured, Problems
from goldbridge.ports import Json
from goldbridge.records.field import Entity
from goldbridge.records.hint import did_you_mean
from goldbridge.settings.document import Document
from goldbridge.settings.project import Project
from goldbridge.settings.validate import validate

Carrier = PublishFlow | SyncFlow | TwoWayFlow
"""A flow that writes to a system."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class WaveSettings(_Part):
    """Some records of some entities, which change over together."""

    entities: list[str] = Field(description="what moves, in the order of dependency: parents first", min_length=1)
    where: str | None = Field(
        None, description="which records of the first entity (CEL over golden values); the others follow their parents"
    )
    dual: bool = Field(False, description="stop at the phase `dual`, in which people work in both systems")


class StepSettings(_Part):
    """Something outside that belongs to the flip: logins, a name server, the telephone system."""

    name: str = Field(description="what it is called in `status` and `confirm`", min_length=1)
    confirm: str | None = Field(None, description="what a person has to do and confirm")
    check: list[str] | None = Field(None, description="program and arguments: exit status 0 when it is done already")
    do: list[str] | None = Field(None, description="program and arguments that do it")
    undo: list[str] | None = Field(None, description="program and arguments that take it back")
    timeout_s: float = Field(300.0, description="how long a program may take", gt=0)


class RollbackSettings(_Part):
    """How the way back is kept open."""

    budget: Duration = Field(description="how long a rollback may take; the rehearsal measures it")
    keep_reverse: Duration = Field(description="how long the old system follows the new one before it may be left")


class FreezeSettings(_Part):
    """What is known about who writes in the old system."""

    user: str | None = Field(None, description="field of the old system's rows that names who changed them last")


class CutoverSettings(_Part):
    """One programme from one system to another."""

    cutover: str = Field(description="its name", pattern=r"^[a-z][a-z0-9_]{0,40}$")
    from_: str = Field(alias="from", description="the old system")
    to: str = Field(description="the new system")
    waves: dict[str, WaveSettings] = Field(description="waves by name, the first ones first", min_length=1)
    gates: dict[str, list[str]] = Field(
        default_factory=dict, description="phase -> expressions over numbers that must hold before it is left"
    )
    steps: list[StepSettings] = Field(default_factory=list, description="external steps of the flip, in order")
    freeze: FreezeSettings = Field(FreezeSettings(user=None), description="about the freeze")
    rollback: RollbackSettings | None = Field(
        None, description="how the way back is kept open; without it the flip is final"
    )
    keep: list[str] = Field(
        default_factory=list,
        description="entities that are mastered here: flows go on writing them to the new system after the flip",
    )


@dataclass(frozen=True, slots=True)
class Wave:
    """A compiled wave. `follows`: entity -> (reference field, entity) whose wave it shares; others ask `where`."""

    name: str
    entities: tuple[str, ...]
    where: Condition | None
    dual: bool
    follows: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Cutover:
    """The whole file, compiled. `fingerprint` is its own: flows.yaml may change every day, this may not."""

    name: str
    old: str
    new: str
    waves: Mapping[str, Wave]
    gates: Mapping[Phase, tuple[Gate, ...]]
    settings: CutoverSettings
    document: Document = field(repr=False)
    flows: Mapping[str, Flow] = field(repr=False)
    project: Project = field(repr=False)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.document.data)

    def writers(self, entity: str, system: str) -> list[Carrier]:
        """The enabled flows that write an entity to a system."""
        return [flow for flow in _writers(self.project, self.flows, entity, system) if flow.enabled]


def fingerprint(data: Json) -> str:
    """16 hex digits of what the file says, whatever the order of its keys and its comments."""
    return hashlib.blake2b(orjson.dumps(data, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


def differences(before: Json, today: Json, path: str = "") -> Iterator[str]:
    """What changed between two versions of the file, each as `path: before -> today`."""
    if isinstance(before, dict) and isinstance(today, dict):
        for key in [*before, *(key for key in today if key not in before)]:
            yield from differences(before.get(key), today.get(key), f"{path}.{key}" if path else str(key))
    elif before != today:
        yield f"{path}: {_shown(before)} -> {_shown(today)}"


def _shown(value: Json) -> str:
    text = "nothing" if value is None else orjson.dumps(value).decode()
    return text if len(text) <= 80 else text[:79] + "…"


def compile_cutover(project: Project, flows: Mapping[str, Flow]) -> Cutover:
    """The cutover of a project.

    Raises `Misconfigured` with all problems: CUT001 unknown names, CUT002 records with no wave or with two, CUT003
    references that cannot resolve, CUT004 a `where` that does not compile, CUT005 gates, CUT006 missing flows, CUT007
    steps, CUT021 no file.
    """
    document = project.cutover
    if not document.data:
        message = "there is no cutover; write this file (docs/how-to/cutover.md shows one)"
        raise Misconfigured.one("CUT021", message, document.mark())
    settings = validate(CutoverSettings, document)
    compiler = _Compiler(project, flows, settings)
    compiler.systems()
    waves = {name: compiler.wave(name, wave) for name, wave in settings.waves.items()}
    compiler.order(waves)
    compiler.movers(waves)
    gates = compiler.gates({entity for wave in waves.values() for entity in wave.entities})
    compiler.steps()
    compiler.problems.raise_any()
    return Cutover(settings.cutover, settings.from_, settings.to, waves, gates, settings, document, flows, project)


class _Compiler:
    def __init__(self, project: Project, flows: Mapping[str, Flow], settings: CutoverSettings) -> None:
        self.project, self.flows, self.settings = project, flows, settings
        self.document = project.cutover
        self.entities = project.model.entities
        self.problems = Problems()

    def at(self, code: str, message: str, *path: str | int) -> None:
        self.problems.note(self.document.mark(*path), code, message)

    def systems(self) -> None:
        sources = self.project.sources
        for key, name in (("from", self.settings.from_), ("to", self.settings.to)):
            if name not in sources:
                self.at("CUT001", f"there is no system '{name}'{did_you_mean(name, sources)}", key)
        if self.settings.from_ == self.settings.to:
            self.at("CUT001", "a cutover leads from one system to another, not to the same", "to")
        moved = {entity for wave in self.settings.waves.values() for entity in wave.entities}
        for index, name in enumerate(self.settings.keep):
            if name not in moved:
                self.at("CUT001", f"no wave moves '{name}'{did_you_mean(name, moved)}", "keep", index)

    def wave(self, name: str, wave: WaveSettings) -> Wave:
        follows: dict[str, tuple[str, str]] = {}
        for index, entity in enumerate(wave.entities):
            known = self.entities.get(entity)
            place = ("waves", name, "entities", index)
            if known is None:
                self.at("CUT001", f"the model has no entity '{entity}'{did_you_mean(entity, self.entities)}", *place)
            elif entity in wave.entities[:index]:
                self.at("CUT002", f"'{entity}' is in this wave twice; remove one", *place)
            elif wave.where is not None and index:
                parent = _parent(known, wave.entities[:index])
                if parent is None:
                    message = (
                        f"no reference of {entity} leads to {' or '.join(wave.entities[:index])}, so `where` cannot "
                        "say which of them are in this wave; give it a wave of its own"
                    )
                    self.at("CUT003", message, *place)
                else:
                    follows[entity] = parent
        return Wave(name, tuple(wave.entities), self.where(name, wave), wave.dual, follows)

    def where(self, name: str, wave: WaveSettings) -> Condition | None:
        entity = self.entities.get(wave.entities[0])
        if wave.where is None or entity is None:
            return None
        mark = self.document.mark("waves", name, "where")
        try:
            return Condition(wave.where, entity, mark)
        except Misconfigured as error:
            for problem in error.problems:
                self.problems.note(problem.mark, "CUT004", problem.message.replace("`when`", "`where`"))
            return None

    def order(self, waves: Mapping[str, Wave]) -> None:
        """Each record has one wave, and what it refers to is there before it."""
        rest: dict[str, str] = {}  # entity -> the wave that takes all that is left of it
        for name, wave in waves.items():
            for index, entity in enumerate(wave.entities):
                place = ("waves", name, "entities", index)
                if entity in rest:
                    message = (
                        f"wave '{rest[entity]}' takes every {entity} already; give that one a `where`, or remove this"
                    )
                    self.at("CUT002", message, *place)
                elif entity in self.entities:
                    self.references(self.entities[entity], wave.entities[:index], rest, place)
            if self.settings.waves[name].where is None:
                rest |= {entity: name for entity in wave.entities if entity not in rest}
        for name, wave in waves.items():
            for index, entity in enumerate(wave.entities):
                if entity in self.entities and entity not in rest:
                    message = (
                        f"a {entity} that fits no `where` has no wave; add a last wave for {entity} without `where`"
                    )
                    self.at("CUT002", message, "waves", name, "entities", index)
                    rest[entity] = name

    def references(
        self, entity: Entity, before: tuple[str, ...], rest: Mapping[str, str], place: tuple[str | int, ...]
    ) -> None:
        moved = {name for wave in self.settings.waves.values() for name in wave.entities}
        for field_ in entity.fields.values():
            to = field_.reference
            needed = field_.required or field_.name == entity.parent_field
            if not to or not needed or to == entity.name or to in before or to in rest:
                continue
            if to not in moved and _writers(self.project, self.flows, to, self.settings.to):
                continue
            what = "before it in this wave, or into an earlier one" if to in moved else "into this wave, before it"
            message = f"{entity.name}.{field_.name} cannot resolve: no {to} is there before; put '{to}' {what}"
            self.at("CUT003", message, *place)

    def movers(self, waves: Mapping[str, Wave]) -> None:
        """Somebody brings each entity to the new system, and, where there is a way back, to the old one."""
        told = set()
        for name, wave in waves.items():
            for index, entity in enumerate(wave.entities):
                if entity not in self.entities or entity in told:
                    continue
                told.add(entity)
                place = ("waves", name, "entities", index)
                if not _writers(self.project, self.flows, entity, self.settings.to):
                    message = f"no flow of flows.yaml writes {entity} to {self.settings.to}; add one"
                    self.at("CUT006", message, *place)
                if self.settings.rollback and not _writers(self.project, self.flows, entity, self.settings.from_):
                    message = (
                        f"no flow of flows.yaml writes {entity} back to {self.settings.from_}, so nothing could be "
                        "rolled back; add one, or leave `rollback` out and let the flip be final"
                    )
                    self.at("CUT006", message, *place)

    def gates(self, moved: set[str]) -> dict[Phase, tuple[Gate, ...]]:
        found: dict[Phase, tuple[Gate, ...]] = {}
        for word, texts in self.settings.gates.items():
            if word not in WORDS[:-1]:
                message = f"there is no phase '{word}' to leave{did_you_mean(word, WORDS[:-1])}"
                self.problems.note(self.document.key_mark("gates", word), "CUT005", message)
                continue
            gates = []
            for index, text in enumerate(texts):
                gate = compile_gate(self.document, ("gates", word, index), text, self.entities, moved, self.problems)
                gates += [gate] if gate else []
            found[Phase[word.upper()]] = tuple(gates)
        return found

    def steps(self) -> None:
        names: set[str] = set()
        for index, step in enumerate(self.settings.steps):
            if step.name in names:
                self.at("CUT007", f"two steps are called '{step.name}'", "steps", index, "name")
            names.add(step.name)
            if (step.confirm is None) == (step.do is None):
                self.at(
                    "CUT007", f"step '{step.name}' has either `confirm` (a person) or `do` (a program)", "steps", index
                )
            for key in ("check", "do", "undo"):
                if getattr(step, key) == []:
                    self.at(
                        "CUT007", f"`{key}` is a program with its arguments, e.g. [bin/switch, on]", "steps", index, key
                    )
            if step.confirm is not None and (step.check or step.undo):
                self.at(
                    "CUT007",
                    f"step '{step.name}' is done by a person; `check` and `undo` belong to `do`",
                    "steps",
                    index,
                )


def _parent(entity: Entity, before: list[str]) -> tuple[str, str] | None:
    """The reference that leads to an earlier entity: to the parent if it can be, else a required one, else any."""
    found = [each for each in entity.fields.values() if each.reference in before]
    found.sort(key=lambda each: (each.name != entity.parent_field, not each.required))
    return (found[0].name, found[0].reference) if found else None


def _writers(project: Project, flows: Mapping[str, Flow], entity: str, system: str) -> list[Carrier]:
    found: list[Carrier] = []
    for flow in flows.values():
        if isinstance(flow, PublishFlow) and flow.publish == entity and flow.to.split(".", 1)[0] == system:
            found.append(flow)
        if isinstance(flow, TwoWayFlow) and flow.entity == entity:
            found += [flow] if system in {place.split(".", 1)[0] for place in flow.sync.between} else []
        if isinstance(flow, SyncFlow) and flow.sync.to.split(".", 1)[0] == system:
            mapping: Any = project.mappings.get(flow.mapping)
            found += [flow] if mapping is not None and mapping.data.get("target") == entity else []
    return found
