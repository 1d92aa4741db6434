"""What the loader itself says about one file of a project; the schemas are held against it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from flows.config import compile_flows
from flows.cutover.config import compile_cutover
from flows.schedule import schedules
from flows.wiring import check_source
from goldbridge.cli.checklist import check_matching
from goldbridge.errors import Misconfigured, Problem, Problems
from goldbridge.mapping import compile_mapping
from goldbridge.mapping.example import examples
from goldbridge.mapping.table import read_table
from goldbridge.records.model import compile_model
from goldbridge.settings.document import Document
from goldbridge.settings.project import Project, _Reader, load_project
from goldbridge.settings.secret import Secrets
from goldbridge.settings.yaml import read
from mdm.qualification_rule import compile_qualification
from mdm.quality_rule import compile_quality
from mdm.survivorship_rule import compile_survivorship
from tests.architecture.tree import ROOT


@cache
def shipped() -> Project:
    """The project that `goldbridge init` writes."""
    return load_project(ROOT, environ={})


def document(data: Any, file: str) -> Document:
    """Data as the loader reads it from a file; JSON is YAML."""
    return read(json.dumps(data, ensure_ascii=False), file)


def judged(name: str, file: str, data: Any) -> list[Problem]:
    """Every problem that the loader has with `data` as the content of `file`; `name` is the schema's."""
    problems = Problems()
    try:
        _ask(name, document(data, file), problems)
    except Misconfigured as error:
        problems.extend(error.problems)
    return list(problems)


def _ask(name: str, found: Document, problems: Problems) -> None:
    project = replace(shipped(), documents={**shipped().documents, found.file: found})
    match name:
        case "settings" | "sources":
            _typed(name, found, project, problems)
        case "model":
            compile_model(found)
        case "matching":
            problems.extend(check_matching(project))
        case "survivorship":
            compile_survivorship(found, project.model, project.sources)
        case "qualification":
            compile_qualification(found, project.model)
        case "quality":
            compile_quality(found, project.model, project.sources)
        case "flows":
            schedules(project, compile_flows(project))
        case "cutover":
            compile_cutover(project, compile_flows(project))
        case "mapping" if found.file.startswith("mappings/tables/"):
            read_table(found, Path(found.file).stem, problems)
        case "mapping":
            compile_mapping(found, project.model, tables=project.tables, zone="Asia/Shanghai")
            examples(found, problems)


def _typed(name: str, found: Document, project: Project, problems: Problems) -> None:
    reader = _Reader(ROOT)
    reader.documents = {**project.documents}
    secrets = Secrets({}).standing_in()
    if name == "settings":
        reader.settings(secrets)
    else:
        made = replace(project, secrets=secrets, sources=reader.sources())
        for system in made.sources:
            try:
                check_source(made, system)
            except Misconfigured as error:
                problems.extend(error.problems)
    problems.extend(reader.problems)
