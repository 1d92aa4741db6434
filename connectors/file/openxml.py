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
        parser = parser_for(walk.start, walk.end)
        parser.CharacterDataHandler = walk.text
        self._package.walk(tab.place, parser)
        return found


class _Walk:
    """Elements of one sheet. A cell without a reference stands to the right of the one before."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._row = self._column = -1
        self._kind: str | None = None
        self._formula = self._inside = False
        self._value = ""
        self._prefix = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._prefix:
            name = name.removeprefix(self._prefix)
        if name == "c":
            self._column += 1
            if reference := attributes.get("r"):
                self._row, self._column = place_of(reference)
            self._kind = attributes.get("t")
            self._formula, self._value = False, ""
        elif name == "v" or name == "t":
            self._inside = True
        elif name == "f":
            self._formula = True
        elif name == "row":
            self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
            self._column = -1
        elif local(name) == "worksheet":
            self._prefix = name.removesuffix("worksheet")

    def text(self, text: str) -> None:
        if self._inside and len(self._value) < 40:
            self._value += text

    def end(self, name: str) -> None:
        if self._prefix:
            name = name.removeprefix(self._prefix)
        if name == "v" or name == "t":
            self._inside = False
        elif name == "c":
            if self._kind == "e":
                self._found.cell(self._row, self._column, self._value or "#?")
            elif self._value:
                self._found.cell(self._row, self._column)
            elif self._formula and self._kind in (None, "n"):
                self._found.cell(self._row, self._column, UNCOMPUTED)
