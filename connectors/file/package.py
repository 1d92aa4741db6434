"""A workbook as the zip archive that it is: proved whole and harmless before any part of it is used."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, BinaryIO
from xml.parsers import expat

from connectors.file.limit import Limits, drain
from connectors.file.packed import locked
from goldbridge.errors import Retry

_ENCRYPTED = 0x1
Start = Callable[[str, dict[str, str]], None]


class Package:
    """An open archive; parts are asked for by their names, in any case."""

    def __init__(self, file: BinaryIO, size: int, limits: Limits) -> None:
        self.limits = limits
        self._zip = zipfile.ZipFile(file)
        self._names = {name.lower(): name for name in self._zip.namelist()}
        self._prove(size)

    def _prove(self, size: int) -> None:
        """Unpack every part once: the sums must be right, and together they must keep within the limits."""
        entries = self._zip.infolist()
        if any(entry.flag_bits & _ENCRYPTED for entry in entries):
            raise locked(self.limits.where)
        self.limits.check(sum(entry.file_size for entry in entries), size)
        count = 0
        for entry in entries:
            with self._zip.open(entry) as stream:
                count = drain(stream, size, self.limits, count)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._names

    def open(self, name: str) -> IO[bytes]:
        """A part; raises `Retry` when it is missing."""
        if name not in self:
            raise Retry("CON082", f"{self.limits.where} is damaged: it has no part {name}; deliver it again")
        return self._zip.open(self._names[name.lower()])

    def parse(self, name: str, start: Start, end: Callable[[str], None] | None = None) -> None:
        """Walk the elements of a part of XML; names keep their prefixes."""
        self.walk(name, parser_for(start, end))

    def walk(self, name: str, parser: expat.XMLParserType) -> None:
        with self.open(name) as stream, well_formed(f"{self.limits.where}: {name}"):
            parser.ParseFile(stream)

    def relations(self, part: str) -> Mapping[str, tuple[str, str]]:
        """What a part refers to: id -> (kind, part)."""
        folder, base = posixpath.split(part)
        found: dict[str, tuple[str, str]] = {}

        def start(name: str, attributes: dict[str, str]) -> None:
            if local(name) == "Relationship" and "Target" in attributes and "Id" in attributes:
                target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"])).lstrip("/")
                found[attributes["Id"]] = (posixpath.basename(attributes.get("Type", "")), target)

        self.parse(posixpath.join(folder, "_rels", f"{base}.rels"), start)
        return found


def parser_for(start: Start, end: Callable[[str], None] | None = None) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    return parser


def local(name: str) -> str:
    """An element's name without its prefix, which every program chooses for itself."""
    return name.rpartition(":")[2]


@contextmanager
def well_formed(where: str) -> Iterator[None]:
    try:
        yield
    except expat.ExpatError as error:
        raise Retry("CON082", f"{where} is cut off or damaged ({error}); deliver it again") from None
