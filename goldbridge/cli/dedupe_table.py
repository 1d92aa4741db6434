"""The table of `goldbridge dedupe`: read and checked, its columns chosen, resolved."""

from __future__ import annotations

import csv
import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from connectors.file.config import SUFFIXES
from dedupe.bit import BIT
from dedupe.grade import KINDS as GRADES
from dedupe.grade import Kind
from dedupe.table import engine
from dedupe.table.column import KINDS, Guess
from dedupe.table.general import Undecided
from dedupe.table.header import IGNORE
from dedupe.table.resolution import NOTHING_ASKED, Resolution, Wish
from goldbridge.cli import dedupe_typed
from goldbridge.cli import table as csv_table
from goldbridge.errors import Mark, Misconfigured, Problems
from goldbridge.ports import Progress
from goldbridge.records.hint import did_you_mean

LONGEST = 600
"""Characters of a cell that are compared: the cost of comparing two texts grows with the product of their lengths."""


@dataclass(frozen=True)
class Table:
    """A whole file: `rows` are as wide as `header`, in the order of the file.

    `encoding` is that of the result, when it is text; `formula_errors` are cells with #N/A and the like, read as empty.
    """

    file: Path
    encoding: str
    header: list[str]
    rows: list[list[str]]
    formula_errors: int = 0
    first: int = 0
    """How many rows come from the first of two files, 0 when there is one."""
    second: Path | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    """Columns of two files that are not compared, and why: only one has them, or they number its rows."""

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.file,) if self.second is None else (self.file, self.second)

    @property
    def mark(self) -> Mark:
        """The header line."""
        return Mark(str(self.file), 1, 1)

    def cells(self, column: str) -> list[str]:
        at = self.header.index(column)
        return [row[at] for row in self.rows]

    def find(self, name: str, option: str) -> str:
        """The column that people mean by `name`; raises `Misconfigured` DED030 with the nearest one."""
        for form in (str, str.strip, lambda text: text.strip().casefold()):
            for column in self.header:
                if form(column) == form(name):
                    return column
        hint = did_you_mean(name, self.header)
        listed = ", ".join(self.header[:20]) + (", ..." if len(self.header) > 20 else "")
        raise Misconfigured.one("DED030", f"{option}: there is no column '{name}'{hint}; it has {listed}", self.mark)


def read(file: Path, encoding: str | None, sheet: str | None = None) -> Table:
    """The file as a table; raises `Misconfigured` CFG090, CFG093, DED030, DED032 or DED033, or what the reader says."""
    form = SUFFIXES.get(file.suffix.lower())
    if sheet is not None and form != "excel":
        raise Misconfigured.one("DED030", "--sheet is for workbooks", Mark(str(file)))
    if form == "excel" or form == "parquet":
        if encoding is not None:
            raise Misconfigured.one("DED030", f"--encoding is for text, the file is {form}", Mark(str(file)))
        typed = dedupe_typed.read(file, form, sheet)
        _nul(file, typed.rows)
        return Table(file, typed.encoding, typed.header, typed.rows, typed.formula_errors)
    return _text(file, encoding)


def _nul(file: Path, rows: Iterable[Sequence[str]]) -> None:
    for number, row in enumerate(rows, start=1):
        if any("\0" in cell for cell in row):
            raise Misconfigured.one("DED033", f"row {number} holds a NUL character, which no text has", Mark(str(file)))


def _text(file: Path, encoding: str | None) -> Table:
    encoding, _ = csv_table.inspect(file, encoding)
    rows: list[list[str]] = []
    ragged: list[tuple[int, int]] = []
    with csv_table.opened(file, encoding) as source:
        lines = csv_table.numbered(source, file)
        _, header = next(lines, (0, []))
        if not any(cell.strip() for cell in header):
            raise Misconfigured.one("CFG090", "the file has no header line", Mark(str(file), 1, 1))
        for line, row in lines:
            if len(row) != len(header):
                ragged.append((line, len(row)))
            elif any("\0" in cell for cell in row):
                message = "a NUL character: the file is damaged or not a text file"
                raise Misconfigured.one("DED033", message, Mark(str(file), line, 1))
            else:
                rows.append(row)
    if ragged:
        line, width = ragged[0]
        more = f", the first of {len(ragged)} such rows" if len(ragged) > 1 else ""
        message = f"{width} cells, the header has {len(header)}{more}; is a quote or a delimiter missing?"
        raise Misconfigured.one("DED033", message, Mark(str(file), line, 1))
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        named = ", ".join(f"'{name}'" for name in twice)
        raise Misconfigured.one("DED032", f"more than one column is called {named}; rename them", Mark(str(file), 1, 1))
    if not rows:
        raise Misconfigured.one("CFG090", "the file has a header and no rows", Mark(str(file), 1, 1))
    return Table(file, encoding, header, rows)


def choose(
    table: Table,
    columns: Iterable[str],
    aside: Iterable[str],
    *,
    known: Mapping[str, str] | None = None,
    compare: Sequence[str] = (),
) -> list[Guess]:
    """What each column is, guessed or as told by --columns and before it by `known` (column -> kind); raises
    `Misconfigured` DED030, DED031 or DED044.

    Columns `aside` (the truth, the source, the id) are no input and get no guess. With `compare`, others are left out.
    """
    told = {**(known or {}), **_told(table, columns)}
    out = set(aside)
    clash = sorted(out & set(told))
    if clash:
        message = f"--columns names '{clash[0]}', which is given as the truth or the source and never compared"
        raise Misconfigured.one("DED030", message, table.mark)
    guesses = engine.guess_columns(compared(table, (name for name in table.header if name not in out)), told)
    left_out = {name: reason for name, reason in table.missing.items() if name not in told}
    left_out |= {name: "not in `compare`" for name in table.header if compare and name not in compare}
    guesses = [
        Guess(each.column, IGNORE, 1.0, left_out[each.column]) if each.column in left_out else each for each in guesses
    ]
    used = [each.column for each in guesses if each.kind != IGNORE and any(map(str.strip, table.cells(each.column)))]
    if not used and len(table.rows) > 1 and _equal(table, guesses):
        message = (
            f"all {len(table.rows):,} rows are equal in every column, but for those that number them: they are one "
            "thing, and nothing is left to compare; is a column missing in the export?"
        )
        raise Misconfigured.one("DED044", message, table.mark)
    # The name of a company has parts enough to be compared alone.
    if len(used) < 2 and not (used and engine.is_about_organisations(guesses)):
        have = f"only '{used[0]}'" if used else "none"
        why = "; ".join(f"'{each.column}': {each.reason}" for each in guesses if each.kind == IGNORE)
        message = f"two columns or more must say something, usable: {have}{f' ({why})' if why else ''}; see --columns"
        raise Misconfigured.one("DED031", message, table.mark)
    return guesses


def _equal(table: Table, guesses: Iterable[Guess]) -> bool:
    """Whether all rows say one and the same thing, but for what numbers them."""
    said = [table.header.index(each.column) for each in guesses if "numbers" not in each.reason]
    first = [table.rows[0][at] for at in said]
    return any(map(str.strip, first)) and all([row[at] for at in said] == first for row in table.rows)


def compared(table: Table, names: Iterable[str]) -> dict[str, list[str]]:
    """The cells of these columns as far as they are compared."""
    return {name: [cell[:LONGEST].strip() for cell in table.cells(name)] for name in names}


def _told(table: Table, columns: Iterable[str]) -> dict[str, str]:
    """--columns as column -> kind; every mistake in it is told at once."""
    told: dict[str, str] = {}
    problems = Problems()
    for part in columns:
        for entry in next(csv.reader([part]), []):
            kind, equals, name = entry.partition("=")
            if not equals:
                problems.note(table.mark, "DED030", f"--columns: '{entry}' is not KIND=COLUMN, such as name=title")
                continue
            kind = kind.strip()
            if kind not in KINDS:
                hint = did_you_mean(kind, KINDS)
                problems.note(table.mark, "DED030", f"--columns: no kind '{kind}'{hint}; kinds: {', '.join(KINDS)}")
            try:
                column = table.find(name, "--columns")
            except Misconfigured as error:
                problems.extend(error.problems)
                continue
            if told.get(column, kind) != kind:
                problems.note(table.mark, "DED030", f"--columns: '{column}' is given two kinds")
            told[column] = kind
    problems.raise_any()
    return told


def resolve(
    table: Table,
    guesses: Sequence[Guess],
    sources: Sequence[str] | None,
    *,
    one_to_one: bool = True,
    progress: Progress | None = None,
    wish: Wish = NOTHING_ASKED,
    on_spark: bool = False,
) -> tuple[Resolution, dict[str, dict[str, float]]]:
    """Find the duplicates; beside them the bits learned per column and level, empty where shipped rules were used.

    Raises `Misconfigured` DED031 when the columns cannot tell the rows apart.
    """
    if len(table.rows) == 1:  # there is no pair, and nothing to learn from
        return Resolution([0], [None], [True], method="none"), {}
    cells = compared(table, (each.column for each in guesses))
    single = sources is not None and one_to_one
    try:
        run = _on_spark(table) if on_spark else engine.resolve
        with _uncollected():
            found = run(cells, guesses, sources=sources, one_to_one=single, progress=progress, wish=wish)
    except Undecided as error:
        raise Misconfigured.one("DED031", str(error), table.mark) from None
    except KeyError as error:
        message = f"there is no blocking key '{error.args[0]}'; --report and --json list those of a run without `block`"
        raise Misconfigured.one("DED039", message, table.mark) from None
    return found, _weights(found)


def weighed_as(table: Table, guesses: Sequence[Guess]) -> dict[str, Kind]:
    """The columns that have weights of their own, and how they are graded; none where rules weigh."""
    cells = compared(table, (each.column for each in guesses))
    return {column: GRADES[kind] for column, kind in engine.weighed_as(cells, guesses).items()}


def _on_spark(table: Table) -> Callable[..., Resolution]:
    from goldbridge.spark import engine as spark
    from goldbridge.spark.frame import Slices

    slices = None
    if table.second is None and SUFFIXES.get(table.file.suffix.lower()) == "parquet":
        read = partial(dedupe_typed.part, table.file.resolve())
        slices = Slices(len(table.rows), tuple(table.header), read, LONGEST)
    return partial(spark.resolve, where=table.mark, slices=slices)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Millions of small values are made that hold no cycles: looking for some again and again costs a tenth."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def repeats(table: Table, guesses: Sequence[Guess], sources: Sequence[str]) -> list[dict[str, Any]]:
    """Per source, how many rows equal an earlier row of it in everything that is compared."""
    cells = list(compared(table, (each.column for each in guesses if each.kind != IGNORE)).values())
    counts = Counter(zip(sources, *cells, strict=True))
    found: Counter[str] = Counter()
    for (source, *said), count in counts.items():
        if count > 1 and any(said):
            found[source] += count - 1
    return [{"source": source, "rows": rows} for source, rows in sorted(found.items())]


def in_bits(weight: int) -> float:
    """A match weight for people and files: bits with two digits."""
    return round(weight / BIT, 2)


def _weights(found: Resolution) -> dict[str, dict[str, float]]:
    if found.model is None or found.method != "trained":
        return {}
    trained = found.model.statistics.weights
    return {
        each.name: dict(zip(GRADES[each.kind].labels, map(in_bits, trained[each.name]), strict=True))
        for each in found.model.rules.comparisons
    }
