"""All mappings of a project at once: compiled, with their tables and zones, and their examples run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from goldbridge.errors import Mark, Misconfigured, Problem, Problems
from goldbridge.mapping.compile import compile_mapping
from goldbridge.mapping.example import check_examples, count_examples
from goldbridge.mapping.mapping import Mapping
from goldbridge.mapping.table import read_table
from goldbridge.records.hint import did_you_mean
from goldbridge.settings.project import Project

FieldsOf = Callable[[str], frozenset[str] | None]
"""system.stream -> its fields, None when nobody can say."""


@dataclass(frozen=True, slots=True)
class Tested:
    """One mapping's examples: how many there are, and what is wrong with it or them."""

    name: str
    examples: int
    problems: tuple[Problem, ...]


def names_like(project: Project, wanted: str | None) -> list[str]:
    """The mapping of that name, or all of a system; everything for None. Raises `Misconfigured` MAP003."""
    if wanted is None:
        return list(project.mappings)
    if wanted in project.mappings:
        return [wanted]
    found = [name for name in project.mappings if name.startswith(f"{wanted}.")]
    if not found:
        raise _unknown(project, wanted)
    return found


def _unknown(project: Project, wanted: str) -> Misconfigured:
    hint = did_you_mean(wanted, project.mappings, at_most=20)
    return Misconfigured.one("MAP003", f"there is no mapping '{wanted}'{hint}", Mark("mappings"))


def zone_of(project: Project, name: str) -> str:
    """The zone of naive times for a mapping: its system's, else the project's."""
    entry = project.sources.get(name.split(".", 1)[0])
    written = None
    if entry is not None:
        data = entry.document.data
        for step in entry.path:
            data = data[step]
        written = data.get("zone")
    return written if isinstance(written, str) else project.settings.zone


def compile_named(project: Project, name: str, fields: FieldsOf | None = None) -> Mapping:
    """One mapping of a project; raises `Misconfigured`: MAP003, or everything that is wrong with it."""
    if name not in project.mappings:
        raise _unknown(project, name)
    document = project.mappings[name]
    stream = name
    if isinstance(document.data, dict) and isinstance(document.data.get("source"), str):
        stream = str(document.data.get("target"))
    return compile_mapping(
        document,
        project.model,
        stream_fields=fields(stream) if fields else None,
        tables=project.tables,
        zone=zone_of(project, name),
    )


def compile_all(project: Project, fields: FieldsOf | None = None) -> dict[str, Mapping]:
    """Every mapping by name; raises `Misconfigured` with the problems of all files, unused tables included."""
    problems = Problems(check_tables(project))
    compiled = {}
    for name in project.mappings:
        try:
            compiled[name] = compile_named(project, name, fields)
        except Misconfigured as error:
            problems.extend(error.problems)
    Problems(dict.fromkeys(problems)).raise_any()
    return compiled


def check_tables(project: Project) -> list[Problem]:
    """Tables that are badly written (MAP012) or that no mapping uses (MAP011)."""
    problems = Problems()
    used = set(_used(project))
    for name, document in project.tables.items():
        read_table(document, name, problems)
        if name not in used:
            hint = did_you_mean(name, used - set(project.tables), at_most=0)
            message = f"no mapping uses table '{name}'; remove the file, or look it up with `lookup: {name}`{hint}"
            problems.note(Mark(document.mark().file, 1, 1), "MAP011", message)
    return list(problems)


def _used(project: Project) -> Iterable[str]:
    for document in project.mappings.values():
        fields = document.data.get("fields") if isinstance(document.data, dict) else None
        for entry in fields.values() if isinstance(fields, dict) else ():
            lookup = entry.get("lookup") if isinstance(entry, dict) else None
            if isinstance(lookup, str):
                yield lookup


def try_examples(project: Project, names: Iterable[str]) -> list[Tested]:
    """Compile the named mappings and run their examples."""
    tested = []
    for name in names:
        document = project.mappings[name]
        try:
            problems = tuple(check_examples(compile_named(project, name), document))
        except Misconfigured as error:
            problems = error.problems
        tested.append(Tested(name, count_examples(document), problems))
    return tested
