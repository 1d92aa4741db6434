"""Makes functions of a field's steps: transforms in a row, then lookup, default, type and requirement.

A chain is pure: one given value always ends the same way. That is why its results may be remembered per value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from goldbridge.errors import Reject
from goldbridge.mapping.spec import FieldSpec, Lookup
from goldbridge.mapping.transform import Step
from goldbridge.mapping.value import (
    ABSENT,
    Invalid,
    Outcome,
    Texts,
    decimal_text,
    decimal_texts,
    has_value,
    known,
    plain_text,
    shown,
)
from goldbridge.records.field import Field
from goldbridge.records.model import coerce

_UNSAID = frozenset({str, type(None), type(ABSENT)})
"""Kinds of cells without a value, and texts, which may be empty: a field without a default takes them as they are."""
_NUMBERS = frozenset({int, float, bool})

Cell = Callable[[Any], Any]
Column = Callable[[Sequence[Any]], list[Any]]


def transforms(steps: Sequence[Step]) -> Cell:
    """The steps in a row as one function; what is no value, or no longer one, falls through."""
    texts = [step.on_text for step in steps]

    def slow(value: Any, at: int) -> Any:
        for step in steps[at:]:
            if value.__class__ is str:
                if not value:
                    return value
                value = step.on_text(value)
            elif value.__class__ is Invalid or not has_value(value):
                return value
            else:
                value = step.on_any(value)
        return value

    if not texts:
        return lambda value: value
    if len(texts) == 1:
        only = texts[0]
        return lambda value: only(value) if value.__class__ is str and value else slow(value, 0)
    if len(texts) == 2:
        first, second = texts

        def two(value: Any) -> Any:
            if value.__class__ is not str or not value:
                return slow(value, 0)
            value = first(value)
            return second(value) if value.__class__ is str and value else slow(value, 1)

        return two

    def several(value: Any) -> Any:
        for at, text in enumerate(texts):
            if value.__class__ is not str or not value:
                return slow(value, at)
            value = text(value)
        return value

    return several


def over(steps: Sequence[Step]) -> Column:
    """The same steps over a whole column, one step at a time: what `transforms` gives, with one call per cell and step
    instead of a call for the row of steps around it, or one call for all cells where the step knows how."""
    alone = [transforms(steps[at:]) for at in range(len(steps))]

    def run(column: Sequence[Any]) -> list[Any]:
        return through(column if column.__class__ is Texts else known(list(column)), 0)

    def through(column: list[Any], at: int) -> list[Any]:
        while at < len(steps) and column.__class__ is Texts:
            step = steps[at]
            column = known(step.on_texts(column) if step.on_texts else list(map(step.on_text, column)))
            at += 1
        if at == len(steps):
            return column
        texts = Texts([value for value in column if value.__class__ is str and value])
        done, other = iter(through(texts, at) if texts else ()), alone[at]
        return [
            next(done) if value.__class__ is str and value else value if value.__class__ in _UNSAID else other(value)
            for value in column
        ]

    return run


def each(cell: Cell) -> Column:
    """What `cell` does to one value, done to a column."""
    return lambda column: [cell(value) for value in column]


class Finish:
    """What happens to a value after its transforms; `field` is the model's field, None where the target has no types.

    Gives the finished value, or an `Outcome` when there is a note or the record must go to the dead letters.
    """

    def __init__(self, spec: FieldSpec, field: Field | None, zone: str | None = None) -> None:
        self.spec = spec
        self.zone = zone
        self.field = field
        self.many = field is not None and field.many
        self.item = field if field is None or not field.many else _single(field)
        self.required = spec.required or (field is not None and field.required)
        self.lookup = spec.lookup
        last = spec.via[-1].transform.of_type if spec.via else ""
        of_type = field.type if field is not None else ""
        self.trusted = not spec.ref and (field is None or (last != "" and last == of_type))
        self.words = frozenset(field.enum) if field is not None and of_type == "enum" else None
        default = spec.default
        if field is not None and has_value(default) and not spec.ref:
            default = as_type(field, default, zone)  # it fits: the compiler has looked
        self.default = default
        self.plain = self.lookup is None and not spec.ref
        self.is_number = of_type in ("money", "decimal")
        self.is_text = of_type == "text" and not spec.ref
        self.silent = field is not None and not self.required and not spec.has_default

    def cell(self) -> Cell:
        """The quickest function for this field."""
        cell = self._many if self.many else self._one
        return self._inferred(cell) if self.spec.inferred else cell

    def column(self) -> Column:
        """The same over a whole column; texts that need nothing more done to them are not looked at one by one."""
        cell = self.cell()
        if self.many or self.spec.inferred or not self.plain or not (self.trusted or self.is_text or self.is_number):
            return each(cell)
        if self.is_number and not self.trusted:
            return lambda column: self._numbers(column, cell)

        taken = (_UNSAID if self.silent else frozenset()) | (_NUMBERS if self.trusted else frozenset())

        def run(column: Sequence[Any]) -> list[Any]:
            if column.__class__ is Texts:
                return column
            if set(map(type, column)) <= taken:
                return list(column)
            return [value if value.__class__ is str and value else cell(value) for value in column]

        return run

    # One value

    def _one(self, value: Any) -> Any:
        kind = value.__class__
        if kind is str:
            if not value:
                return self._nothing(value)
            if self.lookup is not None:
                return self._looked_up(value, self.lookup)
            if self.trusted or self.is_text:
                return value
            return self._typed(value)
        if value is None or value is ABSENT:
            return self._nothing(value)
        if kind is Invalid:
            return self._flawed(value)
        if kind is Outcome:
            return value
        if not has_value(value):
            return self._nothing("")
        if kind is list:
            return self._listed(value)
        if self.plain and (self.trusted or (kind is float and self.is_number)):
            return value if self.trusted else self._number(value)
        if self.lookup is not None:
            return self._each_looked_up(value, self.lookup)
        return self._typed(value)

    def _listed(self, items: list[Any]) -> Any:
        """A list where there is one value to give, or an untyped target that takes it as it is."""
        good = [item for item in items if item.__class__ is not Invalid]
        if not good:
            return self._flawed(items[0])
        if self.field is not None:
            return self._typed(good)  # the model's own words for what takes one value
        if self.lookup is not None:
            return self._each_looked_up(good, self.lookup)
        if len(good) < len(items):
            reason = next(item.reason for item in items if item.__class__ is Invalid)
            return Outcome(good, {"dropped": reason})
        return good

    def _looked_up(self, value: str, lookup: Lookup) -> Any:
        found = lookup.table.entries.get(value, ABSENT)
        if found is not ABSENT:
            return self._typed(found) if has_value(found) else self._nothing(found)
        match lookup.otherwise:
            case "reject":
                return Outcome(None, None, ("MAP041", f"no lookup entry for {shown(value)}", lookup.mark))
            case "keep":
                return self._typed(value)
            case "value":
                return self._typed(lookup.instead)
        return self._flawed(Invalid(f"no lookup entry for {shown(value)}", code=value[:40]))

    def _each_looked_up(self, value: Any, lookup: Lookup) -> Any:
        """A number is looked up by its text; a list that goes to an untyped target item by item."""
        if isinstance(value, list) and self.field is None:
            results = [self._looked_up(text, lookup) for text in map(plain_text, value) if isinstance(text, str)]
            refused = next((r for r in results if isinstance(r, Outcome) and r.refusal is not None), None)
            return refused or [result for result in results if not isinstance(result, Outcome) and has_value(result)]
        text = plain_text(value)
        return self._flawed(text) if isinstance(text, Invalid) else self._looked_up(text, lookup)

    def _typed(self, value: Any) -> Any:
        if self.spec.ref:
            text = plain_text(value)
            return self._flawed(text) if isinstance(text, Invalid) else {"ref": self.spec.ref, "key": text}
        if self.item is None:
            return value
        if self.words is not None and value.__class__ is str and value in self.words:
            return value
        made = as_type(self.item, value, self.zone)
        return self._flawed(made) if made.__class__ is Invalid else made

    def _number(self, value: float) -> Any:
        text = decimal_text(value)
        return self._flawed(text) if isinstance(text, Invalid) else text

    def _numbers(self, column: Sequence[Any], cell: Cell) -> list[Any]:
        """Numbers that an expression has worked out, as text."""
        if set(map(type, column)) != {float}:
            return [cell(value) for value in column]
        texts = decimal_texts(column)
        if texts.__class__ is Texts:
            return texts
        return [self._flawed(text) if isinstance(text, Invalid) else text for text in texts]

    def _flawed(self, value: Invalid) -> Any:
        """A required field cannot do without; otherwise the record lives on and the note says what was wrong.

        The value is kept when its type can hold it at all (a credit code whose check character fails), else it is
        null: no consumer of a typed field ever meets text that is not of the type.
        """
        if self.required:
            return Outcome(None, None, ("MAP042", value.reason, self.spec.mark))
        note: dict[str, Any] = {"unknown_code": value.code} if value.code else {"invalid": value.reason}
        if value.code:
            return Outcome(self.default, {**note, "inferred": True}) if self.spec.has_default else Outcome(None, note)
        kept = None
        if has_value(value.kept) and self.item is not None and self.item.type in _KEPT:
            made = as_type(self.item, value.kept, self.zone)
            kept = None if made.__class__ is Invalid else made
        return Outcome(kept, note)

    def _nothing(self, value: Any) -> Any:
        if self.spec.has_default:
            return Outcome(self.default, {"inferred": True})
        if self.required:
            state = "absent" if value is ABSENT else "null" if value is None else "empty"
            return Outcome(None, None, ("MAP040", f"required, but {state} in the source", self.spec.mark))
        if self.field is None:
            return None  # a target is told about every field: what the golden record no longer has is cleared there
        return value

    # Many values

    def _many(self, value: Any) -> Any:
        if value.__class__ is Invalid:
            return self._flawed(value)
        if value is None or value is ABSENT:
            return self._nothing(value)
        items = value if isinstance(value, list) else [value]
        results: list[Any] = []
        dropped: list[Outcome] = []
        for item in items:
            if item is None or not has_value(item):
                continue
            result = self._one_of_many(item)
            if result.__class__ is Outcome:
                if result.refusal is not None and result.refusal[0] == "MAP041":
                    return result
                dropped.append(result)
            elif has_value(result) and result not in results:
                results.append(result)
        if dropped:
            return self._without(results, dropped)
        return results if results else self._nothing([])

    def _one_of_many(self, item: Any) -> Any:
        if item.__class__ is Invalid:
            return Outcome(None, {"unknown_code": item.code} if item.code else {"invalid": item.reason})
        if self.lookup is not None:
            text = plain_text(item)
            return (
                self._looked_up(text, self.lookup) if isinstance(text, str) else Outcome(None, {"invalid": text.reason})
            )
        return item if self.trusted and item.__class__ is str else self._typed(item)

    def _without(self, results: list[Any], dropped: list[Outcome]) -> Outcome:
        """Items that cannot be used are left out; while others remain the field is good, with a note of what went."""
        first = dropped[0]
        reason = first.refusal[1] if first.refusal else str(next(iter((first.note or {}).values()), ""))
        if results:
            return Outcome(results, {"dropped": reason})
        if self.required:
            return Outcome(None, None, ("MAP042", reason, self.spec.mark))
        return Outcome([], first.note)

    def _inferred(self, cell: Cell) -> Cell:
        """Every value of the field is marked as worked out, not stated: it ranks below any stated one."""

        def inferred(value: Any) -> Any:
            result = cell(value)
            if result.__class__ is Outcome:
                if result.refusal is None and has_value(result.value):
                    return Outcome(result.value, {**(result.note or {}), "inferred": True})
                return result
            return Outcome(result, {"inferred": True}) if has_value(result) else result

        return inferred


_KEPT = frozenset({"credit_code", "lei"})
_TEXTUAL = frozenset(
    {"text", "credit_code", "lei", "phone", "email", "url", "industry", "region", "point", "enum", "date"}
)


def as_type(field: Field, value: Any, zone: str | None = None) -> Any:
    """The canonical form of a value in a field's type, or `Invalid`; `zone` is of times without an offset."""
    scalar = value.__class__ is not str and not isinstance(value, list | dict | bool)
    if scalar and (isinstance(value, float) or field.type in _TEXTUAL):
        value = plain_text(value)
        if isinstance(value, Invalid) or field.type in ("money", "decimal"):
            return value
    try:
        return coerce(field, value, zone=zone)
    except Reject as error:
        # The caller puts the target's name in front; the model's message starts with the last part of it.
        reason = error.message.removeprefix(f"{field.name}: ")
        return Invalid(reason, value, code=value[:40] if error.code == "MOD021" and isinstance(value, str) else "")


def _single(field: Field) -> Field:
    """The field's type for one item of its list."""
    return Field(
        field.name,
        field.type,
        enum=field.enum,
        fields=field.fields,
        reference=field.reference,
        currency=field.currency,
    )
