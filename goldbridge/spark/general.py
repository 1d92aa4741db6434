"""`dedupe.table.general` with its heavy parts in partitions: cleaning, blocking, comparing, the guard.

What is learned is learned on the driver from integers: a code per cell, the levels of a pair. The pairs themselves pass
through the driver too (24 bytes each): the training wants them whole, in one order, to come to the same last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from dedupe.grade import KINDS, Kind, similar_many, surprise
from dedupe.similarity import FULL
from dedupe.table import general, guard, pairing
from dedupe.table.frame import MISSING, Column, Ints, Levels
from goldbridge.spark import component, frame
from goldbridge.spark.block import propose
from goldbridge.spark.frame import Batches, batch, column, texts

WORTH = 20_000
"""Fewer values to clean, or pairs to compare, are done on the driver before a job is on its way."""


class Far(Column):
    """A column whose distinct values are compared by executors."""

    spark: ClassVar[Any] = None

    def levels(self, left: Ints, right: Ints) -> Levels:
        one, two = self.codes[left], self.codes[right]
        both = np.flatnonzero((one >= 0) & (two >= 0) & (one != two))
        size = len(self.values)
        distinct = np.unique(np.minimum(one[both], two[both]) * size + np.maximum(one[both], two[both]))
        if len(self.kind.cuts) < 2 or len(distinct) < WORTH:
            return super().levels(left, right)
        found = np.full(len(left), MISSING, dtype=np.int8)
        found[(one >= 0) & (one == two)] = 0
        alike = self._alike(distinct)
        cuts = np.array(self.kind.cuts[::-1], dtype=np.int64)
        graded = (len(cuts) - np.searchsorted(cuts, alike, side="right")).astype(np.int8)
        packed = np.minimum(one[both], two[both]) * size + np.maximum(one[both], two[both])
        found[both] = graded[np.searchsorted(distinct, packed)]
        return found

    def _alike(self, distinct: Ints) -> Ints:
        """How alike the two values of each pair are (low * number of values + high), in the order of the pairs."""
        said = self.__dict__.get("_said")
        if said is None:
            words = dict(self.words) if self.kind.worded else {}
            said = self.__dict__["_said"] = self.spark.sparkContext.broadcast((self.values, self.filled, words))
        pairs = frame.sent(self.spark, {"pair": distinct})
        found = pairs.mapInArrow(partial(_compared, self.kind.name, said), "pair long, alike long")
        pair, alike = frame.fetched(found, "pair", "alike")
        return alike[np.argsort(pair)]


def _compared(kind: str, said: Any, batches: Batches) -> Iterator[Any]:
    values, filled, words = said.value
    size = len(values)
    for each in batches:
        pair = column(each, "pair")
        left = [values[at] for at in (pair // size).tolist()]
        right = [values[at] for at in (pair % size).tolist()]
        alike = similar_many(KINDS[kind], left, right, lambda word: surprise(filled, words.get(word, 1)))
        yield batch({"pair": pair, "alike": np.minimum(alike, FULL).astype(np.int64)})


def _cleaned(kind: str, batches: Batches) -> Iterator[Any]:
    clean = KINDS[kind].clean
    for each in batches:
        raw = each.column("raw")
        yield batch({"raw": raw, "value": texts(clean(text) for text in raw.to_pylist())})


class Distributed(general.Work):
    """The work on one table, with the executors of `spark`."""

    spark: ClassVar[Any] = None

    @classmethod
    def encode(cls, name: str, kind: Kind, cells: Iterable[str]) -> Column:
        held = list(cells)
        distinct = [cell for cell in dict.fromkeys(held) if cell]
        if len(distinct) < WORTH:
            known = {cell: kind.clean(cell) for cell in distinct}
        else:
            raw = frame.sent(cls.spark, {"raw": texts(distinct)})
            table = raw.mapInArrow(partial(_cleaned, kind.name), "raw string, value string").toArrow()
            known = dict(zip(table.column("raw").to_pylist(), table.column("value").to_pylist(), strict=True))
        numbers: dict[str, int] = {}
        raw_codes = {"": MISSING}
        for cell in distinct:
            value = known[cell]
            raw_codes[cell] = numbers.setdefault(value, len(numbers)) if value else MISSING
        codes = np.array([raw_codes[cell] for cell in held], dtype=np.int64)
        bound: type[Far] = type("Far", (Far,), {"spark": cls.spark})
        return bound(name, kind, codes, tuple(numbers))

    def propose(
        self, keys: Sequence[pairing.Key], cap: int, splitters: Sequence[Column]
    ) -> tuple[Ints, Ints, pairing.Report]:
        """The same pairs in the same order, by SQL."""
        source = self.origin if self.origin is not None else np.zeros(self.size, dtype=np.int64)
        codes = frame.sent(
            self.spark, {"row": np.arange(self.size)} | {f"s{at}": each.codes for at, each in enumerate(splitters)}
        )
        names = {
            number: [f"s{at}" for at, each in enumerate(splitters) if each.name not in key.columns]
            for number, key in enumerate(keys)
        }
        pairs, report = propose(
            _entries(self.spark, keys, source),
            [key.label for key in keys],
            cap,
            linked=self.origin is not None,
            splitters=names,
            codes=codes,
        )
        left, right = frame.fetched(pairs, "a", "b")
        order = np.lexsort((right, left))
        return left[order], right[order], report

    def cluster(self, left: Ints, right: Ints, weights: Ints, even: int, threshold: int) -> Ints:
        if len(left) < WORTH:
            return super().cluster(left, right, weights, even, threshold)
        balance = np.clip(weights - even, -general._SURE, max(general._SURE, threshold))
        joins = balance >= threshold
        homes = guard.components(self.size, left[joins], right[joins])
        near = homes[left] == homes[right]
        kernel: component.Kernel
        if self.origin is not None and self.one_to_one:
            kernel = partial(component.one_to_one, threshold)
        else:
            near &= balance > 2 * general._UNSEEN
            kernel = partial(component.average, general._UNSEEN, threshold)
        pairs = frame.sent(self.spark, {"a": left[near], "b": right[near], "weight": balance[near]})
        return component.guarded(self.spark, pairs, homes, kernel)


def _entries(spark: Any, keys: Sequence[pairing.Key], source: Ints) -> Any:
    """A line per key and row: all keys of one code per row beside each other, then those of several."""
    from pyspark.sql import functions as sql

    whole = {f"k{at}": key.codes for at, key in enumerate(keys) if key.rows is None}
    found = []
    if whole:
        wide = frame.sent(spark, {"row": np.arange(len(source)), "source": source, **whole})
        stacked = ", ".join(f"{name[1:]}, {name}" for name in whole)
        found.append(
            wide.selectExpr("row", "source", f"stack({len(whole)}, {stacked}) as (key, code)").filter("code >= 0")
        )
    for at, key in enumerate(keys):
        if key.rows is not None:
            table = frame.sent(spark, {"row": key.rows, "source": source[key.rows], "code": key.codes})
            found.append(table.withColumn("key", sql.lit(at)))
    whole_table = found[0].select("key", "code", "row", "source")
    for each in found[1:]:
        whole_table = whole_table.union(each.select("key", "code", "row", "source"))
    return whole_table.select("key", sql.col("code").cast("string").alias("grp"), "row", "source")


def plan(spark: Any) -> type[Distributed]:
    """The work for `dedupe.table.general.resolve`, bound to a session."""
    return type("Distributed", (Distributed,), {"spark": spark})
