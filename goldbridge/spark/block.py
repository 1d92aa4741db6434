"""Blocking as SQL: rows under one key meet, up to the cap; larger groups are split by another column, and again.

The same pairs and the same report as `dedupe.table.pairing.propose`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dedupe.table.pairing import Report


def propose(
    entries: Any,
    labels: Sequence[str],
    cap: int,
    *,
    linked: bool,
    splitters: Mapping[int, Sequence[str]] | None = None,
    codes: Any = None,
) -> tuple[Any, Report]:
    """The distinct pairs (`a` < `b`) that the keys propose, each with the first `key` that does, and what blocking did.

    `entries` has a line per key and row: `key` (its place in `labels`), `grp` (what rows must have in common, as text),
    `row` and `source`; pairs of one source are left out when `linked`. `splitters[key]` are the columns of `codes`
    (by `row`; below 0: says nothing) that split its large groups, in turn.
    """
    from pyspark.sql import functions as sql

    report = Report()
    found = []
    left_out: dict[int, tuple[int, int]] = {}
    level, depth = entries, 0
    while True:
        level = level.persist()
        sizes = level.groupBy("key", "grp").count()
        big = sizes.filter(sql.col("count") > cap)
        counted = big.groupBy("key").agg(sql.count("*").alias("groups"), sql.sum("count").alias("rows")).collect()
        small = sizes.filter((sql.col("count") > 1) & (sql.col("count") <= cap)).drop("count")
        found.append(_pairs(level if not counted else level.join(small, ["key", "grp"]), linked))
        going: list[tuple[int, str]] = []
        for key, groups, rows in ((each["key"], each["groups"], each["rows"]) for each in counted):
            those = (splitters or {}).get(key, ())
            if depth < len(those):
                going.append((key, those[depth]))
            else:
                left_out[key] = groups, rows
        if not going:
            break
        level = _split(level, big.drop("count"), going, codes)
        depth += 1
    pairs = found[0]
    for each in found[1:]:
        pairs = pairs.union(each)
    pairs = pairs.distinct().persist()
    counts = {each["key"]: each["count"] for each in pairs.groupBy("key").count().collect()}
    report.keys = [(label, counts.get(at, 0)) for at, label in enumerate(labels)]
    report.left_out = [(labels[key], *left_out[key]) for key in sorted(left_out)]
    return pairs if len(labels) == 1 else pairs.groupBy("a", "b").agg(sql.min("key").alias("key")), report


def _pairs(entries: Any, linked: bool) -> Any:
    from pyspark.sql import functions as sql

    one = entries.select("key", "grp", sql.col("row").alias("a"), sql.col("source").alias("s"))
    two = entries.select("key", "grp", sql.col("row").alias("b"), sql.col("source").alias("t"))
    met = one.join(two, ["key", "grp"]).filter("a < b")
    return (met.filter("s != t") if linked else met).select("key", "a", "b")


def _split(level: Any, big: Any, going: Sequence[tuple[int, str]], codes: Any) -> Any:
    """The rows of large groups, apart by what the key's next column says; where it says nothing a row drops out."""
    from pyspark.sql import functions as sql

    extra = sql.lit(-1).cast("long")
    for key, name in going:
        extra = sql.when(sql.col("key") == key, sql.col(name)).otherwise(extra)
    joined = level.join(big, ["key", "grp"]).join(codes, "row").withColumn("extra", extra).filter("extra >= 0")
    return joined.select(
        "key", sql.concat_ws("|", "grp", sql.col("extra").cast("string")).alias("grp"), "row", "source"
    )
