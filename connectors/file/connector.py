"""The connector itself: a first pass that finds what is wrong with a file, a second one that hands out its rows."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property

from connectors.base import PROVEN, Completeness, Page, Pages, RawRow, Reader, Stream, Window
from connectors.file.charset import choose
from connectors.file.config import FileConfig, FileStream
from connectors.file.row import Read, misread, parse
from connectors.file.source import Source, find
from connectors.file.unique import Keys
from goldbridge.errors import Mark, Misconfigured, Reject

_MISREAD_SHARE = 0.05
"""More rows than this with broken bytes, and it is the encoding that is wrong, not the rows."""


class File(Reader[FileConfig]):
    kind = "file"
    config_model = FileConfig

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {name: _stream(name, entry) for name, entry in self.config.streams.items()}

    def probe(self) -> str:
        found = [
            f"{name}: {', '.join(path.name for path in find(self.config.root, entry, self._where(name)))}"
            for name, entry in self.config.streams.items()
        ]
        return "; ".join(found) or "no streams are declared"

    def read(self, stream: Stream, window: Window) -> Pages:
        """Every row of the stream's files; nothing at all of a file that is not whole."""
        entry, where = self.config.streams[stream.name], self._where(stream.name)
        paths = find(self.config.root, entry, where)
        with ExitStack() as opened:
            sources = [opened.enter_context(Source(path, entry, self.context.clock, where)) for path in paths]
            keys = Keys()
            passes = [self._check(source, entry, where, keys) for source in sources]
            keys.settle()
            unkeyed = yield from self._pages(passes, keys)
            for source in sources:
                source.unchanged()
        if unkeyed:
            return Completeness(False, f"{unkeyed} rows could not be read as far as their key")
        return PROVEN

    def _check(self, source: Source, entry: FileStream, where: str, keys: Keys) -> _Pass:
        """The first pass over one file; raises when it must not be used."""
        source.settle()
        place = f"{where}: {source.path.name}"
        choice = choose(entry.encoding, source.examined())
        if choice.problem:
            raise Misconfigured.one("CON083", f"{place}: {choice.problem}", Mark("config/sources.yaml"))
        second = _Pass(source, entry, place, choice.encoding, choice.broken)
        rows = broken = 0
        for read in second.reads():
            rows += 1
            if read.problem is None:
                keys.add(read)
            elif read.problem.code == "CON088":
                broken += 1
        if broken > 1 and broken > rows * _MISREAD_SHARE:
            raise misread(place, entry, f"{broken} of {rows} rows do not decode")
        source.check_count(rows)
        source.unchanged()
        return second

    def _pages(self, passes: list[_Pass], keys: Keys) -> Generator[Page, None, int]:
        """The rows of all files; returns how many rejected ones could not be told by their key."""
        unkeyed = 0
        rows: list[RawRow] = []
        rejects: list[tuple[str, Reject]] = []
        for each in passes:
            for read in each.reads():
                if problem := read.problem or _doubled(each, read, keys):
                    rejects.append((read.key or f"{each.source.path.name}:{read.line}", problem))
                    unkeyed += not read.key
                elif keys.first_time(read.key):
                    rows.append(read.row)
                if len(rows) + len(rejects) >= self.config.page_size:
                    yield Page(rows, rejects=rejects)
                    rows, rejects = [], []
        if rows or rejects:
            yield Page(rows, rejects=rejects)
        return unkeyed

    def _where(self, stream: str) -> str:
        return f"{self.context.system} {stream}"


class _Pass:
    """How to read one file, found out once and done again for each pass."""

    def __init__(self, source: Source, entry: FileStream, place: str, encoding: str, broken: bool) -> None:
        self.source = source
        self.place = place
        self._entry = entry
        self._encoding = encoding
        self._broken = broken

    def reads(self) -> Iterator[Read]:
        return parse(self.source.lines(self._encoding), self._entry, self.place, broken=self._broken)


def _doubled(each: _Pass, read: Read, keys: Keys) -> Reject | None:
    if not keys.clashes(read.key):
        return None
    text = f"{each.place}:{read.line}: key '{read.key}' stands in several rows that differ; none of them is taken"
    return Reject("CON085", f"{text}, make the key unique and deliver the file again")


def _stream(name: str, entry: FileStream) -> Stream:
    flag = next(iter(entry.deleted.items()), None)
    return Stream(
        name,
        key=entry.key,
        walk="full",
        fields=frozenset(entry.columns) if entry.columns else None,
        volatile=entry.volatile,
        deleted=(flag[0], frozenset(flag[1])) if flag else None,
    )
