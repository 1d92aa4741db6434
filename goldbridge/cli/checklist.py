"""What `goldbridge check` asks of a project: one entry per question, each answered on its own.

To add a question, write a function that takes the project and gives the problems it found (or raises
`Misconfigured`), and add a line to CHECKS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from goldbridge.errors import Mark, Misconfigured, Problem, Problems
from goldbridge.records.field import Entity
from goldbridge.settings.project import Project

Question = Callable[[Project], Iterable[Problem]]


class Check(NamedTuple):
    """`needs` are files (or folders, with a `/`) that must be in order before the question makes sense."""

    name: str
    ask: Question
    needs: tuple[str, ...] = ()


@contextmanager
def _collecting(problems: Problems) -> Iterator[None]:
    try:
        yield
    except Misconfigured as error:
        problems.extend(error.problems)


def check_secrets(project: Project) -> Iterable[Problem]:
    """Every secret that is referred to is set."""
    return project.missing_secrets()


def check_sources(project: Project) -> Iterable[Problem]:
    """Every system's entry is what its connector takes; secrets that are not set are another check's business."""
    from flows.wiring import check_source

    unset = {problem.mark for problem in project.missing_secrets()}
    complete = replace(project, secrets=project.secrets.standing_in())
    problems = Problems()
    for name in project.sources:
        with _collecting(problems):
            check_source(complete, name)
    return [problem for problem in problems if problem.mark not in unset]


def check_mappings(project: Project) -> Iterable[Problem]:
    """Every mapping compiles against the model and the tables."""
    from goldbridge.mapping import compile_mapping

    problems = Problems()
    for name, document in project.mappings.items():
        zone = project.zone_of(name.partition(".")[0])
        with _collecting(problems):
            compile_mapping(document, project.model, tables=project.tables, zone=zone)
    return problems


def check_matching(project: Project) -> Iterable[Problem]:
    """The matching rules of every mastered entity compile; no entity is called otherwise."""
    from dedupe.rule import compile_rules
    from goldbridge.records.hint import did_you_mean

    problems = Problems()
    for entity in project.model.entities.values():
        if entity.mastered:
            with _collecting(problems):
                compile_rules(project.matching, entity.name, entity.fields)
    mastered = [entity.name for entity in project.model.entities.values() if entity.mastered]
    for name in project.matching.data:
        if name not in mastered:
            known = name in project.model.entities
            message = f"'{name}' is not mastered" if known else f"the model has no entity '{name}'"
            hint = "; set `mastered: true` in config/model.yaml" if known else did_you_mean(name, mastered)
            problems.note(project.matching.key_mark(name), "CFG018", f"{message}{hint}")
    return problems


def check_survivorship(project: Project) -> Iterable[Problem]:
    """The survivorship rules name fields, criteria and systems that exist."""
    from mdm.survivorship_rule import bringers, compile_survivorship

    problems = Problems()
    with _collecting(problems):
        compile_survivorship(project.survivorship, project.model, project.sources, reach=bringers(project.mappings))
    return problems


def check_quality(project: Project) -> Iterable[Problem]:
    """The rules of quality name fields and systems that exist, and their expressions compile."""
    from flows.quality import rules_of

    problems = Problems()
    with _collecting(problems):
        rules_of(project)
    return problems


def check_qualification(project: Project) -> Iterable[Problem]:
    """Every role that needs a process has one, whose states and moves hang together."""
    from mdm.qualification_rule import compile_qualification

    problems = Problems()
    with _collecting(problems):
        compile_qualification(project.qualification, project.model)
    return problems


def check_flows(project: Project) -> Iterable[Problem]:
    """The flows name systems, mappings and entities that exist, and their conditions compile."""
    from flows.condition import Condition
    from flows.config import PublishFlow, TwoWayFlow, compile_flows

    problems = Problems()
    with _collecting(problems):
        for flow in compile_flows(project).values():
            if isinstance(flow, PublishFlow | TwoWayFlow) and flow.when is not None:
                with _collecting(problems):
                    name = flow.publish if isinstance(flow, PublishFlow) else flow.entity
                    entity = project.model.entities[name]
                    mark = project.flows.mark("flows", flow.name, "when")
                    Condition(flow.when, entity, mark)
                    problems.extend(_unqualified(flow.when, entity, mark, project.qualification.data))
    return problems


def _unqualified(when: str, entity: Entity, mark: Mark, processes: Collection[str]) -> Iterator[Problem]:
    """Nothing reaches a partner system unqualified: who publishes by role asks whether the role is qualified."""
    for name, role in entity.roles.items():
        asked = [word for word in ("has_role", "qualified") if re.search(rf"\b{word}\(\s*['\"]{name}['\"]\s*\)", when)]
        if role.qualification in processes and asked == ["has_role"]:
            message = f"{name} needs process '{role.qualification}', and this publishes whoever has not passed it"
            yield Problem(mark, "FLW016", f"{message}; write qualified('{name}') instead of has_role('{name}')")


def check_cutover(project: Project) -> Iterable[Problem]:
    """The cutover names entities, flows and numbers that exist, and its references can resolve; none is no problem."""
    from flows.config import compile_flows
    from flows.cutover.config import compile_cutover

    problems = Problems()
    if project.cutover.data:
        with _collecting(problems):
            compile_cutover(project, compile_flows(project))
    return problems


_MODEL = "config/model.yaml"
_SOURCES = "config/sources.yaml"

CHECKS = (
    Check("secrets", check_secrets, ("config/settings.yaml",)),
    Check("sources", check_sources, (_SOURCES,)),
    Check("mappings", check_mappings, (_MODEL, "mappings/tables/")),
    Check("matching", check_matching, (_MODEL, "config/matching.yaml")),
    Check("survivorship", check_survivorship, (_MODEL, _SOURCES, "config/survivorship.yaml")),
    Check("quality", check_quality, (_MODEL, _SOURCES, "config/quality.yaml")),
    Check("qualification", check_qualification, (_MODEL, "config/qualification.yaml")),
    Check("flows", check_flows, (_MODEL, _SOURCES, "flows.yaml", "mappings/")),
    Check("cutover", check_cutover, (_MODEL, _SOURCES, "flows.yaml", "mappings/", "config/cutover.yaml")),
)


def ask(project: Project, found: Problems, names: Iterable[str] = ()) -> tuple[Problems, list[str]]:
    """All problems in file order, and the names of the checks that had to wait for those in `found`.

    Only the named checks are asked, or all when none is named. An overlay with a problem may concern any file.
    """
    wanted = list(names) or [check.name for check in CHECKS]
    broken = {problem.mark.file for problem in found}
    problems, waiting = Problems(found), []
    for check in CHECKS:
        if check.name not in wanted:
            continue
        needs = (*check.needs, "config/env/", ".goldbridge/env/")
        if any(file == need or (need.endswith("/") and file.startswith(need)) for file in broken for need in needs):
            waiting.append(check.name)
        else:
            problems.extend(check.ask(project))
    return Problems(sorted(dict.fromkeys(problems))), waiting
