"""Runs one field over a whole batch: reads its source columns once, remembers results per distinct value.

Column by column is several times faster than record by record: the work per cell is one dictionary look-up where a
value was seen before. Where nearly every value is new and its chain is cheap, remembering is given up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from goldbridge.mapping.chain import Cell, Column, Finish, each, over, transforms
from goldbridge.mapping.expression import Expression
from goldbridge.mapping.resolve import resolver
from goldbridge.mapping.spec import FieldSpec, Source
from goldbridge.mapping.value import ABSENT, Invalid, Outcome, Texts, has_value, known, only_texts, plain_text, shown

Row = Mapping[str, Any]
REMEMBERED = 1 << 14
"""Values remembered per field; then it starts afresh."""
_TRIAL = 4_096
_PLAIN = frozenset({str, type(None), type(ABSENT)})
_PLAIN_KEYS = _PLAIN | {bool}


class Batch:
    """The records of one call, seen by column; each column is read once and never changed."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._columns: dict[str, list[Any]] = {}

    def column(self, name: str) -> list[Any]:
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = known(_read(self.rows, name))
        return found


def _read(rows: Sequence[Row], name: str) -> list[Any]:
    if "." in name:
        parts = name.split(".")
        return [_reach(row, name, parts) for row in rows]
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:  # a source may leave out what has no value
        return [row.get(name, ABSENT) for row in rows]


def _reach(row: Row, name: str, parts: list[str]) -> Any:
    """The value at a dotted name: a field of exactly that name, else step by step into groups (and lists, by number).

    A parent that is null or empty makes its members null; one that is missing, or lacks the member, makes them absent.
    """
    if name in row:
        return row[name]
    value: Any = row
    for part in parts:
        if isinstance(value, Mapping):
            value = value.get(part, ABSENT)
        elif isinstance(value, list) and value and part.isdecimal():
            value = value[int(part)] if int(part) < len(value) else ABSENT
        elif value is None or value in ("", []):
            return None
        else:
            return ABSENT
        if value is ABSENT:
            return ABSENT
    return value


class Cells:
    """Applies a function of one value to a column, and remembers what it gave. `costly` ones are always remembered.

    `over` does to a whole column what `cell` does to one value. Bounded, and safe to lose; threads may share it.
    """

    def __init__(self, cell: Cell, costly: bool, *, over: Column | None = None) -> None:
        self._cell = cell
        self._over: Column = over or each(cell)
        self._costly = costly
        self._memo: dict[Any, Any] = {}
        self._seen = self._fresh = 0
        self._direct = False

    def __call__(self, column: Sequence[Any], keys_are_plain: bool | None = None) -> list[Any]:
        """The results; raises whatever the function raises."""
        if self._direct:
            return self._over(column)
        # 1, 1.0 and True are one dictionary key but three values: only columns of text are looked up as they are.
        if keys_are_plain is None:
            kinds = {str} if column.__class__ is Texts else set(map(type, column))
            plain = kinds <= _PLAIN
            texts = [value for value in column if value.__class__ is str] if str in kinds and not plain else []
        else:
            plain, texts = keys_are_plain, []
        if plain:
            results = self._remembered(column)
        elif texts:
            memory, cell = self._known(texts), self._cell
            results = [memory[value] if value.__class__ is str else cell(value) for value in column]
        else:
            return self._over(column)
        if not self._costly:
            self._seen += len(column)
            if self._seen >= _TRIAL:
                self._direct = self._fresh * 2 > self._seen
                self._seen = self._fresh = 0
        return results

    def _remembered(self, column: Sequence[Any]) -> list[Any]:
        try:
            return list(map(self._memo.__getitem__, column))
        except KeyError:
            return list(map(self._known(column).__getitem__, column))

    def _known(self, column: Sequence[Any]) -> dict[Any, Any]:
        """The memory, with the results for every value of a column in it."""
        memo = self._memo
        distinct = dict.fromkeys(column)
        fresh = [value for value in distinct if value not in memo]
        if len(memo) + len(fresh) > REMEMBERED:
            memo = self._memo = {}  # not emptied: another thread may be reading it
            fresh = list(distinct)
        memo.update(zip(fresh, self._over(fresh), strict=True))
        self._fresh += len(fresh)
        return memo


class FieldColumn:
    """One target field over a batch: origin, transforms, finish. Never raises for a record's sake."""

    def __init__(self, spec: FieldSpec, ending: Finish, expression: Expression | None, costly: bool) -> None:
        self.spec = spec
        run, through = transforms(spec.via), over(spec.via)
        if spec.resolve:
            run = resolver(spec, run)
            through = each(run)
        self.ending = ending
        finish, finished = ending.cell(), ending.column()
        self.run, self.finish = run, finish
        self.expression = expression
        whole: Cell = (lambda value: finish(run(value))) if spec.via or spec.resolve else finish
        self.whole = whole
        self._cells = Cells(
            whole, costly, over=(lambda column: finished(through(column))) if spec.via or spec.resolve else finished
        )
        self._finish = Cells(finish, costly=False, over=finished)
        self._run = Cells(run, costly, over=through)
        self._parts = {id(one): Cells(_part(one), _is_costly(one)) for one in spec.sources if not one.is_plain}
        self._takes_list = any(step.transform.takes == "list" for step in spec.via)
        self._evaluate = expression_cells(expression) if expression is not None else None
        make: dict[str, Callable[[Batch], list[Any]]] = {
            "from": self._from_many
            if len(spec.sources) > 1 or (spec.sources and not spec.sources[0].is_plain)
            else self._from,
            "first_of": self._first_of,
            "join": self._join,
            "expr": self._expr,
            "value": self._value,
        }
        self._make = make[spec.origin]

    def __call__(self, batch: Batch) -> list[Any]:
        """One finished cell per row: a value, `ABSENT`, or an `Outcome`."""
        try:
            return self._make(batch)
        except Exception:  # a defect hits one record, not its batch: find it row by row
            return [self._alone(row) for row in batch.rows]

    def _alone(self, row: Row) -> Any:
        try:
            return self._make(Batch([row]))[0]
        except Exception as error:
            where = self._blame(row)
            reason = f"{where} failed unexpectedly ({type(error).__name__}); this is a defect, the record is kept aside"
            return Outcome(None, None, ("MAP044", reason, self.spec.mark))

    def _blame(self, row: Row) -> str:
        """The transform that fails on the row's value; the field as a whole when no single one does."""
        batch = Batch([row])
        for source in self.spec.sources:
            value: Any = source.constant if not source.name else batch.column(source.name)[0]
            for step in (*source.via, *self.spec.via):
                try:
                    if value.__class__ is not Invalid and has_value(value):
                        value = step.on_text(value) if isinstance(value, str) else step.on_any(value)
                except Exception:
                    return f"transform '{step.transform.name}'"
        return "the field"

    # Origins

    def _from(self, batch: Batch) -> list[Any]:
        return self._cells(batch.column(self.spec.sources[0].name))

    def _columns(self, batch: Batch) -> list[list[Any]]:
        """The source columns, each through the transforms of its own."""
        made = []
        for source in self.spec.sources:
            column = batch.column(source.name) if source.name else [source.constant] * len(batch.rows)
            cells = self._parts.get(id(source))
            made.append(cells(column) if cells else column)
        return made

    def _from_many(self, batch: Batch) -> list[Any]:
        """All values of several sources in one list; only sources that say nothing at all leave it absent or null."""
        columns = self._columns(batch)
        if self._takes_list:
            return [self.whole(_gathered(values)) for values in zip(*columns, strict=True)]
        columns = [self._run(column) for column in columns]
        return [self.finish(_gathered(values)) for values in zip(*columns, strict=True)]

    def _first_of(self, batch: Batch) -> list[Any]:
        """The first source whose value survives the transforms; an invalid one only when no other is left."""
        columns: list[list[Any]] = []
        for column in self._columns(batch):
            columns.append(known(self._run(column)))
            if columns[0].__class__ is Texts:
                return self._finish(columns[0])
        return self._finish([_first(values) for values in zip(*columns, strict=True)])

    def _join(self, batch: Batch) -> list[Any]:
        separator = self.spec.separator
        named = [bool(source.name) for source in self.spec.sources]
        columns = self._columns(batch)
        if any(named) and all(map(only_texts, columns)):
            return self._cells(Texts(map(separator.join, zip(*columns, strict=True))))
        return self._cells([_joined(values, named, separator) for values in zip(*columns, strict=True)])

    def _expr(self, batch: Batch) -> list[Any]:
        expression, evaluate = self.expression, self._evaluate
        if expression is None or evaluate is None or not batch.rows:
            return []
        return self._cells(evaluated(expression, evaluate, batch))

    def _value(self, batch: Batch) -> list[Any]:
        return [self.whole(self.spec.constant)] * len(batch.rows)


def expression_cells(expression: Expression) -> Cells:
    """An expression applied to the values it reads, a tuple of them per row."""
    return Cells(expression.evaluate, costly=False, over=expression.over)


def evaluated(expression: Expression, evaluate: Cells, batch: Batch) -> list[Any]:
    """An expression's results over a batch."""
    if not expression.reads:
        return [expression.evaluate(())] * len(batch.rows)
    columns = [batch.column(name) for name in expression.reads]
    made = expression.shortly(columns)
    if made is not None:
        return made
    plain = all(set(map(type, column)) <= _PLAIN_KEYS for column in columns)
    return evaluate(list(zip(*columns, strict=True)), plain)


def _part(source: Source) -> Cell:
    """The steps of one source: its transforms, then the reference its key is turned into."""
    run = transforms(source.via)
    if not source.ref:
        return run

    def refer(value: Any) -> Any:
        value = run(value)
        if value.__class__ is Invalid or not has_value(value):
            return value
        text = plain_text(value)
        return text if isinstance(text, Invalid) else {"ref": source.ref, "key": text}

    return refer


def _is_costly(source: Source) -> bool:
    return any(step.transform.costly for step in source.via)


def _gathered(values: Sequence[Any]) -> Any:
    found: list[Any] = []
    state: Any = ABSENT
    for value in values:
        if value.__class__ is Invalid or has_value(value):
            found.extend(value if isinstance(value, list) else [value])
        elif value is not ABSENT and state != "":
            state = value if value is None else ""
    return found or state


def _first(values: Sequence[Any]) -> Any:
    state: Any = ABSENT
    flaw: Invalid | None = None
    for value in values:
        if value.__class__ is Invalid:
            flaw = flaw or value
        elif has_value(value):
            return value
        elif value is not ABSENT and state != "":
            state = value if value is None else ""
    return flaw if flaw is not None else state


def _joined(values: Sequence[Any], named: Sequence[bool], separator: str) -> Any:
    """The parts that have a value, as one text; fixed texts alone make none."""
    parts: list[str] = []
    state: Any = ABSENT
    real = False
    for value, is_field in zip(values, named, strict=True):
        if value.__class__ is str and value:
            parts.append(value)
            real = real or is_field
        elif value.__class__ is Invalid or not has_value(value):
            if is_field and value is not ABSENT and state != "":
                state = value if value is None else ""
        else:
            text = plain_text(value)
            if isinstance(text, Invalid):
                return Invalid(f"{shown(value)} cannot be joined", None)
            parts.append(text)
            real = real or is_field
    return separator.join(parts) if real else state


def flawed(column: Sequence[Any]) -> list[tuple[int, Outcome]]:
    """The cells that are more than a value, with their rows."""
    return [(at, cell) for at, cell in enumerate(column) if cell.__class__ is Outcome]
