"""Which rules are in force, and which the project's files ask for: a revision is changed by review, never by a run.

A revision holds, per mastered entity, the matching and the survivorship rules as they were written, and the statistics
frozen with them. Its first rules an entity gets by itself; later edits of the files wait until somebody has seen what
they would do (`goldbridge rules diff`) and accepts it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from dedupe.rule import Rules, compile_rules
from dedupe.statistic import Statistics, statistics
from goldbridge.errors import Halt, Mark
from goldbridge.ports import Document, Json
from goldbridge.records.model import Entity
from goldbridge.settings.project import Project
from goldbridge.state import landing, ruleset
from goldbridge.state.ruleset import Ruleset
from mdm.core import Core, speaks
from mdm.index import prepared
from mdm.qualification_rule import compile_qualification
from mdm.survivorship_rule import Rules as SurvivorshipRules
from mdm.survivorship_rule import compile_survivorship

FILES = {"rules": "config/matching.yaml", "survivorship": "config/survivorship.yaml"}
"""Part of a revision -> the file that asks for it."""


class Written:
    """Rules as a revision keeps them: plain data whose place is the revision."""

    def __init__(self, data: Json, rev: int) -> None:
        self.data = data
        self._mark = Mark(f"ruleset {rev}")

    def mark(self, *path: str | int) -> Mark:
        return self._mark

    key_mark = mark


def asked(
    project: Project, name: str, *, matching: Document | None = None, survivorship: Document | None = None
) -> dict[str, Json]:
    """What the files (or these documents instead) say about an entity, as a revision keeps it."""
    rules = compile_rules(matching or project.matching, name, project.model.entities[name].fields)
    written = (survivorship or project.survivorship).data
    return {"rules": rules.as_json(), "survivorship": (written or {}).get(name) or {}}


def edited(project: Project, name: str, part: Mapping[str, Json]) -> list[str]:
    """The files that ask for something else than this part of a revision says."""
    wanted = asked(project, name)
    return [FILES[what] for what in sorted(FILES) if part.get(what) != wanted[what]]


def freeze(conn: Connection, entity: Entity, rules: Rules) -> Json:
    """Statistics of what is landed now."""
    blank = Core(entity, {}, rules, Statistics())
    population = {r.id: r for r in landing.scan_all(conn, entity=entity.name) if speaks(r) and r.anchor is None}
    return statistics(rules, prepared(conn, blank, population).values()).as_json()


def next_since(conn: Connection) -> int:
    """A number for the edges of new rules that no others carry, not even those of a revision that was rolled back."""
    return max((one.rev for one in ruleset.list_rulesets(conn)), default=0) + 1


def core_of(project: Project, revision: Ruleset, name: str, files: SurvivorshipRules | None = None) -> Core:
    """The rules of an entity as a revision has them; `files` stand in for survivorship from before it was kept."""
    entity, part = project.model.entities[name], revision.document[name]
    return Core(
        entity,
        survivorship_of(project, revision, name) if "survivorship" in part else (files or {})[name],
        Rules.from_json(part["rules"]),
        Statistics.from_json(revision.statistics[name]),
        part["since"],
        compile_qualification(project.qualification, project.model).get(name, {}),
    )


def survivorship_of(project: Project, revision: Ruleset, name: str) -> Any:
    """The survivorship rules of an entity as a revision has them, also where a system they name is gone since."""
    written = revision.document[name]["survivorship"]
    systems: Collection[str] = {*project.sources, *_words(written)}
    document = Written({name: written}, revision.rev)
    return compile_survivorship(document, project.model, systems, ends=project.ends())[name]


def _words(part: Json) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for value in part.values():
            yield from _words(value)
    elif isinstance(part, list):
        for value in part:
            yield from _words(value)


def in_force(conn: Connection, project: Project, name: str, files: SurvivorshipRules) -> Core:
    """The rules under which this entity was last mastered; what a steward's decision is resolved with.

    Raises `Halt` FLW035 when the entity was never mastered, or never is.
    """
    if not project.model.entities[name].mastered:
        raise Halt("FLW035", f"{name} is not mastered: hard identifiers join its records, not stewards")
    active = ruleset.active(conn)
    if active is None or name not in active.document:
        raise Halt("FLW035", f"no {name} was mastered yet; run a master flow first")
    return core_of(project, active, name, files)


def cores(conn: Connection, project: Project, files: SurvivorshipRules) -> dict[str, Core]:
    """Every entity with the rules in force; mastered ones that were never mastered are left out."""
    active = ruleset.active(conn)
    found: dict[str, Core] = {}
    for name, entity in project.model.entities.items():
        if not entity.mastered:
            found[name] = Core(entity, files[name])
        elif active is not None and name in active.document:
            found[name] = core_of(project, active, name, files)
    return found
