"""JSON Schema (2020-12) of every YAML file that an engineer edits, so that an editor completes and checks it.

Made from what validates the files: the pydantic models, and the key tables of the compilers. Nothing here decides what
is right. A schema sees one file alone, so that it says nothing about names that must exist elsewhere; and it never
refuses what the loader accepts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Kind(NamedTuple):
    """One schema: the files it is for, as globs from the project's root, and what makes it."""

    files: tuple[str, ...]
    make: Callable[[], Schema]


def kinds() -> dict[str, Kind]:
    """Every schema by name; what makes one is imported when it is made."""
    from goldbridge.schema import cutover, dedupe, mapping, project, qualification, quality, rule

    return {
        "settings": Kind(("config/settings.yaml",), project.settings),
        "sources": Kind(("config/sources.yaml",), project.sources),
        "model": Kind(("config/model.yaml",), rule.model),
        "matching": Kind(("config/matching.yaml",), rule.matching),
        "survivorship": Kind(("config/survivorship.yaml",), rule.survivorship),
        "qualification": Kind(("config/qualification.yaml",), qualification.qualification),
        "quality": Kind(("config/quality.yaml",), quality.quality),
        "cutover": Kind(("config/cutover.yaml",), cutover.cutover),
        "flows": Kind(("flows.yaml",), project.flows),
        "mapping": Kind(("mappings/**/*.yaml",), mapping.mapping),
        "environment": Kind(("config/env/*.yaml",), project.environment),
        "dedupe": Kind(("*.dedupe.yaml",), dedupe.dedupe),
    }


def build(name: str) -> Schema:
    """One schema as it is written to a file."""
    kind = kinds()[name]
    return {"$schema": DIALECT, "title": " ".join(kind.files), **kind.make()}
