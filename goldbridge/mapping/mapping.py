"""A compiled mapping: source records in, canonical records (or a target's rows) with their fates out.

Every record ends in one of three fates here: applied, filtered (`when` said no), or dead letter with the reason. One
bad record never touches its neighbours, and the same record always ends the same way, alone or in any batch.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from goldbridge.errors import Mark, Reject
from goldbridge.mapping.assemble import Notes, Shape, own
from goldbridge.mapping.column import Batch as Columns
from goldbridge.mapping.column import Cells, FieldColumn, Row, evaluated, flawed
from goldbridge.mapping.expression import Expression
from goldbridge.mapping.value import ABSENT, Invalid, Outcome, Texts, has_value, shown
from goldbridge.records.field import Field

Fate = Literal["applied", "filtered", "dead"]


@dataclass(slots=True)
class Batch:
    """What became of each row, in the order given.

    `values` and `notes` hold a document per applied row and None otherwise; a note is None when there is nothing to
    say, its keys are target fields, dotted for members of a group. `errors` holds the reason of each dead letter by
    row number.
    """

    fates: list[Fate]
    values: list[dict[str, Any] | None]
    notes: list[dict[str, Any] | None]
    errors: dict[int, Reject]


@dataclass(frozen=True, slots=True)
class Target:
    """One column and where its cells go: `group` is "" for a plain field, `label` its dotted name for messages."""

    column: FieldColumn
    name: str
    group: str
    label: str
    shared: bool


@dataclass(frozen=True)
class Mapping:
    """A mapping ready to run. Safe to use from several threads; never changes.

    `target` is an entity, or "system.Object" of an out mapping, whose `source` is the entity. `reads` are the source
    fields it looks at, `dropped` those left out on purpose. `fields` are the target fields in file order, with the
    model's field, or None in an out mapping. `resolves` names, per target field, the object whose key the flow must
    put in place of the reference in `resolve_from[field]` before it calls `apply`: either the key as text, or
    {object: key} where several objects are wanted. `merged_into` and `split_from` are source fields that hold the key
    of another record of the same stream.
    """

    name: str
    target: str
    source: str
    key: str
    reads: frozenset[str]
    dropped: frozenset[str]
    revision: str
    resolves: Map[str, str]
    resolve_from: Map[str, str]
    targets: tuple[Target, ...]
    shape: Shape
    when: Expression | None
    decide: Cells | None
    when_mark: Mark
    key_mark: Mark
    fields: Map[str, Field | None] = field(default_factory=dict)
    merged_into: str = ""
    split_from: str = ""
    _inputs: Map[str, frozenset[str]] = field(default_factory=dict)
    _given: Map[str, tuple[str, ...]] = field(default_factory=dict)
    _steps: Map[str, tuple[str, ...]] = field(default_factory=dict)
    _marks: Map[str, Mark] = field(default_factory=dict)

    @property
    def is_out(self) -> bool:
        return bool(self.source)

    def lineage(self, name: str) -> list[str]:
        """The steps that make a target field, in words; for a group, those of its members."""
        if name in self._steps:
            return list(self._steps[name])
        parts = [(label, steps) for label, steps in self._steps.items() if label.startswith(f"{name}.")]
        return [f"{label}: {step}" for label, steps in parts for step in steps]

    def inputs(self, name: str) -> frozenset[str]:
        """The source fields (top level) that a target field is made from; for a group, those of all its members."""
        found = [reads for label, reads in self._inputs.items() if label == name or label.startswith(f"{name}.")]
        return frozenset().union(*found)

    def given(self, row: Row, name: str) -> dict[str, Any]:
        """What one target field is made from in a row: the values there are, by the names the mapping reads them by."""
        columns = Columns([row])
        found = {read: columns.column(read)[0] for read in self._given.get(name, ())}
        return {read: value for read, value in found.items() if value is not ABSENT}

    def mark(self, name: str) -> Mark:
        """Where a target field is defined; for a group, where its first member is."""
        if name in self._marks:
            return self._marks[name]
        return next((mark for label, mark in self._marks.items() if label.startswith(f"{name}.")), self.key_mark)

    def unmapped(self, stream_fields: frozenset[str]) -> list[str]:
        """Fields of the stream that are neither read nor dropped on purpose."""
        return sorted(stream_fields - self.reads - self.dropped)

    def apply(self, rows: Sequence[Row]) -> Batch:
        """Map a batch. Never raises for a record's sake."""
        return _Run(self, rows).batch()


class _Run:
    """One call of `apply`; rows leave it early by filter or dead letter."""

    def __init__(self, mapping: Mapping, rows: Sequence[Row]) -> None:
        self.mapping = mapping
        self.rows = rows
        self.errors: dict[int, Reject] = {}
        self.filtered: set[int] = set()

    def batch(self) -> Batch:
        alive = self._kept(self._keyed(self._records()))
        count = len(self.rows)
        values: list[dict[str, Any] | None] = [None] * count
        notes: list[dict[str, Any] | None] = [None] * count
        columns = Columns([self.rows[at] for at in alive] if len(alive) < count else self.rows)
        noted: Notes = {}
        made, gaps = [], set()
        for place, target in enumerate(self.mapping.targets):
            column, has_gaps = self._column(target, columns, alive, noted)
            made.append(column)
            if has_gaps:
                gaps.add(place)
        documents = self.mapping.shape.documents(made, len(alive), noted, gaps)
        fates: list[Fate] = ["applied"] * count
        if len(alive) == count:
            values = list(documents)
        else:
            for at, document in zip(alive, documents, strict=True):
                values[at] = document
        for at, note in noted.items():
            notes[alive[at]] = note or None
        for at in self.filtered:
            fates[at] = "filtered"
        for at in self.errors:
            fates[at], values[at], notes[at] = "dead", None, None
        return Batch(fates, values, notes, self.errors)

    def _records(self) -> list[int]:
        """Rows that are records at all."""
        rows: Sequence[Any] = self.rows
        if set(map(type, rows)) <= {dict}:
            return list(range(len(rows)))
        alive = []
        for at, row in enumerate(rows):
            if isinstance(row, Map):
                alive.append(at)
            else:
                message = f"the record is {shown(row)}, not a group of fields"
                self.errors[at] = Reject("MAP044", message, mark=self.mapping.key_mark)
        return alive

    def _keyed(self, alive: list[int]) -> list[int]:
        """Rows that have a key; without one nothing could ever be said about the record again."""
        name = self.mapping.key
        if not name:
            return alive
        keys = Columns([self.rows[at] for at in alive]).column(name)
        if set(map(type, keys)) == {str} and all(keys):
            return alive
        kept = []
        for at, key in zip(alive, keys, strict=True):
            if (key.__class__ is str and key) or (isinstance(key, int) and not isinstance(key, bool)):
                kept.append(at)
            else:
                state = "neither text nor a whole number" if has_value(key) else "absent" if key is ABSENT else "empty"
                message = f"key: '{name}' is {state}; a record without a key cannot be kept"
                self.errors[at] = Reject("MAP045", message, field="key", mark=self.mapping.key_mark)
        return kept

    def _kept(self, alive: list[int]) -> list[int]:
        when, decide = self.mapping.when, self.mapping.decide
        if when is None or decide is None or not alive:
            return alive
        columns = Columns([self.rows[at] for at in alive])
        kept = []
        for at, result in zip(alive, evaluated(when, decide, columns), strict=True):
            if result is True:
                kept.append(at)
            elif result is False:
                self.filtered.add(at)
            else:
                self.errors[at] = self._undecided(result)
        return kept

    def _undecided(self, result: Any) -> Reject:
        if isinstance(result, Invalid):
            reason = result.reason
        elif result is None or result is ABSENT:
            reason = "a field it reads has no value; compare it with null first, or write `field != true`"
        else:
            reason = f"gives {shown(result)}, neither true nor false"
        return Reject("MAP047", f"when: {reason}", field="when", mark=self.mapping.when_mark)

    def _column(self, target: Target, columns: Columns, alive: list[int], noted: Notes) -> tuple[list[Any], bool]:
        """The finished cells of one field, their notes and refusals moved to where they belong; and whether any of
        them is absent."""
        column = target.column(columns)
        if column.__class__ is Texts:
            return column, False
        kinds = set(map(type, column))
        if Outcome in kinds:
            for at, outcome in flawed(column):
                if outcome.refusal is not None:
                    column[at] = self._refuse(target, alive[at], outcome.refusal)
                    continue
                column[at] = outcome.value
                if outcome.note:
                    noted.setdefault(at, {})[target.label] = dict(outcome.note)
            kinds = set(map(type, column))
        if target.shared and (list in kinds or dict in kinds):
            # Remembered lists and groups belong to the memory, not to a record.
            column = [own(value) if isinstance(value, list | dict) else value for value in column]
        return column, type(ABSENT) in kinds

    def _refuse(self, target: Target, row: int, refusal: tuple[str, str, Mark]) -> Any:
        """Make a row a dead letter; gives what stands in its cell."""
        code, reason, mark = refusal
        if row not in self.errors:  # the first field in file order speaks
            self.errors[row] = Reject(code, f"{target.label}: {reason}", field=target.label, mark=mark)
        return ABSENT
