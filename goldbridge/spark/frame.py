"""Tables between the driver and Spark, and rows numbered in an order of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from dedupe.table.frame import Ints

Batches = Iterable[Any]


class Slices(NamedTuple):
    """A file that executors read by themselves: `read(start, count)` gives rows of text, all columns of the file.
    It travels to them, so it must be picklable, and the file must be where they find it."""

    rows: int
    columns: tuple[str, ...]
    read: Callable[[int, int], Iterable[Sequence[str]]]
    longest: int
    """Characters of a cell that are compared."""


SLICE = 20_000


def batch(columns: Mapping[str, Any]) -> Any:
    """One exchange with Spark; a column of integers without nulls may be an array of numpy."""
    import pyarrow as pa

    arrays = [each if isinstance(each, pa.Array) else pa.array(each) for each in columns.values()]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))


def column(found: Any, name: str) -> Any:
    """A column of a batch as an array of numpy."""
    return found.column(name).to_numpy(zero_copy_only=False)


def texts(values: Iterable[str | None]) -> Any:
    """A column of text, also where nothing says so."""
    import pyarrow as pa

    return pa.array(values, pa.string())


def sent(spark: Any, columns: Mapping[str, Any]) -> Any:
    """A table of the driver as one of Spark's."""
    import pyarrow as pa

    return spark.createDataFrame(pa.table(dict(columns)))


def fetched(found: Any, *names: str) -> list[Ints]:
    """Columns of integers of a table of Spark's, whole on the driver."""
    table = found.select(*names).toArrow()
    return [table.column(name).to_numpy().astype(np.int64) for name in names]


def rows(
    spark: Any, cells: Mapping[str, Sequence[str]], names: Sequence[str], origin: Ints | None, slices: Slices | None
) -> Any:
    """The table as `row` (its number in the input), `source` (a number, 0 for all when nothing is linked) and the
    cells of `names` as c0, c1 ...; from the driver, or read by the executors."""
    import pyarrow as pa

    labels = [f"c{at}" for at in range(len(names))]
    if slices is None:
        size = len(cells[names[0]])
        found = {
            "row": pa.array(np.arange(size)),
            "source": pa.array(np.zeros(size, np.int64) if origin is None else origin),
        }
        found |= {label: texts(cells[name]) for label, name in zip(labels, names, strict=True)}
        return sent(spark, found)
    parts = -(-slices.rows // SLICE)
    kinds = ", ".join(f"{label} string" for label in labels)
    places = [slices.columns.index(name) for name in names]
    read = partial(_read, slices, places, origin)
    return spark.range(0, parts, 1, parts).mapInArrow(read, f"row long, source long, {kinds}")


def _read(slices: Slices, places: Sequence[int], origin: Ints | None, batches: Batches) -> Iterator[Any]:
    for each in batches:
        for part in each.column("id").to_pylist():
            start = part * SLICE
            found = list(slices.read(start, min(SLICE, slices.rows - start)))
            made: dict[str, Any] = {"row": np.arange(start, start + len(found))}
            made["source"] = np.zeros(len(found), np.int64) if origin is None else origin[made["row"]]
            for at, place in enumerate(places):
                made[f"c{at}"] = texts([row[place][: slices.longest].strip() for row in found])
            yield batch(made)


def numbered(found: Any, by: Sequence[str], name: str) -> Any:
    """The rows with their place from 0 in the order of `by`, which must tell all of them apart: sorted by all
    executors together, never in one place. The result is kept."""
    from pyspark.sql import functions as sql

    shift = 33  # of the number that Spark gives the partition of a row
    ordered = found.orderBy(*by).withColumn("_at", sql.monotonically_increasing_id()).persist()
    part = sql.shiftright("_at", shift)
    counts = dict(ordered.groupBy(part.alias("part")).count().toArrow().to_pydict().items())
    start, offsets = 0, {}
    for number, count in sorted(zip(counts["part"], counts["count"], strict=True)):
        offsets[number] = start - (number << shift)
        start += count
    if not offsets:
        return ordered.withColumn(name, sql.lit(0).cast("long")).drop("_at")
    pairs = [sql.lit(each) for entry in offsets.items() for each in entry]
    return ordered.withColumn(name, sql.col("_at") + sql.element_at(sql.create_map(*pairs), part)).drop("_at")
