"""Sheets of .xls: a small file system in a file, and in it one stream of records.

Only what is asked for is read: the list of sheets, and of each cell where it stands and whether it is an error.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from connectors.file.cells import ERRORS, Found, Tab
from connectors.file.limit import Limits
from connectors.file.packed import locked
from goldbridge.errors import Retry

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FREE = 0xFFFFFFFA
_BOF, _EOF, _SHEET, _PASSWORD = 0x809, 0x0A, 0x85, 0x2F
_CELLS = {0x203, 0x27E, 0xFD, 0x204, 0xD6, 0x06, 0x206, 0x406, 0x205}
_FORMULAS, _ERROR, _NUMBERS = {0x06, 0x206, 0x406}, 0x205, 0xBD


class Biff:
    """An old workbook, held in memory as the library does."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        self._limits = limits
        try:
            streams = _Folder(content).streams(("Workbook", "Book", "EncryptedPackage"))
            if "EncryptedPackage" in streams:
                raise locked(limits.where)
            stream = streams.get("Workbook") or streams.get("Book") or b""
            self._places, self._found = _sheets(stream, limits.where)
        except (struct.error, IndexError, ValueError) as error:
            raise Retry("CON082", f"{limits.where} is cut off or damaged ({error}); deliver it again") from None

    @property
    def tabs(self) -> Sequence[Tab]:
        return [Tab(name, visible, str(place)) for name, visible, place in self._places]

    def look(self, tab: Tab) -> Found:
        """The sheet; the others are checked, too, since the library reads them all at once."""
        for place, found in self._found.items():
            found.check(f"{self._limits.where}: the sheet at {place}")
        return self._found.get(int(tab.place), Found())


def _sheets(stream: bytes, where: str) -> tuple[list[tuple[str, bool, int]], dict[int, Found]]:
    places: list[tuple[str, bool, int]] = []
    found: dict[int, Found] = {}
    sheet = Found()
    for at, kind, size in _records(stream):
        content = at + 4
        if kind == _PASSWORD:
            raise locked(where)
        if kind == _BOF:
            sheet = found.setdefault(at, Found())
        elif kind == _SHEET:
            place, state, of = struct.unpack_from("<IBB", stream, content)
            if of == 0:
                places.append((_name(stream[content + 6 : content + size]), state & 3 == 0, place))
        elif kind in _CELLS:
            row, column = struct.unpack_from("<HH", stream, content)
            sheet.cell(row, column, _error(stream, content, kind))
        elif kind == _NUMBERS:
            row, _ = struct.unpack_from("<HH", stream, content)
            sheet.cell(row, struct.unpack_from("<H", stream, content + size - 2)[0])
    return places, found


def _error(stream: bytes, content: int, kind: int) -> str:
    if kind == _ERROR:
        value, is_error = stream[content + 6], stream[content + 7]
    elif kind in _FORMULAS:
        result = stream[content + 6 : content + 14]
        value, is_error = result[2], result[0] == 2 and result[6:8] == b"\xff\xff"
    else:
        return ""
    return ERRORS.get(value, "#?") if is_error else ""


def _records(stream: bytes) -> Iterator[tuple[int, int, int]]:
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        if kind == 0 and size == 0:  # what fills the last sector
            return
        if at + 4 + size > len(stream):
            raise ValueError("a record ends behind its stream")
        yield at, kind, size
        at += 4 + size


def _name(content: bytes) -> str:
    if len(content) < 2:
        return ""
    wide = len(content) >= 2 + 2 * content[0]
    return content[2:].decode("utf-16-le" if content[1] & 1 and wide else "latin-1", "replace")


class _Folder:
    """The file system: sectors, and tables that chain them. A chain longer than the file has sectors is a loop."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        shift, mini_shift = struct.unpack_from("<HH", content, 30)
        if not 7 <= shift <= 16 or not 4 <= mini_shift <= shift:
            raise ValueError("sectors of an impossible size")
        self._size, self._mini_size = 1 << shift, 1 << mini_shift
        directory, self._least, mini, extra = (struct.unpack_from("<I", content, at)[0] for at in (48, 56, 60, 68))
        table = [sector for sector in struct.unpack_from("<109I", content, 76) if sector < _FREE]
        width, seen = self._size // 4, 0
        while extra < _FREE:
            more = struct.unpack(f"<{width}I", self._sector(extra))
            table += [sector for sector in more[:-1] if sector < _FREE]
            extra, seen = more[-1], seen + 1
            if seen > len(content) // self._size:
                raise ValueError("a chain of sectors without an end")
        self._next = [each for sector in table for each in struct.unpack(f"<{width}I", self._sector(sector))]
        self._directory = self._chain(directory)
        chained = self._chain(mini) if mini < _FREE else b""
        self._mini_next = list(struct.unpack(f"<{len(chained) // 4}I", chained))

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        sector = self._content[start : start + self._size]
        if not sector:
            raise ValueError("a sector behind the end of the file")
        return sector  # the last one of a file may be shorter

    def _chain(self, sector: int) -> bytes:
        parts: list[bytes] = []
        while sector < _FREE:
            parts.append(self._sector(sector))
            sector = self._next[sector]
            if sector < _FREE and len(parts[-1]) < self._size:
                raise ValueError("a sector that is cut off")
            if len(parts) > len(self._next):
                raise ValueError("a chain of sectors without an end")
        return b"".join(parts)

    def streams(self, wanted: Sequence[str]) -> dict[str, bytes]:
        entries = [self._directory[at : at + 128] for at in range(0, len(self._directory) - 127, 128)]
        small = self._chain(struct.unpack_from("<I", entries[0], 116)[0])
        found: dict[str, bytes] = {}
        for entry in entries:
            length, (start, size) = struct.unpack_from("<H", entry, 64)[0], struct.unpack_from("<II", entry, 116)
            name = entry[: max(length - 2, 0)].decode("utf-16-le", "replace")
            if name in wanted and entry[66] == 2:
                stream = self._chain(start) if size >= self._least else self._mini(small, start)
                if len(stream) < size:
                    raise ValueError("a stream shorter than it says")
                found[name] = stream[:size]
        return found

    def _mini(self, small: bytes, sector: int) -> bytes:
        parts: list[bytes] = []
        while sector < _FREE:
            parts.append(small[sector * self._mini_size : (sector + 1) * self._mini_size])
            sector = self._mini_next[sector]
            if len(parts) > len(self._mini_next):
                raise ValueError("a chain of sectors without an end")
        return b"".join(parts)
