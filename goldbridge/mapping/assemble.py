"""Puts a batch's columns together into documents: fields, groups with their members, and what a group's notes say.

Documents start as copies of one pattern with every name in it, which costs a third of growing each by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from goldbridge.mapping.value import ABSENT, has_value, only_texts
from goldbridge.ports import Json

Notes = dict[int, dict[str, Any]]
"""Notes by row number, then by target field."""


class Shape:
    """Which target fields make which documents: `targets` are (group, name) in file order, a group "" is none.

    `closed` groups keep only the members that have a value; one with none is null, or empty when a member was empty.
    Out mappings leave them as they are: a target is told about every field.
    """

    def __init__(self, targets: Iterable[tuple[str, str]], *, closed: bool) -> None:
        self.tree: dict[str, Any] = {}
        self.groups: list[str] = []
        for at, (group, name) in enumerate(targets):
            holder = self.tree
            for part in group.split(".") if group else ():
                holder = holder.setdefault(part, {})
            holder[name] = at
            if closed and group and group not in self.groups:
                self.groups.append(group)
        self.groups.sort(key=lambda path: -path.count("."))

    def documents(
        self, columns: Sequence[Sequence[Any]], rows: int, noted: Notes, gaps: Collection[int]
    ) -> list[dict[str, Any]]:
        """The documents of `rows` rows; `columns` are cells in the order of the targets, those of `gaps` hold absent
        ones. `noted` is brought in line."""
        names, made = self._members(self.tree, "", columns)
        for path in self.groups if noted else ():
            _lift_all(path, _column_at(path, names, made), noted)
        loose = {name for name, each in self.tree.items() if not isinstance(each, int) or each in gaps}
        return _documents(names, made, rows, loose)

    def _members(
        self, tree: Mapping[str, Any], path: str, columns: Sequence[Sequence[Any]]
    ) -> tuple[tuple[str, ...], list[Sequence[Any]]]:
        made: list[Sequence[Any]] = []
        for name, each in tree.items():
            if isinstance(each, int):
                made.append(columns[each])
            else:
                inner = f"{path}.{name}" if path else name
                made.append(self._group(inner, *self._members(each, inner, columns)))
        return tuple(tree), made

    def _group(self, path: str, names: tuple[str, ...], columns: list[Sequence[Any]]) -> list[Any]:
        """One group as a column: documents, or what is left of the ones without members."""
        rows = len(columns[0])
        if path not in self.groups:
            return [document or ABSENT for document in _documents(names, columns, rows, names)]
        if all(map(only_texts, columns)):
            return _documents(names, columns, rows, ())
        return [_closed(names, values) for values in zip(*columns, strict=True)]


def _closed(names: tuple[str, ...], values: tuple[Any, ...]) -> Any:
    kept = {name: value for name, value in zip(names, values, strict=True) if has_value(value)}
    if kept:
        return kept
    state: Any = ABSENT
    for value in values:
        if value is not ABSENT and state != "":
            state = value if value is None else ""
    return state


def _documents(
    names: tuple[str, ...], columns: Sequence[Sequence[Any]], rows: int, loose: Collection[str]
) -> list[dict[str, Any]]:
    """One document per row, without the fields that are absent, which only `loose` ones can be."""
    pattern = dict.fromkeys(names)
    documents: list[dict[str, Any]] = [pattern.copy() for _ in range(rows)]
    for name, column in zip(names, columns, strict=True):
        for document, value in zip(documents, column, strict=True):
            document[name] = value
        if name in loose:
            for document, value in zip(documents, column, strict=True):
                if value is ABSENT:
                    del document[name]
    return documents


def own(value: Json) -> Json:
    """A copy of a document, which is all that a value can be: what `deepcopy` does, without its book-keeping."""
    if isinstance(value, list):
        return [own(each) if isinstance(each, list | dict) else each for each in value]
    if isinstance(value, dict):
        return {name: own(each) if isinstance(each, list | dict) else each for name, each in value.items()}
    return value


def _column_at(path: str, names: tuple[str, ...], columns: Sequence[Sequence[Any]]) -> list[Any]:
    """A group's column, at the top or inside other groups."""
    first, *rest = path.split(".")
    found: list[Any] = list(columns[names.index(first)])
    for part in rest:
        found = [value.get(part) if isinstance(value, dict) else None for value in found]
    return found


def _lift_all(path: str, groups: Sequence[Any], noted: Notes) -> None:
    """A group counts as inferred when each of its values is: one default beside stated members does not weaken them.

    It is then said once of the group, instead of each member.
    """
    for at, notes in noted.items():
        group = groups[at]
        if not notes or not isinstance(group, dict):
            continue
        if not all("inferred" in notes.get(f"{path}.{member}", ()) for member in group):
            continue
        for label in [label for label in notes if label.rpartition(".")[0] == path]:
            left = {key: value for key, value in notes.pop(label).items() if key != "inferred"}
            if left:
                notes[label] = left
        notes[path] = {**notes.get(path, {}), "inferred": True}
