"""`dedupe.table.company` in partitions: a table of organisations by the shipped rules for parties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import orjson

from dedupe.evidence import Part
from dedupe.facet import facets
from dedupe.feature import pack, unpack, write_facts
from dedupe.prepare import Prepared, prepare
from dedupe.rule import Rules
from dedupe.score import Match, Scale
from dedupe.table import company, guard, loose
from dedupe.table.column import Guess
from dedupe.table.edge import AUTO, REVIEW, edges
from dedupe.table.frame import Ints
from dedupe.table.pairing import Report
from dedupe.table.resolution import NOTHING_ASKED, Model, Quiet, Resolution, Wish, in_order, place
from dedupe.table.sieve import Sieve
from dedupe.table.weighing import BANDS, RELATIVES, SPARED, are_relatives, marked, matches
from goldbridge.ports import Progress
from goldbridge.spark import component, frame
from goldbridge.spark.block import propose
from goldbridge.spark.count import statistics
from goldbridge.spark.frame import Batches, Slices, batch, column, texts
from goldbridge.spark.judge import Apart, ByRules, Parsed

_REMEMBERED = 50_000
"""Records that a worker keeps unpacked: pairs come sorted, so that one side of them mostly is the one before."""
_SCORED = "a long, b long, weight long, band int, vetoes string, parts string, facts_a string, facts_b string"


class _Edges(NamedTuple):
    """Edges above the review band on the driver, in rows of content order; `known` has the parts of each."""

    left: Ints
    right: Ints
    weights: Ints
    bands: Any
    vetoed: Any
    known: Mapping[tuple[int, int], Match]


def resolve(
    spark: Any,
    cells: Mapping[str, Sequence[str]],
    guesses: Sequence[Guess],
    *,
    sources: Sequence[str] | None = None,
    one_to_one: bool = False,
    progress: Progress | None = None,
    wish: Wish = NOTHING_ASKED,
    slices: Slices | None = None,
) -> Resolution:
    """Find the rows that mean the same organisation, as `dedupe.table.company.resolve` does."""
    watch = progress or Quiet()
    watch.advance(0, 6)
    used = [guess for guess in guesses if guess.kind != "ignore" and guess.column in cells]
    names = tuple(dict.fromkeys(guess.column for guess in used))
    rules = company.rules_of(used, wish)
    # Sources are compared by their names, as in the content order of the local engine.
    origin = None if sources is None else np.unique(np.array(sources, dtype=object), return_inverse=True)[1]
    table = frame.rows(spark, cells, names, origin, slices)
    ordered = frame.numbered(table, [*(f"c{at}" for at in range(len(names))), "source", "row"], "rank")
    made = partial(_prepared, rules, used, names)
    prepared = ordered.mapInArrow(made, "row long, source long, input long, filled int, text string, offers string")
    prepared = prepared.persist()
    ranks, order, filled = frame.fetched(prepared, "row", "input", "filled")
    by_rank = np.argsort(ranks)
    order, filled = order[by_rank], filled[by_rank]
    watch.advance(1, 6)
    numbers, keys = statistics(spark, rules, prepared)
    watch.advance(1, 6)
    pairs, told = propose(keys, ["firm", "loose"], rules.limits.block, linked=origin is not None)
    watch.advance(1, 6)
    frozen = spark.sparkContext.broadcast(numbers)
    scored = _scored(rules, frozen, pairs, prepared)
    compared = scored.count()
    found = _edges(scored.filter("band > 0"))
    watch.advance(1, 6)
    size = len(order)
    single = one_to_one and origin is not None
    even = company.even_weight(rules.bands, size, wish.guess)
    parsed = Parsed(rules, used, cells, order)
    known = scored.filter(f"band > 0 or vetoes like '%{RELATIVES}%'")
    scale = Scale(rules, numbers)
    late: dict[tuple[int, int], Match] = {}
    while True:
        auto, labels = _clusters(spark, rules, size, known, found, single, even)
        left, right, weights = _inside(spark, scored, labels)
        before = len(late)
        for at in np.flatnonzero(weights == SPARED).tolist():
            pair = int(left[at]), int(right[at])
            if pair not in late:
                late[pair] = scale.match(parsed[pair[0]], parsed[pair[1]])
            weights[at] = late[pair].weight
        fresh = {pair: match for pair, match in list(late.items())[before:] if are_relatives(match)}
        if not fresh:
            break
        known = known.union(_sent(spark, fresh, parsed))
    watch.advance(1, 6)
    placed = place(order.tolist(), labels, left, right, weights, filled)
    asked = (found.bands == REVIEW) & (auto[found.left] != auto[found.right])
    model = Model(rules, numbers)
    watch.advance(1, 6)
    return Resolution(
        *placed[:3],
        method="rules",
        pairs_compared=compared,
        found_pairs=placed.found_pairs,
        doubtful=int((asked & (labels[found.left] != labels[found.right])).sum()),
        threshold=even,
        blocking=_report(compared, told),
        model=model,
        auto_labels=in_order(order.tolist(), auto),
        bands=rules.bands,
        even=even,
        edges=edges(order.tolist(), found.left, found.right, found.weights, found.bands),
        single=single,
        vetoed=_vetoed(scored, rules, order),
        judge=ByRules(order.tolist(), model, parsed, Apart(size, scored), found.known),
    )


def _prepared(rules: Rules, used: Sequence[Guess], names: Sequence[str], batches: Batches) -> Iterator[Any]:
    for each in batches:
        cells = {name: each.column(f"c{at}").to_pylist() for at, name in enumerate(names)}
        records = [prepare(rules, company.record_of(used, cells, row)) for row in range(each.num_rows)]
        filled = [sum(bool(cells[guess.column][row]) for guess in used) for row in range(each.num_rows)]
        yield batch(
            {
                "row": column(each, "rank"),
                "source": column(each, "source"),
                "input": column(each, "row"),
                "filled": np.array(filled, np.int32),
                "text": texts(map(pack, records)),
                "offers": texts(orjson.dumps(facets(rules, record)).decode() for record in records),
            }
        )


def _scored(rules: Rules, frozen: Any, pairs: Any, prepared: Any) -> Any:
    """Every pair weighed, kept; what is told of it beside its weight only above the review band."""
    from pyspark.sql import functions as sql

    one = prepared.select(sql.col("row").alias("a"), sql.col("text").alias("one"))
    two = prepared.select(sql.col("row").alias("b"), sql.col("text").alias("two"))
    met = pairs.join(one, "a").join(two, "b").sortWithinPartitions("a", "b")
    return met.select("a", "b", "key", "one", "two").mapInArrow(partial(_weighed, rules, frozen), _SCORED).persist()


def _weighed(rules: Rules, frozen: Any, batches: Batches) -> Iterator[Any]:
    @lru_cache(_REMEMBERED)
    def read(text: str) -> Prepared:
        record = unpack(rules, text)
        if record is None:
            raise ValueError("a record came back from its partition as nothing")
        return record

    numbers = frozen.value
    for each in batches:
        left, right = column(each, "a"), column(each, "b")
        records: dict[int, Prepared] = {}
        for rows, end in ((left, "one"), (right, "two")):
            records |= zip(rows.tolist(), map(read, each.column(end).to_pylist()), strict=True)
        spared = _spared(rules, numbers, records, left, right, column(each, "key") > 0)
        asked = np.flatnonzero(~spared)
        weights, bands = np.full(len(left), SPARED, dtype=np.int64), np.zeros(len(left), dtype=np.int32)
        told: dict[int, Match] = {}
        for place_, found in matches(rules, numbers, records, left[asked].tolist(), right[asked].tolist()):
            at = int(asked[place_])
            weights[at], bands[at] = found.weight, BANDS[found.band]
            if bands[at] or marked(found):
                told[at] = found
        yield batch(
            {
                "a": column(each, "a"),
                "b": column(each, "b"),
                "weight": weights,
                "band": bands,
                "vetoes": texts(",".join(marked(told[at])) if at in told else "" for at in range(len(left))),
                "parts": texts(
                    orjson.dumps(told[at].parts_json()).decode() if bands[at] else None for at in range(len(left))
                ),
                **{
                    f"facts_{end}": texts(
                        write_facts(records[row].facts) if at in told else None for at, row in enumerate(rows.tolist())
                    )
                    for end, rows in (("a", left), ("b", right))
                },
            }
        )


def _spared(
    rules: Rules, numbers: Any, records: Mapping[int, Prepared], left: Ints, right: Ints, under_words: Any
) -> Any:
    """Which pairs need not be weighed, as the local engine says; some met `under_words` or letters only."""
    rows = np.array(sorted(records), dtype=np.int64)
    known = [records[row] for row in rows.tolist()]
    one, two = np.searchsorted(rows, left), np.searchsorted(rows, right)
    return loose.strangers(known, one, two, under_words) | Sieve(rules, numbers, known).spares(one, two)


def _report(compared: int, told: Report) -> Report:
    """Firm and loose keys are one kind of key to people."""
    groups, rows = sum(each[1] for each in told.left_out), sum(each[2] for each in told.left_out)
    return Report([("rules", compared)], [("rules", groups, rows)] if groups else [])


def _sent(spark: Any, found: Mapping[tuple[int, int], Match], parsed: Parsed) -> Any:
    """Pairs of relatives that were spared at first, beside the others."""
    made = [
        (a, b, match.weight, 0, ",".join(marked(match)), None, *(write_facts(parsed[row].facts) for row in (a, b)))
        for (a, b), match in found.items()
    ]
    return spark.createDataFrame(made, _SCORED)


def _edges(found: Any) -> _Edges:
    """Above the review band, whole on the driver, sorted."""
    table = found.select("a", "b", "weight", "band", "vetoes", "parts").toArrow()
    left, right, weights, bands = (table.column(name).to_numpy().astype(np.int64) for name in table.column_names[:4])
    order = np.lexsort((right, left))
    left, right, weights, bands = left[order], right[order], weights[order], bands[order].astype(np.int8)
    words = table.select(["vetoes", "parts"]).take(order).to_pydict()
    known = {
        (a, b): Match(
            weight,
            "auto" if band == AUTO else "review",
            tuple(Part(*part) for part in orjson.loads(parts)),
            tuple(vetoes.split(",")) if vetoes else (),
        )
        for a, b, weight, band, vetoes, parts in zip(
            left.tolist(),
            right.tolist(),
            weights.tolist(),
            bands.tolist(),
            words["vetoes"],
            words["parts"],
            strict=True,
        )
    }
    return _Edges(left, right, weights, bands, np.array([bool(each) for each in words["vetoes"]], dtype=bool), known)


def _clusters(
    spark: Any, rules: Rules, size: int, known: Any, found: _Edges, single: bool, even: int
) -> tuple[Ints, Ints]:
    """Labels of what joins unasked, and of the best guess; `known` are edges and pairs of relatives."""
    sure = found.bands == AUTO
    likely = sure | ((found.bands == REVIEW) & ~found.vetoed & (found.weights >= even))
    homes = guard.components(size, found.left[sure], found.right[sure])
    if single:
        known = known.filter("band > 0")
        auto = component.guarded(
            spark,
            known.filter(f"band = {AUTO}").select("a", "b", "weight"),
            homes,
            partial(component.one_to_one, rules.bands.auto),
        )
        open_ = known.filter("vetoes = ''").select("a", "b", "weight")
        homes = guard.components(size, found.left[~found.vetoed], found.right[~found.vetoed])
        return auto, component.guarded(spark, open_, homes, partial(component.one_to_one, even))
    auto = component.guarded(spark, known, homes, partial(component.by_rules, rules, None, even))
    kept = np.flatnonzero(auto != np.arange(size))
    homes = guard.components(size, np.r_[found.left[likely], auto[kept]], np.r_[found.right[likely], kept])
    told = spark.sparkContext.broadcast(auto)
    return auto, component.guarded(spark, known, homes, partial(component.by_rules, rules, told, even))


def _joined(there: Any, batches: Batches) -> Iterator[Any]:
    import pyarrow as pa

    labels = there.value
    for each in batches:
        yield each.filter(pa.array(labels[column(each, "a")] == labels[column(each, "b")]))


def _inside(spark: Any, scored: Any, labels: Ints) -> tuple[Ints, Ints, Ints]:
    """The pairs that came together, sorted, with their weights."""
    there = spark.sparkContext.broadcast(labels)
    found = scored.select("a", "b", "weight").mapInArrow(partial(_joined, there), "a long, b long, weight long")
    left, right, weights = frame.fetched(found, "a", "b", "weight")
    order = np.lexsort((right, left))
    return left[order], right[order], weights[order]


def _vetoed(scored: Any, rules: Rules, order: Ints) -> tuple[int, int] | None:
    """The heaviest pair that would be an edge but for a veto."""
    from pyspark.sql import functions as sql

    apart = scored.filter((sql.col("vetoes") != "") & (sql.col("weight") >= rules.bands.review))
    first = apart.orderBy(sql.col("weight").desc(), "a", "b").select("a", "b").head(1)
    return (int(order[first[0]["a"]]), int(order[first[0]["b"]])) if first else None
