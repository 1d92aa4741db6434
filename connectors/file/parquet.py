"""Parquet as rows that JSON can hold: slice by slice, so that memory does not grow with the file.

Integers stay exact; decimals, fractions, dates and times become text as they stand, bytes base64, lists and structures
stay what they are. A fraction that is no number (NaN) is null, as programs that have no null in numbers mean it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from connectors.file.column import readable
from connectors.file.config import FileStream
from connectors.file.footer import footer
from connectors.file.limit import Limits
from connectors.file.row import Read, keyed, require
from connectors.file.source import Source
from goldbridge.errors import Retry

if TYPE_CHECKING:
    import polars

SLICE = 20_000
"""Rows asked for at once: a slice costs finding its place anew, so that few large ones are faster than many."""
_BLOCK = 1_000
"""Rows of a slice that are turned into values at once: these weigh ten times what they weigh in columns."""


def parse(source: Source, entry: FileStream) -> Iterator[Read]:
    """The rows of a source; raises when it is not whole."""
    with source.plain() as file:
        names, rows = table(file, source.size, source.limits)
        require(entry.key, names, source.place, "is it the right file?")
        for number, values in enumerate(rows, start=1):
            yield keyed(number, dict(zip(names, values, strict=True)), entry.key, source.place)


def table(file: BinaryIO, size: int, limits: Limits) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """The names of the columns and every row; raises `Halt`, `Misconfigured` or `Retry` for a file that will not do."""
    told = footer(file, size, limits)
    with _trouble(limits.where):
        schema = _scan(file).collect_schema()
    reads = [readable(name, kind, limits.where) for name, kind in schema.items()]
    limits.check(told.rows * len(reads), told.rows * len(reads))  # runs of one value take no room at all

    def rows() -> Iterator[tuple[Any, ...]]:
        for start in range(0, told.rows, SLICE):
            yield from part(file, limits.where, start, min(SLICE, told.rows - start))

    return list(schema), rows()


def part(file: BinaryIO, where: str, start: int, count: int) -> Iterator[tuple[Any, ...]]:
    """The `count` rows from `start` on, counted from 0; raises as `table`."""
    with _trouble(where):
        frame = _scan(file).slice(start, count).collect()
    if frame.height != count:
        raise Retry("CON082", f"{where} has other rows than its footer promises; deliver it again")
    reads = [readable(name, kind, where) for name, kind in frame.schema.items()]
    for block in frame.iter_slices(_BLOCK):
        columns = [read.values(block.to_series(at)) for at, read in enumerate(reads)]
        yield from zip(*columns, strict=True)


def _scan(file: BinaryIO) -> polars.LazyFrame:
    import polars  # 0.8 s that few runs need

    file.seek(0)
    return polars.scan_parquet(file, glob=False, hive_partitioning=False, cache=False, use_statistics=False)


@contextmanager
def _trouble(where: str) -> Iterator[None]:
    from polars.exceptions import PanicException, PolarsError

    try:
        yield
    except (PolarsError, PanicException, OSError) as error:
        first = str(error).partition("\n")[0]
        raise Retry("CON082", f"{where} is cut off or damaged ({first}); deliver it again") from None
