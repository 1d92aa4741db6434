"""`dedupe.statistic.statistics` as groups of SQL: what the records look like as a whole, counted in partitions and then
frozen. Equal to the local figures, one by one; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from dedupe.block import ROUNDS, is_loose, keys_of_facets, stem_of
from dedupe.census import identity, several_forms
from dedupe.feature import unpack
from dedupe.name import unit
from dedupe.prepare import Names, Prepared
from dedupe.rule import Rules
from dedupe.statistic import Statistics, shared, telling
from goldbridge.spark.frame import Batches, batch, column, texts

_PLAIN, _REACH, _HOME, _HOLDER, _HELD, _FORM = range(6)
"""What a line counts: a value of a facet; one that many may share, and under which name; the city of a name; the brand
of a number; a number of a name in a city; the form of a name in letters."""

Line = tuple[int, str, str, str]


def statistics(spark: Any, rules: Rules, prepared: Any) -> tuple[Statistics, Any]:
    """The frozen statistics of the records (`row`, `source`, `text`, `offers`), and their blocking keys with them:
    a line per key and row, as `block.propose` takes it, key 1 for those under which mostly strangers meet."""
    from pyspark.sql import functions as sql

    lines = prepared.mapInArrow(partial(_lines, rules), "what int, one string, two string, three string")
    told = lines.groupBy("what", "one", "two", "three").count().persist()
    counted = (
        told.filter(sql.col("what") <= _REACH)
        .groupBy("what", "one", "two")
        .agg(sql.sum("count").alias("n"), sql.count("*").alias("names"))
        .persist()
    )
    sums = (
        counted.groupBy("one").agg(sql.sum("n").alias("n"), sql.sum(sql.col("n") * sql.col("n")).alias("s")).collect()
    )
    counts: dict[str, dict[str, int]] = {}
    read = telling(rules)
    hubs: dict[str, set[str]] = {}
    hub = (sql.col("what") == _REACH) & (sql.col("names") > rules.limits.hub)
    for what, facet, value, n, names in _read(
        counted.filter((sql.col("n") > 1) | hub), "what", "one", "two", "n", "names"
    ):
        if n > 1 and facet in read:
            counts.setdefault(facet, {})[value] = n
        if what == _REACH and names > rules.limits.hub:
            hubs.setdefault(facet, set()).add(value)
    found = Statistics(
        prepared.count(),
        counts,
        {each["one"]: each["n"] for each in sums},
        {each["one"]: each["s"] for each in sums},
        {facet: frozenset(values) for facet, values in hubs.items()},
        spread=_spread(told),
        doubles=_doubles(told),
        forms=_forms(told),
    )
    found, keys = _uncrowd(spark, rules, prepared, found)
    counted.unpersist()
    told.unpersist()
    return found, keys


def _read(found: Any, *names: str) -> Iterator[tuple[Any, ...]]:
    table = found.select(*names).toArrow()
    yield from zip(*(table.column(name).to_pylist() for name in names), strict=True)


def _lines(rules: Rules, batches: Batches) -> Iterator[Any]:
    import pyarrow as pa

    many = shared(rules)
    for each in batches:
        lines: list[Line] = []
        for row, text, offers in zip(
            *(each.column(name).to_pylist() for name in ("row", "text", "offers")), strict=True
        ):
            record = unpack(rules, text)
            if record is None:
                raise ValueError(f"row {row} came back from its partition as nothing")
            lines.extend(_facets(orjson.loads(offers), many, identity(record, row)))
            lines.extend(_units(record))
        what, *words = zip(*lines, strict=True) if lines else ((), (), (), ())
        yield batch(
            {"what": pa.array(what, pa.int32())}
            | {name: texts(said) for name, said in zip(("one", "two", "three"), words, strict=True)}
        )


def _facets(offers: Mapping[str, Sequence[str]], many: frozenset[str], name: str) -> Iterator[Line]:
    for facet, values in offers.items():
        for value in values:
            yield (_REACH, facet, value, name) if facet in many else (_PLAIN, facet, value, "")


def _units(record: Prepared) -> Iterator[Line]:
    first: Names | None = None
    for slot in record.slots:
        if not isinstance(slot, Names):
            continue
        first = first or slot
        for name in slot.names:
            if len(record.place.cities) == 1:
                yield from ((_HOME, unit(name), city, "") for city in record.place.cities)
            if name.words and name.form:
                yield _FORM, "".join(name.words), name.form, ""
    if first is None:
        return
    for number in record.facts.hard:
        held = "=".join(number)
        for name in first.names:
            yield _HOLDER, held, name.brand, ""
            if name.form and name.role == "name":
                yield from ((_HELD, unit(name), city, held) for city in record.place.cities)


def _spread(told: Any) -> dict[str, int]:
    from pyspark.sql import functions as sql

    homes = told.filter(sql.col("what") == _HOME).groupBy("one").count()
    return dict(_read(homes.filter(sql.col("count") > 1), "one", "count"))


def _doubles(told: Any) -> dict[str, int]:
    from pyspark.sql import functions as sql

    holders = told.filter(sql.col("what") == _HOLDER).groupBy("one").count().filter(sql.col("count") == 1)
    held = told.filter((sql.col("what") == _HELD) & (sql.col("count") > 1)).drop("count")
    clean = held.join(holders.select(sql.col("one").alias("three")), "three").groupBy("one", "two").count()
    most = clean.filter(sql.col("count") > 1).groupBy("one").agg(sql.max("count").alias("most"))
    return dict(_read(most, "one", "most"))


def _forms(told: Any) -> dict[str, int]:
    from pyspark.sql import functions as sql

    held = told.filter(sql.col("what") == _FORM).groupBy("one").agg(sql.collect_set("two").alias("forms"))
    return {
        words: len(forms)
        for words, forms in _read(held.filter(sql.size("forms") > 1), "one", "forms")
        if several_forms(set(forms))
    }


def _uncrowd(spark: Any, rules: Rules, prepared: Any, found: Statistics) -> tuple[Statistics, Any]:
    """Split every key over the cap by a second one, and again by a third where that was not enough."""
    from pyspark.sql import functions as sql

    keys = _keys(spark, rules, prepared, found)
    for depth in range(1, ROUNDS + 1):
        sizes = keys.groupBy("grp").count().filter(sql.col("count") > rules.limits.block)
        over = {stem_of(key) for (key,) in _read(sizes, "grp")}
        over = {stem for stem in over if found.crowded.get(stem, 0) == depth - 1}
        if not over:
            break
        found = replace(found, crowded={**found.crowded, **dict.fromkeys(over, depth)})
        keys.unpersist()
        keys = _keys(spark, rules, prepared, found)
    return found, keys


def _keys(spark: Any, rules: Rules, prepared: Any, found: Statistics) -> Any:
    frozen = spark.sparkContext.broadcast(found)
    made = prepared.mapInArrow(partial(_keyed, rules, frozen), "key int, grp string, row long, source long")
    return made.persist()


def _keyed(rules: Rules, frozen: Any, batches: Batches) -> Iterator[Any]:
    import numpy as np

    for each in batches:
        found = [keys_of_facets(rules, frozen.value, orjson.loads(text)) for text in each.column("offers").to_pylist()]
        counts = [len(keys) for keys in found]
        yield batch(
            {
                "key": np.array([is_loose(key) for keys in found for key in keys], np.int32),
                "grp": texts([key for keys in found for key in keys]),
                "row": np.repeat(column(each, "row"), counts),
                "source": np.repeat(column(each, "source"), counts),
            }
        )
