"""What `goldbridge dedupe` writes: CSV, a workbook or Parquet, by the ending of the name; whole or not at all.

A cell that a spreadsheet would run as a formula must not run. In CSV, where every cell is text that the spreadsheet
reads as it likes, an apostrophe goes before it; in a workbook it is a cell of text, marked so that it stays one when
somebody edits it, and holds exactly what the input held. Parquet has types, and is written as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from goldbridge.cli import table as csv_table
from goldbridge.cli.dedupe_table import Table
from goldbridge.errors import Mark, Misconfigured

Added = tuple[tuple[str, ...], Iterable[tuple[str, ...]]]
"""The names of our columns, and a cell per column for each row: numbers, or empty."""
MOST_ROWS, MOST_COLUMNS, MOST_CHARACTERS = 1_048_576, 16_384, 32_767
"""What a sheet can hold, the header included; what a cell can."""
READ_ONLY = (".xls", ".xlsb", ".xlsm", ".ods")


def ending(file: Path) -> str:
    """The ending of a result that has no name yet: the format of the input, as far as it is written."""
    suffix = file.suffix.lower()
    return ".xlsx" if suffix in READ_ONLY else suffix if suffix in (".xlsx", ".parquet") else ".csv"


def place(files: Sequence[Path], out: Path | None, force: bool) -> Path:
    """Where the result goes; raises `Misconfigured` DED034 before any work is done when something is there already."""
    if out is None:
        stems = [(file.with_suffix("") if file.suffix == ".gz" else file).stem for file in files]
        out = files[0].with_name(f"{'-'.join(stems)}.clusters{ending(files[0])}")
    if out.suffix.lower() in READ_ONLY:
        raise Misconfigured.one("DED034", f"{out.suffix} is read, not written; name it .xlsx", Mark(str(out)))
    if any(out.exists() and file.exists() and out.samefile(file) for file in files):
        raise Misconfigured.one("DED034", "the result would replace the input; choose another --out", Mark(str(out)))
    if out.is_dir():
        raise Misconfigured.one("DED034", "is a folder; --out names a file", Mark(str(out)))
    if not out.parent.is_dir():
        raise Misconfigured.one("DED034", "its folder does not exist; make it first", Mark(str(out)))
    if out.exists() and not force:
        raise Misconfigured.one(
            "DED034", "exists already; choose another --out, or overwrite with --force", Mark(str(out))
        )
    return out


def check(table: Table, out: Path, added: int) -> None:
    """Raise `Misconfigured` DED034 or CON335 before any work is done when the result cannot be held by its format."""
    if out.suffix.lower() != ".xlsx":
        return
    _xlsxwriter(out)
    if len(table.rows) >= MOST_ROWS or len(table.header) + added > MOST_COLUMNS:
        size = f"{MOST_ROWS:,} rows and {MOST_COLUMNS:,} columns"
        raise Misconfigured.one("DED034", f"a sheet holds {size}; name it .csv or .parquet", Mark(str(out)))
    for number, row in enumerate((table.header, *table.rows), start=1):
        if any(len(cell) > MOST_CHARACTERS for cell in row):
            message = f"row {number} has a cell of more than {MOST_CHARACTERS:,} characters, more than a sheet can hold"
            raise Misconfigured.one("DED034", f"{message}; name it .csv or .parquet", Mark(str(out)))


def write(table: Table, out: Path, added: Added, *, escape: bool) -> None:
    """The input with the added columns at the end."""
    forms: dict[str, Callable[[Table, Path, Added], None]] = {".xlsx": _workbook, ".parquet": _parquet}
    form = forms.get(out.suffix.lower())
    if form is not None:
        form(table, out, added)
    else:
        _csv(table, out, added, escape)


def _csv(table: Table, out: Path, added: Added, escape: bool) -> None:
    names, cells = added
    with csv_table.writer(out, table.encoding) as target:
        for row, more in _rows(table, names, cells):
            target.writerow([*(map(csv_table.safe, row) if escape else row), *more])


def _rows(
    table: Table, names: tuple[str, ...], cells: Iterable[tuple[str, ...]]
) -> Iterable[tuple[Sequence[str], tuple[str, ...]]]:
    yield table.header, names
    yield from zip(table.rows, cells, strict=True)


def _xlsxwriter(out: Path) -> Any:
    try:
        import xlsxwriter  # type: ignore[import-untyped]  # it has no stubs
    except ImportError:
        text = "a workbook needs an extra; install it with: pip install 'goldbridge[excel]'"
        raise Misconfigured.one("CON335", text, Mark(str(out))) from None
    return xlsxwriter


def _workbook(table: Table, out: Path, added: Added) -> None:
    names, cells = added
    with csv_table.replacing(out) as raw:
        book = _xlsxwriter(out).Workbook(raw, {"constant_memory": True})
        book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})  # the same input, the same file
        text = book.add_format({"quote_prefix": True})
        sheet = book.add_worksheet("clusters")
        sheet.freeze_panes(1, 0)
        for at, (row, more) in enumerate(_rows(table, names, cells)):
            for column, cell in enumerate(row):
                if cell:
                    sheet.write_string(at, column, cell, text if csv_table.safe(cell) != cell else None)
            for column, cell in enumerate(more, start=len(row)):
                if cell and at:
                    sheet.write_number(at, column, float(cell))
                elif cell:
                    sheet.write_string(at, column, cell)
        book.close()


def _parquet(table: Table, out: Path, added: Added) -> None:
    import polars  # 0.8 s that few runs need

    names, cells = added
    columns = {name: polars.Series(table.cells(name), dtype=polars.String) for name in table.header}
    for name, column in zip(names, zip(*cells, strict=True), strict=True):
        numbers = [float(cell) if cell else None for cell in column]
        whole = all(number is not None and number.is_integer() for number in numbers) and "." not in "".join(column)
        columns[name] = polars.Series(numbers, dtype=polars.Float64).cast(polars.Int64 if whole else polars.Float64)
    with csv_table.replacing(out) as raw:
        polars.DataFrame(columns).write_parquet(raw)
