"""The connector itself: a first pass that finds what is wrong with a file, a second one that hands out its rows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import NamedTuple

from connectors.base import PROVEN, Completeness, Page, Pages, RawRow, Reader, Stream, Window
from connectors.file import catalogue, parquet
from connectors.file.charset import choose
from connectors.file.config import FileConfig, FileStream
from connectors.file.row import Read, misread, parse
from connectors.file.sheet import opened
from connectors.file.sheet import parse as parse_sheet
from connectors.file.source import Source, find
from connectors.file.unique import CLASH, TAKE, Keys
from goldbridge.errors import Mark, Misconfigured, Reject, Retry

_MISREAD_SHARE = 0.05
"""More rows than this with broken bytes, and it is the encoding that is wrong, not the rows."""
_KEPT_OPEN = 100
"""With more files than this none is kept open between the passes: a process may hold a thousand or so."""


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

    def objects(self) -> Sequence[str]:
        return catalogue.files(self.config.root, {name: each.path for name, each in self.config.streams.items()})

    def peek(self, name: str, limit: int) -> Sequence[RawRow] | None:
        return catalogue.peek(self.config.root.expanduser() / name, limit)

    def read(self, stream: Stream, window: Window) -> Pages:
        """Every row of the stream's files; nothing at all of a file that is not whole."""
        entry, where = self.config.streams[stream.name], self._where(stream.name)
        changes = entry.take == "changes"
        paths = find(self.config.root, entry, where)
        with ExitStack() as opened:
            sources = [opened.enter_context(Source(path, entry, self.context.clock, where)) for path in paths]
            sources = _settled(sources, changes=changes)
            keys = Keys(changes=changes)
            passes = [self._check(source, entry, keys, keep=len(sources) <= _KEPT_OPEN) for source in sources]
            keys.settle()
            unkeyed = yield from self._pages(passes, keys)
            for source in sources:
                source.unchanged()
        if changes:
            return Completeness(False, "the files hold changes: what none of them names may well be there")
        if unkeyed:
            return Completeness(False, f"{unkeyed} rows could not be read as far as their key")
        return PROVEN

    def _check(self, source: Source, entry: FileStream, keys: Keys, *, keep: bool) -> _Pass:
        """The first pass over one file; raises when it must not be used."""
        second = _pass(source, entry)
        keys.begin()
        rows = broken = 0
        for read in second.reads():
            rows += 1
            if read.problem is None:
                keys.add(read)
            elif read.problem.code == "CON088":
                broken += 1
        if broken > 1 and broken > rows * _MISREAD_SHARE:
            raise misread(source.place, entry, f"{broken} of {rows} rows do not decode")
        if source.trailer is not None:
            source.trailer.check(rows)
        source.unchanged()
        if not keep:
            source.release()
        return second

    def _pages(self, passes: list[_Pass], keys: Keys) -> Generator[Page, None, int]:
        """The rows of all files; returns how many rejected ones could not be told by their key."""
        unkeyed = 0
        rows: list[RawRow] = []
        rejects: list[tuple[str, Reject]] = []
        for each in passes:
            for read in each.reads():
                problem = read.problem
                verdict = TAKE if problem else keys.verdict()
                if verdict == CLASH:
                    problem = _doubled(each, read)
                if problem:
                    rejects.append((read.key or f"{each.source.path.name}:{read.line}", problem))
                    unkeyed += not read.key
                elif verdict == TAKE:
                    rows.append(read.row)
                if len(rows) + len(rejects) >= self.config.page_size:
                    yield Page(rows, rejects=rejects)
                    rows, rejects = [], []
            if len(passes) > _KEPT_OPEN:
                each.source.unchanged()
                each.source.release()
        if rows or rejects:
            yield Page(rows, rejects=rejects)
        return unkeyed

    def _where(self, stream: str) -> str:
        return f"{self.context.system} {stream}"


class _Pass(NamedTuple):
    """How to read one file, found out once and done again for each pass."""

    source: Source
    reads: Callable[[], Iterator[Read]]


def _pass(source: Source, entry: FileStream) -> _Pass:
    if entry.kind == "parquet":
        return _Pass(source, lambda: parquet.parse(source, entry))
    if entry.kind == "excel":
        book = opened(source, entry)
        return _Pass(source, lambda: parse_sheet(book, source, entry))
    choice = choose(entry.encoding, source.examined())
    if choice.problem:
        raise Misconfigured.one("CON083", f"{source.place}: {choice.problem}", Mark("config/sources.yaml"))
    return _Pass(source, lambda: parse(source.lines(choice.encoding), entry, source.place, broken=choice.broken))


def _settled(sources: list[Source], *, changes: bool) -> list[Source]:
    """The sources that nobody is writing; where files hold changes, those before the first that somebody is."""
    for at, source in enumerate(sources):
        try:
            source.settle()
        except Retry:
            if not changes or at == 0:
                raise
            source.release()
            return sources[:at]
        if len(sources) > _KEPT_OPEN:
            source.release()
    return sources


def _doubled(each: _Pass, read: Read) -> Reject:
    place = each.source.place
    text = f"{place}:{read.line}: key '{read.key}' stands in several rows that differ; none of them is taken"
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
        changed_at=entry.changed_at,
        partial=entry.partial,
    )
