"""Sheets of .xlsx and .xlsm, as XML: where errors stand, and formulas that no program has computed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from connectors.file.cells import UNCOMPUTED, Found, Tab, place_of
from connectors.file.package import Package, local, parser_for

WORKBOOK = "xl/workbook.xml"


class OpenXml:
    def __init__(self, package: Package) -> None:
        self._package = package

    @cached_property
    def tabs(self) -> Sequence[Tab]:
        """Worksheets only: charts and macros are no tables."""
        relations = self._package.relations(WORKBOOK)
        tabs: list[Tab] = []

        def start(name: str, attributes: dict[str, str]) -> None:
            if local(name) == "sheet":
                id = next((value for key, value in attributes.items() if local(key) == "id"), "")
                kind, part = relations.get(id, ("", ""))
                if kind == "worksheet":
                    tabs.append(Tab(attributes.get("name", ""), attributes.get("state", "visible") == "visible", part))

        self._package.parse(WORKBOOK, start)
        return tabs

    def look(self, tab: Tab) -> Found:
        found = Found()
        walk = _Walk(found)
        self._package.walk(tab.place, walk.parser)
        walk.close()
        return found


class _Walk:
    """Elements of one sheet. A cell without a reference stands to the right of the one before.

    There may be millions of cells, so that most of them get two short calls: one for the cell, one for its value. Only
    of errors and formulas the text is looked at, once the next cell begins.
    """

    def __init__(self, found: Found) -> None:
        self.parser = parser_for(self._start)
        self._found = found
        self._row = self._column = -1
        self._digits = ""
        self._kind: str | None = None
        self._formula = self._watched = False
        self._text: list[str] = []
        self._prefix, self._first = "", True
        self._columns: dict[str, int] = {}

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._prefix:
            name = name.removeprefix(self._prefix)
        if name == "c":
            if self._watched:
                self.close()
            reference = attributes.get("r")
            if reference is None:
                self._column += 1
            else:
                self._go(reference)
            self._kind = attributes.get("t")
            self._formula = False
        elif name == "v" or name == "t":
            if self._formula or self._kind == "e":
                self._watch()
            else:
                self._found.cell(self._row, self._column)
        elif name == "f":
            self._formula = self._watched = True
            self._text = []
        elif name == "row":
            if self._watched:
                self.close()
            self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
            self._digits, self._column = str(self._row + 1), -1
        elif self._first:
            self._first, self._prefix = False, name.removesuffix("worksheet")

    def _go(self, reference: str) -> None:
        letters = reference.rstrip("0123456789")
        if letters not in self._columns:
            self._columns[letters] = place_of(letters + "1")[1]
        self._column = self._columns[letters]
        digits = reference[len(letters) :]
        if digits != self._digits:  # a cell says better than its row where it stands
            self._row, self._digits = int(digits) - 1, digits

    def _watch(self) -> None:
        """Keep the text from here on."""
        self._watched, self._text = True, []
        self.parser.CharacterDataHandler = self._text.append

    def close(self) -> None:
        """The cell that was watched is over."""
        self.parser.CharacterDataHandler = None
        if not self._watched:
            return
        self._watched = False
        value = "".join(self._text).strip()
        if self._kind == "e":
            self._found.cell(self._row, self._column, value[:40] or "#?")
        elif value:
            self._found.cell(self._row, self._column)
        elif self._kind in (None, "n"):
            self._found.cell(self._row, self._column, UNCOMPUTED)
