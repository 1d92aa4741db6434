"""Workbooks and Parquet files as `goldbridge dedupe` sees them: every cell as text, by the readers of the connector."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

from connectors.file import parquet
from connectors.file.limit import Limits
from connectors.file.source import whole
from connectors.file.workbook import Ask, Workbook
from goldbridge.errors import GoldbridgeError, Mark, Misconfigured

MOST_MB, MOST_RATIO = 4096, 200


class Typed(NamedTuple):
    """A table of text; `encoding` is what a CSV made from it is best written in."""

    encoding: str
    header: list[str]
    rows: list[list[str]]
    formula_errors: int = 0


def read(file: Path, form: Literal["excel", "parquet"], sheet: str | None) -> Typed:
    """The file; raises `Misconfigured` with the reader's code and the file's name."""
    limits = Limits(MOST_MB, MOST_RATIO, file.name, settings=False)
    try:
        size = file.stat().st_size
        with whole(file.name):
            found = _workbook(file, size, sheet, limits) if form == "excel" else _parquet(file, size, limits)
    except OSError as error:
        raise Misconfigured.one("CFG090", f"cannot be read: {error.strerror}", Mark(str(file))) from error
    except GoldbridgeError as error:
        raise Misconfigured.one(error.code, error.message, Mark(str(file))) from None
    if not found.rows:
        raise Misconfigured.one("CFG090", "the file has a header and no rows", Mark(str(file)))
    return found


def _workbook(file: Path, size: int, sheet: str | None, limits: Limits) -> Typed:
    def opener() -> BinaryIO:
        return file.open("rb")

    wanted = int(sheet) if sheet and sheet.isdecimal() else sheet or 1
    book = Workbook(opener, size, Ask(wanted), limits)
    rows, errors = [], 0
    for row in book.rows():
        if row.beyond:
            message = f"row {row.number}: {row.beyond} holds a value, but its column has no name; name it or clear it"
            raise Misconfigured.one("DED033", message, Mark(str(file)))
        rows.append([text(value) for value in row.values])
        errors += len(row.errors)
    # Excel takes a CSV without a mark for one in the encoding of the machine.
    return Typed("utf-8-sig", book.header, rows, errors)


def _parquet(file: Path, size: int, limits: Limits) -> Typed:
    with file.open("rb") as opened:
        header, rows = parquet.table(opened, size, limits)
        return Typed("utf-8", header, [[text(value) for value in row] for row in rows])


def part(file: Path, start: int, count: int) -> list[list[str]]:
    """So many rows of a Parquet file from `start` on, as `read` gives them; for those who divide the work."""
    with file.open("rb") as opened, whole(file.name):
        return [[text(value) for value in row] for row in parquet.part(opened, file.name, start, count)]


def text(value: Any) -> str:
    """A value as a cell of a table of text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)
