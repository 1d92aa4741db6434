"""Sheets of .ods, which are all in one part, with cells and rows that stand for many equal ones."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.file.cells import Found, Tab
from connectors.file.package import Package, local, parser_for
from connectors.file.packed import locked

_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"


class OpenDocument:
    def __init__(self, package: Package) -> None:
        self._package = package
        if _MANIFEST in package:
            with package.open(_MANIFEST) as stream:
                if b"encryption-data" in stream.read():
                    raise locked(package.limits.where)
        self._found: dict[str, Found] = {}
        walk = _Walk(self._found)
        parser = parser_for(walk.start, walk.end)
        parser.CharacterDataHandler = walk.text
        package.walk(_CONTENT, parser)

    @property
    def tabs(self) -> Sequence[Tab]:
        return [Tab(name, True, name) for name in self._found]

    def look(self, tab: Tab) -> Found:
        """The sheet; the others are checked, too, since the library reads them all at once."""
        for name, found in self._found.items():
            found.check(f"{self._package.limits.where}: sheet '{name}'")
        return self._found[tab.place]


class _Walk:
    def __init__(self, tables: dict[str, Found]) -> None:
        self._tables = tables
        self._found = Found()
        self._row = self._column = 0
        self._repeated = 1
        self._cell: tuple[int, bool, bool] | None = None  # how often, whether it has a value, whether it is an error
        self._text = ""
        self._wide = 0
        self._errors: dict[int, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "table-cell" or name == "covered-table-cell":
            times = _times(attributes, "number-columns-repeated")
            kinds = {local(key): key.partition(":")[0] for key in attributes}
            error = attributes.get("calcext:value-type") == "error"
            self._cell = (times, "value-type" in kinds, error)
            self._text = ""
        elif name == "table-row":
            self._repeated = _times(attributes, "number-rows-repeated")
            self._column = self._wide = 0
            self._errors = {}
        elif name == "table":
            self._found = self._tables.setdefault(
                next((v for k, v in attributes.items() if local(k) == "name"), ""), Found()
            )
            self._row = 0

    def text(self, text: str) -> None:
        if self._cell is not None and len(self._text) < 40:
            self._text += text

    def end(self, name: str) -> None:
        name = local(name)
        if name == "table-cell" or name == "covered-table-cell":
            if self._cell is not None:
                times, valued, error = self._cell
                if valued or self._text.strip():
                    self._wide = self._column + times
                if error:
                    self._errors |= {column: self._text.strip() or "#?" for column in _few(self._column, times)}
                self._column += times
            self._cell = None
        elif name == "table-row":
            if self._wide:
                self._found.cell(self._row + self._repeated - 1, self._wide - 1)
                if self._errors:
                    for row in _few(self._row, self._repeated):
                        self._found.errors[row] = dict(self._errors)
            self._row += self._repeated


def _times(attributes: dict[str, str], name: str) -> int:
    text = next((value for key, value in attributes.items() if local(key) == name), "1")
    return int(text) if text.isdecimal() and len(text) < 12 else 1


def _few(start: int, count: int) -> range:
    """So many places, but no more than any sheet has: a count is only a number in a file."""
    return range(start, start + min(count, 1 << 20))
