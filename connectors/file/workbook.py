"""One sheet of a workbook as rows of values: .xlsx, .xlsm, .xlsb, .xls and .ods.

Numbers become the text they are (`5`, not `5.0`), dates and times ISO text; a cell that is empty is the empty text. An
error in a cell is never taken for an empty one unless that is asked for. A workbook is held in memory while it is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, BinaryIO, NamedTuple

from connectors.file.biff import MAGIC, Biff
from connectors.file.binary_sheet import WORKBOOK as BINARY
from connectors.file.binary_sheet import BinarySheets
from connectors.file.cells import Book, Tab, letters, name_of
from connectors.file.limit import Limits
from connectors.file.opendocument import OpenDocument
from connectors.file.openxml import WORKBOOK, OpenXml
from connectors.file.package import Package
from connectors.file.value import duration, number
from goldbridge.errors import Halt, Mark, Misconfigured, Retry
from goldbridge.records.hint import did_you_mean

Value = str | bool
Opener = Callable[[], BinaryIO]


class Ask(NamedTuple):
    """Which table of a workbook is meant. `columns`: it has no header; `header_row` counts from 1."""

    sheet: str | int = 1
    header_row: int | None = None
    columns: tuple[str, ...] | None = None


class SheetRow(NamedTuple):
    """A row: its number as people count, a value per column, its errors by column, the columns it has too many."""

    number: int
    values: list[Value]
    errors: Mapping[str, str]
    raw: Sequence[Any]
    beyond: str = ""


class Workbook:
    """A workbook that was proved whole and harmless; `rows` reads its sheet, each time from the file."""

    def __init__(self, opener: Opener, size: int, ask: Ask, limits: Limits) -> None:
        self._opener, self._ask, self._limits = opener, ask, limits
        self._library = library(limits.where)
        with opener() as file:
            book = _book(file, size, limits)
            self._tab = _chosen(book.tabs, ask.sheet, limits.where)
            self.place = f"{limits.where}: sheet '{self._tab.name}'"
            self._found = book.look(self._tab)
        self._found.check(self.place)
        self.header: list[str] = []

    @cached_property
    def _convert(self) -> Mapping[type, Callable[[Any], Value]]:
        return {
            str: str, bool: bool, int: str, float: number, datetime: datetime.isoformat, date: date.isoformat,
            time: time.isoformat, timedelta: lambda value: duration(value // timedelta(microseconds=1), 1_000_000),
        }  # fmt: skip

    def rows(self) -> Iterator[SheetRow]:
        """The rows below the header that are not empty; `header` is known once the first was asked for."""
        sheet = self._sheet()
        if sheet.start is None:
            raise Halt("CON084", f"{self.place} is empty: it has not even a header row; deliver it again")
        left = sheet.start[1]
        rows = enumerate(sheet.iter_rows())
        names = self._names(rows, sheet, left)
        self.header = [name for name in names if name]
        kept = [at for at, name in enumerate(names) if name]
        dense = len(kept) == len(names)
        convert, errors = self._convert, self._found.errors
        for at, cells in rows:
            wrong = errors.get(at)
            if not wrong and not any(cell != "" for cell in cells):
                continue
            cells = [""] * left + cells
            beyond = ""
            if len(cells) > len(names) or not dense:
                extra = [c for c, cell in enumerate(cells) if cell != "" and (c >= len(names) or not names[c])]
                beyond = name_of(at, extra[0]) if extra else ""
                cells = [cells[c] if c < len(cells) else "" for c in kept]
            values = [convert[type(cell)](cell) for cell in cells]
            values += [""] * (len(self.header) - len(values))
            told = {names[c]: text for c, text in wrong.items() if c < len(names) and names[c]} if wrong else {}
            yield SheetRow(at + 1, values, told, cells, beyond)

    def _sheet(self) -> Any:
        with self._opener() as file:
            try:
                book = self._library.load_workbook(file)
                return book.get_sheet_by_name(self._tab.name)
            except self._library.PasswordError:
                raise Halt(
                    "CON331", f"{self._limits.where} is encrypted with a password; deliver it without one"
                ) from None
            except self._library.CalamineError as error:
                text = f"{self._limits.where} is cut off or damaged ({error}); deliver it again"
                raise Retry("CON082", text) from None

    def _names(self, rows: Iterator[tuple[int, list[Any]]], sheet: Any, left: int) -> list[str]:
        """A name per column from A on, empty for a column without one."""
        if self._ask.columns is not None:
            return list(self._ask.columns)
        at, cells = next(
            ((at, cells) for at, cells in rows if self._is_header(at, cells)), (self._ask.header_row or 1, [])
        )
        names = [str(self._convert[type(cell)](cell)) for cell in [""] * left + cells]
        for (top, first), (bottom, last) in sheet.merged_cell_ranges or ():
            if top <= at <= bottom and first < last:
                where = f"{name_of(top, first)}:{name_of(bottom, last)}"
                text = f"{self.place}:{at + 1} is no header: {where} is one cell, merged over several columns"
                raise Halt("CON084", f"{text}; set `header_row` to the row that names each column")
            if top < at <= bottom and first < len(names):
                names[first] = self._above(sheet, top, first)
        if not any(name.strip() for name in names):
            row = self._ask.header_row or 1
            raise Halt("CON084", f"{self.place}:{row} has no header: the row is empty; correct `header_row`")
        twice = [name for name, count in Counter(names).items() if count > 1 and name.strip()]
        if twice:
            both = [letters(column) for column, name in enumerate(names) if name == twice[0]]
            text = f"{self.place}:{at + 1} names the column '{twice[0]}' twice ({' and '.join(both)})"
            raise Halt("CON084", f"{text}; give each its own name")
        return [name if name.strip() else "" for name in names]

    def _is_header(self, at: int, cells: list[Any]) -> bool:
        if self._ask.header_row is not None:
            return at + 1 == self._ask.header_row
        return any(cell != "" for cell in cells)

    def _above(self, sheet: Any, top: int, column: int) -> str:
        """What a cell merged over several rows says, which stands in the first of them."""
        row = next(cells for at, cells in enumerate(sheet.iter_rows()) if at == top)
        value = row[column - sheet.start[1]] if column >= sheet.start[1] else ""
        return str(self._convert[type(value)](value))


def library(where: str) -> Any:
    """The library that reads workbooks; an extra, because few need it."""
    try:
        import python_calamine
    except ImportError:
        text = f"{where}: workbooks need an extra; install it with: pip install 'goldbridge[excel]'"
        raise Misconfigured.one("CON335", text, Mark("config/sources.yaml")) from None
    return python_calamine


def _book(file: BinaryIO, size: int, limits: Limits) -> Book:
    start = file.read(512)
    file.seek(0)
    if start.startswith(b"PK"):
        package = Package(file, size, limits)
        if WORKBOOK in package:
            return OpenXml(package)
        if BINARY in package:
            return BinarySheets(package)
        if "content.xml" in package:
            return OpenDocument(package)
        raise Halt("CON084", f"{limits.where} is an archive without a workbook in it; deliver the workbook itself")
    if start.startswith(MAGIC):
        limits.check(size, size)
        return Biff(file.read(), limits)
    if not start.strip(b"\0"):
        raise Retry("CON082", f"{limits.where} is empty or was never filled; deliver it again")
    kind = "a web page" if b"<" in start[:64] else "something else"
    text = f"{limits.where} is no workbook, whatever its name says: it begins like {kind}"
    raise Halt("CON084", f"{text}; save it as .xlsx, or read it as what it is with `format`")


def _chosen(tabs: Sequence[Tab], sheet: str | int, where: str) -> Tab:
    """The sheet by its name, or by its place among those that people see."""
    if isinstance(sheet, str):
        for tab in tabs:
            if tab.name == sheet:
                return tab
        hint = did_you_mean(sheet, [tab.name for tab in tabs])
        message = f"{where} has no sheet '{sheet}'{hint}; correct `sheet`"
    else:
        visible = [tab for tab in tabs if tab.visible]
        if sheet <= len(visible):
            return visible[sheet - 1]
        names = ", ".join(tab.name for tab in visible[:10]) or "none"
        message = f"{where} has {len(visible)} visible sheets ({names}), `sheet` asks for number {sheet}; correct it"
    raise Misconfigured.one("CON333", message, Mark("config/sources.yaml"))
