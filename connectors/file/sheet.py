"""Rows of a sheet as records: their keys, their problems, the trailer at their end."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.file.config import FileStream
from connectors.file.row import Read, keyed, malformed, require
from connectors.file.source import Source, whole
from connectors.file.workbook import Ask, SheetRow, Workbook
from goldbridge.errors import Halt, Reject

_ROUNDED = 10**15
"""From here on a spreadsheet has rounded what was typed: it keeps fifteen digits."""


def opened(source: Source, entry: FileStream) -> Workbook:
    """The workbook of a source; raises when it is not whole or does more harm than good."""
    ask = Ask(entry.sheet, entry.header_row, entry.columns)
    with whole(source.place):
        return Workbook(source.plain, source.size, ask, source.limits)


def parse(book: Workbook, source: Source, entry: FileStream) -> Iterator[Read]:
    rows = book.rows() if source.trailer is None else _before_trailer(book.rows(), source)
    first = next(rows, None)
    require(entry.key, book.header, book.place, "is `header_row` right?")
    if first is None:
        return
    at = book.header.index(entry.key)
    yield _read(first, book, entry, at)
    for row in rows:
        yield _read(row, book, entry, at)


def _read(row: SheetRow, book: Workbook, entry: FileStream, at: int) -> Read:
    place = f"{book.place}:{row.number}"
    if row.beyond:
        if entry.columns is None:
            raise Halt(
                "CON084", f"{place} has a value in {row.beyond}, whose column has no name in the header; give it one"
            )
        return Read(row.number, "", {}, malformed(f"{place} has a value in {row.beyond}, behind the last of `columns`"))
    read = keyed(row.number, dict(zip(book.header, row.values, strict=True)), entry.key, book.place)
    if row.errors and (entry.key in row.errors or entry.formula_errors == "reject"):
        name, error = next(iter(row.errors.items()))
        text = f"{place} holds {error} in column '{name}'; correct the formula, or set `formula_errors: empty`"
        return read._replace(problem=Reject("CON334", text, field=name))
    key = row.raw[at] if at < len(row.raw) else ""
    if isinstance(key, float) and abs(key) >= _ROUNDED:
        text = (
            f"{place} has a number of more than 15 digits as its key, of which the spreadsheet has lost the last ones"
        )
        problem = Reject("CON337", f"{text}; make '{entry.key}' a column of text at the source", field=entry.key)
        return Read(row.number, "", {}, problem)
    return read


def _before_trailer(rows: Iterator[SheetRow], source: Source) -> Iterator[SheetRow]:
    last: SheetRow | None = None
    for row in rows:
        if last is not None:
            yield last
        last = row
    assert source.trailer is not None
    source.trailer.found(" ".join(str(value).strip() for value in last.values if value != "") if last else "")
