"""Sheets of .xlsb: the parts of an .xlsx as records of a number, a length and bytes."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from functools import cached_property

from connectors.file.cells import ERRORS, Found, Tab
from connectors.file.package import Package

WORKBOOK = "xl/workbook.bin"
_ROW, _BLANK, _ERROR, _LAST_CELL, _FORMULA_ERROR, _SHEET = 0, 1, 3, 11, 11, 156


class BinarySheets:
    def __init__(self, package: Package) -> None:
        self._package = package

    @cached_property
    def tabs(self) -> Sequence[Tab]:
        relations = self._package.relations(WORKBOOK)
        tabs: list[Tab] = []
        for number, content in self._records(WORKBOOK):
            if number != _SHEET:
                continue
            id, at = _text(content, 8)
            name, _ = _text(content, at)
            kind, part = relations.get(id, ("", ""))
            if kind == "worksheet":
                tabs.append(Tab(name, not struct.unpack_from("<I", content)[0], part))
        return tabs

    def look(self, tab: Tab) -> Found:
        found, row = Found(), 0
        for number, content in self._records(tab.place):
            if number == _ROW:
                (row,) = struct.unpack_from("<I", content)
            elif _BLANK < number <= _LAST_CELL:
                (column,) = struct.unpack_from("<I", content)
                error = number in (_ERROR, _FORMULA_ERROR)
                found.cell(row, column, ERRORS.get(content[8], "#?") if error else "")
        return found

    def _records(self, part: str) -> Iterator[tuple[int, bytes]]:
        with self._package.open(part) as opened:
            stream = io.BufferedReader(opened, 1 << 20)  # type: ignore[type-var]  # a part is a raw stream
            while first := stream.read(1):
                number = first[0] & 0x7F
                if first[0] & 0x80:
                    number |= (stream.read(1)[0] & 0x7F) << 7
                size = 0
                for shift in (0, 7, 14, 21):
                    byte = stream.read(1)[0]
                    size |= (byte & 0x7F) << shift
                    if not byte & 0x80:
                        break
                yield number, stream.read(size)


def _text(content: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", content, at)
    end = at + 4 + 2 * length
    return content[at + 4 : end].decode("utf-16-le", "replace"), end
